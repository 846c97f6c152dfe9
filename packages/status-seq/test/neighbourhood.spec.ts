import { linksAfter, linksOf, namesNeighbour, NEIGHBOURS_ENTRY, neighboursEntry, reachable } from '@fisco-libp2p/status-seq'
import { expect } from 'chai'
import fc from 'fast-check'
import type { NodeId } from '@fisco-libp2p/identity'

const id = (i: number): NodeId => i.toString(16).padStart(64, '0')

/**
 * What a node says of its neighbours.
 */
const record = (i: number, ...neighbours: number[]): { nodeId: NodeId, entries: Map<string, Uint8Array> } => ({
  nodeId: id(i), entries: new Map([[NEIGHBOURS_ENTRY, neighboursEntry(neighbours.map(id))]])
})

describe('the neighbours of a node', () => {
  it('are named in its record', () => {
    const { entries } = record(1, 2, 3)

    expect(entries.get(NEIGHBOURS_ENTRY)?.byteLength).to.equal(16)
    expect([2, 3, 4].map(i => namesNeighbour({ entries }, id(i)))).to.deep.equal([true, true, false])
    expect(namesNeighbour({ entries: new Map() }, id(2))).to.equal(false)
    // a value of any length is read, as far as it makes sense
    expect(namesNeighbour({ entries: new Map([[NEIGHBOURS_ENTRY, Uint8Array.of(1, 2, 3)]]) }, id(2))).to.equal(false)
  })

  it('fit into an entry, however many there are', () => {
    expect(neighboursEntry(Array.from({ length: 3_000 }, (_, i) => id(i))).byteLength).to.equal(16_384)
  })

  it('lead to all that are in the network, where both ends name each other', () => {
    const records = [record(1, 2), record(2, 1, 3), record(3, 2), record(4, 3), record(5, 6), record(6, 5)]

    expect([...reachable(records, new Set([id(1)]))].sort()).to.deep.equal([1, 2, 3].map(id))
    expect([...reachable(records, new Set([id(1), id(6)]))].sort()).to.deep.equal([1, 2, 3, 5, 6].map(id))
    expect([...reachable(records, new Set())]).to.deep.equal([])
  })

  it('are linked after one names others as if all had been looked at', () => {
    const names = fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 8 })

    fc.assert(fc.property(fc.array(names, { minLength: 8, maxLength: 8 }), fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), names), { maxLength: 20 }), (first, changes) => {
      const records = first.map((neighbours, i) => record(i, ...neighbours.filter(other => other !== i)))
      const plain = (links: ReturnType<typeof linksOf>): unknown => [...links].map(([nodeId, linked]) => [nodeId, [...linked].sort()]).sort()
      let links = linksOf(records)

      for (const [i, neighbours] of changes) {
        const before = links

        records[i] = record(i, ...neighbours.filter(other => other !== i))
        links = linksAfter(links, records[i], records)
        expect(links).to.not.equal(before)
        expect(plain(links)).to.deep.equal(plain(linksOf(records)))
      }
    }))
  })
})
