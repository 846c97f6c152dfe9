import { createNode } from '@fisco-libp2p/node'
import { createIdentities, diameterOf, seededRandom, TOPOLOGIES } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { FiscoNode } from '@fisco-libp2p/node'

const NODES = 50
const MESSAGES = 100

async function until (condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise(resolve => { setTimeout(resolve, 100) })
  }
}

describe('50 nodes in one process', () => {
  it('get every broadcast and every message to their topic once, six neighbours each', async () => {
    const links = TOPOLOGIES.degree6(NODES, seededRandom(7))
    const identities = await createIdentities(NODES, { keyType: 'secp256k1' })
    const nodes: FiscoNode[] = []
    const got = new Map<string, number[]>()
    const note = (node: number) => ({ topic = 'broadcast', author, sequence }: { topic?: string, author: string, sequence: number }): void => {
      const key = `${topic} ${author} ${sequence}`
      const counts = got.get(key) ?? new Array<number>(NODES).fill(0)
      counts[node]++
      got.set(key, counts)
    }

    try {
      for (const [i, identity] of identities.entries()) {
        const node = await createNode({ identity, listen: ['/ip4/127.0.0.1/tcp/0/tls'] })
        node.services.topics.follow('prices', note(i), { delivery: i % 2 === 0 ? 'reliable' : 'besteffort' })
        node.services.topics.addEventListener('broadcast:message', ({ detail }) => { note(i)(detail) })
        nodes.push(node)
      }

      links.forEach(([from, to]) => { nodes[from].services.peers.add(String(nodes[to].getMultiaddrs()[0])) })
      await until(() => nodes.every(({ services: { statusSeq, topics } }) => topics.followers('prices').length === NODES && [...statusSeq.links().values()].reduce((sum, { size }) => sum + size, 0) === 2 * links.length))

      for (let i = 0; i < MESSAGES; i++) {
        const { topics } = nodes[i % NODES].services
        await topics.broadcast(new Uint8Array(1_024))
        await topics.publish('prices', new Uint8Array(1_024), { delivery: 'reliable' })
      }

      // over several nodes, as those that are no neighbours have it
      const { confirmed } = await nodes[0].services.topics.publish('prices', new Uint8Array(1_024), { acks: 'all', timeout: 60_000 })

      const deliveries = (): number => [...got.values()].reduce((sum, counts) => sum + counts.filter(count => count > 0).length, 0)

      // who publishes to a topic that it follows has it as well
      await until(() => deliveries() === MESSAGES * (NODES - 1) + (MESSAGES + 1) * NODES)
      expect(confirmed).to.have.lengthOf(NODES - 1)
      expect([...got.values()].flat().filter(count => count > 1)).to.deep.equal([])
      expect(diameterOf(NODES, links)).to.be.above(2)
    } finally {
      await Promise.all(nodes.map(async node => node.stop()))
    }
  })
})
