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
})
