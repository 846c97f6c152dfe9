import { expect } from 'chai'
import fc from 'fast-check'
import { QuotaMeter } from '../src/quota.ts'

describe('quota', () => {
  it('lets a burst through, then a rate, and says when the next one may come', () => {
    const meter = new QuotaMeter({ perPeer: 4, perMs: 1_000 })
    const burst = Array.from({ length: 5 }, () => meter.take('a', 500))

    expect(burst).to.deep.equal([0, 0, 0, 0, 250])
    expect(meter.take('a', 749)).to.equal(1)
    expect(meter.take('a', 750)).to.equal(0)
    expect(meter.take('a', 750)).to.equal(250)
    expect(meter.take('b', 750)).to.equal(0)
    expect(Array.from({ length: 5 }, () => meter.take('a', 10_000) === 0)).to.deep.equal([true, true, true, true, false])
  })

  it('is never more than a burst and the rate, and never less than the rate, whatever the order', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 10_000 }), fc.array(fc.nat(2_000), { minLength: 1, maxLength: 200 }), (perPeer, perMs, pauses) => {
      const meter = new QuotaMeter({ perPeer, perMs })
      let now = 0
      let taken = 0

      for (const pause of pauses) {
        now += pause
        const wait = meter.take('a', now)
        expect(wait).to.be.within(0, perMs / perPeer + 1e-6)

        if (wait === 0) {
          taken++
        } else {
          expect(meter.take('a', now + wait)).to.equal(0)
          now += wait
          taken++
        }

        expect(taken).to.be.at.most(perPeer + now * perPeer / perMs + 1e-6)
      }
    }))
  })

  it('forgets nodes that have all of it again', () => {
    const meter = new QuotaMeter({ perPeer: 10, perMs: 1_000 })
    let largest = 0

    for (let i = 0; i < 10_000; i++) {
      meter.take(`node${i}`, i * 10)
      largest = Math.max(largest, meter.size)
    }

    // 10 have called within the last 100 ms, which is what one call takes to be there again
    expect(largest).to.be.at.most(64)
  })

  it('has to be within its range', () => {
    for (const quota of [{ perPeer: 0, perMs: 1 }, { perPeer: 1.5, perMs: 1 }, { perPeer: 1_000_001, perMs: 1 }, { perPeer: 1, perMs: 0 }, { perPeer: 1, perMs: 3_600_001 }, { perPeer: NaN, perMs: 1 }]) {
      expect(() => new QuotaMeter(quota)).to.throw(/quota\.(perPeer|perMs) must be an integer from 1 to/)
    }
  })
})
