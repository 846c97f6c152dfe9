import { readFile, writeFile } from 'node:fs/promises'
import { createNode } from '@fisco-libp2p/node'
import { chainFolder, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { FiscoNode, ReloadReport } from '@fisco-libp2p/node'

/**
 * A node that runs, and its file.
 */
class Running implements AsyncDisposable {
  private constructor (readonly node: FiscoNode, readonly file: string, readonly text: string) {}

  static async start (folder: string): Promise<Running> {
    const { nodes: [{ config, nodeId }] } = await chainFolder(folder, { nodes: 1 })
    const text = `${await readFile(config, 'utf8')}\n[cal]\ncal.0=${nodeId}\n`
    await writeFile(config, text)

    return new Running(await createNode({ config, watch: false }), config, text)
  }

  async reload (text: string): Promise<ReloadReport> {
    await writeFile(this.file, text)

    return await this.node.reload?.() ?? expect.fail('the node was not started from a file')
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.node.stop()
  }
}

describe('config.ini that is read again', () => {
  it('leaves in force what was, where it may let in others and is not understood', async () => {
    await using folder = await temporaryFolder()
    await using running = await Running.start(folder.join('chain'))
    const { text, file, node } = running

    for (const [wrong, message] of [
      [text.replace('\ncal.0=', '\ncal.x='), '[cal] cal.x: the part behind the dot must be a number'],
      [text.replace('[cal]', '[certificate_whitlist]'), '[certificate_whitlist]: there is no such section; [certificate_whitelist] is meant'],
      [text.replace('[cal]', '[cal'), '"[cal" is no header of a section'],
      ['', 'it has none of the sections that a node knows']
    ]) {
      const { changed, errors } = await running.reload(wrong)

      expect(errors.map(({ message }) => message).join(), message).to.contain(file).and.contain(message)
      expect(changed).to.deep.equal([])
      expect([...node.lists.allow]).to.deep.equal([node.identity.nodeId])
    }

    expect((await running.reload(text)).errors).to.deep.equal([])
  })

  it('says what needs a restart as long as file and node differ, and not when the old value is back', async () => {
    await using folder = await temporaryFolder()
    await using running = await Running.start(folder.join('chain'))
    const { text } = running
    const about = ({ errors, warnings }: ReloadReport): string[] => [...errors.map(String), ...warnings].filter(line => !line.includes('same section')).map(line => line.split(' is another one in config.ini')[0])
    const twice = async (text: string, expected: string[]): Promise<void> => {
      expect(about(await running.reload(text))).to.deep.equal(expected)
      expect(about(await running.reload(text))).to.deep.equal(expected)
    }

    await twice(text, [])
    await twice(text.replace('[p2p]', '[p2p]\nmax_nodes=7'), ['[p2p] max_nodes'])
    await twice(text, [])
    await twice(text.replace(/listen_port=\d+/, 'listen_port=1025'), ['[p2p] listen_ip and listen_port'])
    await twice(text.replace('[p2p]', '[admin]\nsocket=none\n[p2p]\nmax_nodes=8'), ['[p2p] max_nodes', '[admin] socket'])
    // a file that cannot be used says nothing of what differs
    expect((await running.reload('')).warnings).to.deep.equal([])
    await twice(text, [])
  })

  it('says that a network ID which is no longer written down is another one', async () => {
    await using folder = await temporaryFolder()
    const { nodes: [{ config }] } = await chainFolder(folder.join('chain'), { nodes: 1 })
    const text = await readFile(config, 'utf8')
    await writeFile(config, text.replace('[chain]', `[chain]\nnetwork_id=${'0a'.repeat(32)}`))
    const node = await createNode({ config, watch: false, start: false })
    await writeFile(config, text)

    expect((await node.reload?.())?.warnings.join()).to.include('[chain] network_id is another one')
  })

  it('says which nodes were added to the file or removed from it by hand', async () => {
    await using folder = await temporaryFolder()
    await using running = await Running.start(folder.join('chain'))
    const { node, text } = running
    const peers = async (text: string): Promise<string[]> => (await running.reload(text)).warnings.filter(line => line.startsWith('[p2p] node.N'))
    const more = text.replace('[p2p]', '[p2p]\nnode.7=127.0.0.1:9\nnode.8=[::1]:9')
    const added = '[p2p] node.N: the node does not keep 127.0.0.1:9, [::1]:9 connected, which config.ini names: use "fisco-p2p peers add" for each, or start the node again'

    expect(await peers(more)).to.deep.equal([added])
    expect(await peers(more)).to.deep.equal([added])
    expect(await peers(text)).to.deep.equal([])

    node.services.peers.add('/ip4/127.0.0.1/tcp/9/tls')
    node.services.peers.add('/ip6/::1/tcp/9/tls')
    expect(await peers(more)).to.deep.equal([])
    expect(await peers(text)).to.deep.equal(['[p2p] node.N: the node still keeps 127.0.0.1:9, [::1]:9 connected, which config.ini does not name any more: use "fisco-p2p peers remove" for each, or start the node again'])

    // what was added at run time alone need not be in the file
    await node.services.peers.remove('/ip4/127.0.0.1/tcp/9/tls')
    await node.services.peers.remove('/ip6/::1/tcp/9/tls')
    node.services.peers.add('/ip4/127.0.0.1/tcp/10/tls')
    expect(await peers(text)).to.deep.equal([])
  })

  it('warns of what looks like a mistake, as at the start', async () => {
    await using folder = await temporaryFolder()
    await using running = await Running.start(folder.join('chain'))
    const { warnings } = await running.reload(running.text.replace('[p2p]', '[p2p]\nmax_nods=7'))

    expect(warnings.join()).to.include('[p2p] max_nods has no effect: it is unknown')
  })
})
