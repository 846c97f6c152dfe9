import { FAULT_KINDS, faultSchedule, seededRandom } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import fc from 'fast-check'

const inits = fc.record({ seed: fc.integer(), nodes: fc.integer({ min: 2, max: 50 }), duration: fc.integer({ min: 1, max: 3_600_000 }) })

describe('schedule of faults', () => {
  it('is the same for the same seed', () => {
    fc.assert(fc.property(inits, init => {
      expect(faultSchedule(init)).to.deep.equal(faultSchedule(init))
    }), { numRuns: 20 })
    expect(faultSchedule({ seed: 1, nodes: 5, duration: 600_000 })).to.not.deep.equal(faultSchedule({ seed: 2, nodes: 5, duration: 600_000 }))
  })

  it('is over in time, and leaves each node and half of the network alone', () => {
    fc.assert(fc.property(inits, ({ seed, nodes, duration }) => {
      const faults = faultSchedule({ seed, nodes, duration })

      for (const [i, { at, node, lasts }] of faults.entries()) {
        expect(at).to.be.within(0, duration)
        expect(at + lasts).to.be.at.most(duration)
        expect(node).to.be.within(0, nodes - 1)
        expect(faults.slice(0, i).filter(other => other.at + other.lasts > at).length).to.be.below(nodes / 2)
        expect(faults.slice(0, i).some(other => other.node === node && other.at + other.lasts > at)).to.be.false
      }
    }), { numRuns: 50 })
  })

  it('has faults of all kinds', () => {
    expect(new Set(faultSchedule({ seed: 1, nodes: 6, duration: 600_000 }).map(({ kind }) => kind)).size).to.equal(FAULT_KINDS.length)
  })

  it('draws numbers from 0 up to 1', () => {
    const random = seededRandom(-5)
    const drawn = Array.from({ length: 10_000 }, () => random())

    expect(drawn.every(value => value >= 0 && value < 1)).to.be.true
    expect(drawn.reduce((sum, value) => sum + value) / drawn.length).to.be.within(0.48, 0.52)
  })
})
