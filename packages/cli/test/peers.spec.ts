import { readFile } from 'node:fs/promises'
import { chainFolder, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run, Running } from './support/run.ts'

describe('fisco-p2p peers and info', () => {
  it('shows and changes the peers of a running node', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 2 })
    const [a, b] = chain.nodes
    const ask = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run([...args, '--config', a.config])
      expect(code, stderr).to.equal(0)

      return stdout
    }

    const off = await run(['peers', 'list', '--config', a.config, '--json'])
    expect(off.code).to.equal(1)
    expect(off.stderr).to.match(/^error: there is no socket .*admin\.sock: the node of .* is not running \(start it with fisco-p2p start --config .*\), or its socket was removed/)

    const nodes = [new Running(['start', '--config', a.config, '--json']), new Running(['start', '--config', b.config, '--json'])]

    try {
      await nodes[0].event(({ event }) => event === 'peer:up')
      let info = JSON.parse(await ask('info', '--json'))

      // the other one may have dialled first: whose address the configured one is, the node's own dial tells
      while (info.peers.connected === 0) {
        info = JSON.parse(await ask('info', '--json'))
      }

      expect(info).to.deep.include({ NodeID: a.nodeId, Node: 'node0', peers: { configured: 2, connected: 1, members: 1 } })
      expect(await ask('info')).to.contain(a.nodeId).and.contain('1 of 2 configured are connected')

      const table = await ask('peers', 'list')
      expect(table).to.contain('this node itself').and.match(/node1 .*connected \d+ s/)
      const list = JSON.parse(await ask('peers', 'list', '--json'))
      expect(list.map(({ state }: { state: string }) => state)).to.have.members(['self', 'connected'])
      const other = list.find(({ NodeID }: { NodeID: string }) => NodeID === b.nodeId)

      const endpoint = /tcp\/(\d+)/.exec(other.address)?.[1] ?? ''
      expect(await ask('peers', 'remove', `127.0.0.1:${endpoint}`, '--save')).to.contain('is removed, and is not in')
      await nodes[0].event(({ event }) => event === 'peer:down')
      expect(await readFile(a.config, 'utf8')).to.contain('; the nodes that this one connects to').and.not.contain(`127.0.0.1:${endpoint}`)
      expect(await ask('peers', 'add', `127.0.0.1:${endpoint}`, '--save')).to.contain('is added, and is in')
      expect(await ask('peers', 'add', `/ip4/127.0.0.1/tcp/${endpoint}/tls`)).to.contain('was there already')
      expect(await readFile(a.config, 'utf8')).to.contain(`=127.0.0.1:${endpoint}`)
      expect(await ask('peers', 'retry')).to.contain('every peer that waits is dialled now')

      // what the stack itself asks of a node that is connected
      const traffic = JSON.parse(await ask('peers', 'traffic', '--json')).map(({ handler }: { handler: string }) => handler)
      expect(new Set(traffic.map((handler: string) => handler.split('/')[0]))).to.deep.equal(new Set(['fisco']))
      expect(await ask('peers', 'traffic')).to.contain('fisco/clock')

      const status = JSON.parse(await ask('status', '--json'))
      expect(status).to.have.lengthOf(2)
      expect(status[0]).to.include({ Node: 'node0', Agency: 'agency', NodeID: a.nodeId, link: 'self' })
      expect(status[1]).to.include({ Node: 'node1', NodeID: b.nodeId, link: 'connected', version: 'fisco-libp2p/0.1.0' })
      expect(await ask('status')).to.match(/node0 .*this node itself/).and.match(/node1 .*connected .*fisco-libp2p.* expires in \d+ d/)
      expect(await ask('status', b.nodeId.slice(0, 10))).to.contain(`node ID     ${b.nodeId}`).and.contain('addresses   /ip4/')
      expect((await run(['status', 'node9', '--config', a.config])).stderr).to.contain('no node is known by the name or node ID "node9"')

      const wrong = await run(['peers', 'add', 'nonsense', '--config', a.config])
      expect(wrong.code).to.equal(1)
      expect(wrong.stderr).to.contain('"nonsense" is no endpoint')
    } finally {
      await Promise.all(nodes.map(async node => node.end()))
    }
  }).timeout(120_000)
})
