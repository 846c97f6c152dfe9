import { seededRandom, TOPOLOGIES } from '@fisco-libp2p/test-kit'
import { Relays, relayTree } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Links } from '@fisco-libp2p/topics'

const nodeId = (i: number): NodeId => i.toString(16).padStart(64, '0')

function linksOf (nodes: number, pairs: ReadonlyArray<readonly [number, number]>): Map<NodeId, Set<NodeId>> {
  const links = new Map(Array.from({ length: nodes }, (_, i) => [nodeId(i), new Set<NodeId>()]))

  for (const [a, b] of pairs) {
    links.get(nodeId(a))?.add(nodeId(b))
    links.get(nodeId(b))?.add(nodeId(a))
  }

  return links
}

/**
 * How many copies each node gets if all pass on as the tree says.
 */
function copies (author: NodeId, carriers: ReadonlySet<NodeId>, links: Links): Map<NodeId, number> {
  const tree = relayTree(author, carriers, links)
  const counts = new Map<NodeId, number>()

  for (const children of tree.values()) {
    children.forEach(child => { counts.set(child, (counts.get(child) ?? 0) + 1) })
  }

  return counts
}

describe('relay tree', () => {
  for (const shape of Object.keys(TOPOLOGIES) as Array<keyof typeof TOPOLOGIES>) {
    it(`gives each of 30 nodes one copy, whoever is the author: ${shape}`, () => {
      const links = linksOf(30, TOPOLOGIES[shape](30, seededRandom(1)))
      const carriers = new Set(links.keys())

      for (const author of carriers) {
        const counts = copies(author, carriers, links)

        expect(counts.size).to.equal(29)
        expect(counts.has(author)).to.equal(false)
        expect(Math.max(...counts.values())).to.equal(1)
      }
    })
  }

  it('goes over links that exist, the shortest way, and over carriers alone', () => {
    // 0 - 1 - 2 - 3, and 0 - 4 - 3, where 4 carries nothing
    const links = linksOf(5, [[0, 1], [1, 2], [2, 3], [0, 4], [4, 3]])
    const carriers = new Set([1, 2, 3].map(nodeId))

    expect([...relayTree(nodeId(0), carriers, links)]).to.deep.equal([[nodeId(0), [nodeId(1)]], [nodeId(1), [nodeId(2)]], [nodeId(2), [nodeId(3)]]])
    carriers.add(nodeId(4))
    expect(relayTree(nodeId(0), carriers, links).get(nodeId(4))).to.deep.equal([nodeId(3)])
  })

  it('leaves out who cannot be reached, and knows nobody for an author of whom nothing is known', () => {
    const links = linksOf(4, [[0, 1], [2, 3]])

    expect([...relayTree(nodeId(0), new Set(links.keys()), links)]).to.deep.equal([[nodeId(0), [nodeId(1)]]])
    expect([...relayTree(nodeId(9), new Set(links.keys()), links)]).to.deep.equal([])
  })

  it('is found at once where each is connected with each, though one cannot be reached', () => {
    let seen = 0

    class CountingSet extends Set<NodeId> {
      override * [Symbol.iterator] (): SetIterator<NodeId> {
        for (const nodeId of super[Symbol.iterator]()) {
          seen++
          yield nodeId
        }
      }
    }

    const links = new Map([...linksOf(60, TOPOLOGIES.mesh(60))].map(([node, linked]) => [node, new CountingSet(linked)]))

    seen = 0
    expect([...relayTree(nodeId(0), new Set([...links.keys(), nodeId(99)]), links)].map(([, children]) => children.length)).to.deep.equal([59])
    expect(seen).to.equal(59)
  })

  it('spreads the work: authors have different relays', () => {
    const links = linksOf(20, TOPOLOGIES.degree6(20, seededRandom(2)))
    const carriers = new Set(links.keys())
    const work = new Map<NodeId, number>()

    for (const author of carriers) {
      relayTree(author, carriers, links).forEach((children, node) => { work.set(node, (work.get(node) ?? 0) + children.length) })
    }

    expect(work.size).to.equal(20)
    expect(Math.max(...work.values())).to.be.below(2.5 * 19)
  })
})

describe('relays', () => {
  it('are looked up once, until links or followers change', () => {
    let links = linksOf(3, [[0, 1], [1, 2]])
    let carriers = [0, 1, 2].map(nodeId)
    let lookups = 0
    const relays = new Relays({
      self: nodeId(1),
      links: () => links,
      carriersOf: () => {
        lookups++

        return carriers
      }
    })

    expect(relays.childrenOf(nodeId(0), 'fisco/prices')).to.deep.equal([nodeId(2)])
    expect(relays.childrenOf(nodeId(0), 'fisco/prices')).to.deep.equal([nodeId(2)])
    expect(lookups).to.equal(1)
    links = linksOf(3, [[0, 1], [1, 2], [0, 2]])
    expect(relays.childrenOf(nodeId(0), 'fisco/prices')).to.deep.equal([])
    links = linksOf(3, [[0, 1], [1, 2]])
    expect(relays.childrenOf(nodeId(0), 'fisco/prices')).to.deep.equal([nodeId(2)])
    carriers = [0, 1].map(nodeId)
    relays.forget()
    expect(relays.childrenOf(nodeId(0), 'fisco/prices')).to.deep.equal([])
  })
})
