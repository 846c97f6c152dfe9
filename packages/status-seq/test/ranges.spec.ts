import { createHash } from 'node:crypto'
import { digestOf, inRange, rangesOf, split, within } from '@fisco-libp2p/status-seq'
import { expect } from 'chai'
import fc from 'fast-check'
import type { NodeVersion, Range } from '@fisco-libp2p/status-seq'

const nodeIds = fc.uint8Array({ minLength: 1, maxLength: 3 }).map(bytes => Buffer.from(bytes).toString('hex'))
const tables = fc.uniqueArray(nodeIds, { maxLength: 60 }).map(ids => ids.sort().map((nodeId): NodeVersion => ({
  nodeId, incarnation: 1, seq: 1, hash: createHash('sha256').update(nodeId).digest('hex')
})))
const ranges: fc.Arbitrary<Range> = fc.tuple(nodeIds, nodeIds, fc.boolean()).map(([a, b, open]) => ({ from: a < b ? a : b, to: open ? undefined : (a < b ? b : a) }))

describe('ranges of node IDs', () => {
  it('hold what lies in them', () => {
    fc.assert(fc.property(tables, ranges, (table, range) => {
      expect(within(table, range)).to.deep.equal(table.filter(({ nodeId }) => inRange(range, nodeId)))
    }))
  })

  it('are cut into parts that hold everything once, and have the digests of that', () => {
    fc.assert(fc.property(tables, ranges, (table, range) => {
      const held = within(table, range)
      const parts = split(held, range)
      const pieces = rangesOf({ from: range.from, parts }).map(piece => within(table, piece))

      expect(parts.length).to.equal(Math.min(16, held.length))
      expect(pieces.flat()).to.deep.equal(held)
      expect(parts.map(({ digest }) => digest)).to.deep.equal(pieces.map(digestOf))
      expect(parts.at(-1)?.to).to.equal(held.length === 0 ? undefined : range.to)
      // none is much larger than the others, or cutting it again would not come to an end
      expect(Math.max(0, ...pieces.map(piece => piece.length))).to.be.at.most(Math.ceil(held.length / 16))
    }))
  })
})
