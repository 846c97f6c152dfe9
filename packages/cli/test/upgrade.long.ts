import { fileURLToPath } from 'node:url'
import { chainFolder, LOAD_PLUGIN, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run, Running } from './support/run.ts'
import type { WrittenNode } from '@fisco-libp2p/ca'

const NEXT_BUILD = fileURLToPath(new URL('./support/next-build.js', import.meta.url))
const NODES = 4

/**
 * Starts a node of today's build, or of the next one.
 */
function start (node: WrittenNode, next: boolean): Running {
  return new Running(['start', '--config', node.config, '--plugin', LOAD_PLUGIN, '--json'], { execArgv: ['--expose-gc', ...next ? ['--import', NEXT_BUILD] : []] })
}

async function ask (node: WrittenNode, ...args: string[]): Promise<any> { // whatever JSON the command prints
  const { code, stdout, stderr } = await run([...args, '--config', node.config, '--json'])
  expect(code, stderr).to.equal(0)

  return JSON.parse(stdout)
}

describe('a rolling upgrade', () => {
  it('goes node by node to a build with another version of the confirm exchange and fields that today\'s does not know', async () => {
    await using folder = await temporaryFolder()
    const { nodes } = await chainFolder(folder.join('chain'), { nodes: NODES })
    const running = nodes.map(node => start(node, false))
    const all = new Set(nodes.map(({ nodeId }) => nodeId))

    // each node is connected with all, hears requests answered by all, and knows the status of all; a broadcast reaches all
    const works = async (): Promise<void> => {
      for (const [i, node] of running.entries()) {
        const others = [...all].filter(nodeId => nodeId !== nodes[i].nodeId)
        const since = node.events.length
        await Promise.all(others.map(async other => node.event(entry => node.events.indexOf(entry) >= since && entry.event === 'request:ended' && entry.to === other && entry.outcome === 'answered')))
        expect(new Set((await ask(nodes[i], 'status')).map(({ NodeID }: { NodeID: string }) => NodeID))).to.deep.equal(all)
        expect((await ask(nodes[i], 'broadcast', `from ${i}`, '--acks', 'all')).confirmed).to.have.members(others)
      }
    }

    try {
      await works()

      for (const [i, node] of nodes.entries()) {
        expect(await running[i].end()).to.equal(0)
        running[i] = start(node, true)
        await works()
      }

      const refused = running.flatMap(({ events }) => events.filter(({ event, rule }) => event === 'handshake:rejected' && rule !== 'closed' && rule !== 'draining'))
      expect(refused).to.deep.equal([])
    } finally {
      await Promise.all(running.map(async node => node.end()))
    }
  })
})
