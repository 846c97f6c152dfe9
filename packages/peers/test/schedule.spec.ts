import { RetrySchedule } from '@fisco-libp2p/peers'
import { expect } from 'chai'
import fc from 'fast-check'

const timing = fc.record({
  minDelay: fc.integer({ min: 1, max: 10_000 }),
  factor: fc.integer({ min: 1, max: 1_000 }),
  stableAfter: fc.integer({ min: 1, max: 3_600_000 })
}).map(({ minDelay, factor, stableAfter }) => ({ minDelay, maxDelay: minDelay * factor, stableAfter }))

const share = fc.double({ min: 0, max: 1, noNaN: true })

describe('retry schedule', () => {
  it('doubles the ceiling with each failure, up to the cap, and never ends', () => {
    const schedule = new RetrySchedule({ refusedDelay: 600_000, minDelay: 1_000, maxDelay: 30_000, stableAfter: 5_000, random: () => 1, now: () => 0 })
    const delays = Array.from({ length: 2_000 }, () => schedule.failed())

    expect(delays.slice(0, 7)).to.deep.equal([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(delays.at(-1)).to.equal(30_000)
    expect(schedule.failures).to.equal(2_000)
  })

  it('draws each delay between 0 and the ceiling', () => {
    fc.assert(fc.property(timing, fc.array(share, { minLength: 1, maxLength: 80 }), (init, draws) => {
      let draw = 0
      const schedule = new RetrySchedule({ refusedDelay: 600_000, ...init, random: () => draws[draw++], now: () => 0 })

      for (const drawn of draws) {
        const ceiling = schedule.ceiling
        const delay = schedule.failed()

        expect(ceiling).to.be.at.least(init.minDelay).and.at.most(init.maxDelay)
        expect(delay).to.equal(Math.floor(drawn * ceiling))
        expect(schedule.ceiling).to.equal(Math.min(init.maxDelay, ceiling * 2))
      }
    }))
  })

  it('stays within the bounds whatever the generator says', () => {
    fc.assert(fc.property(timing, fc.double(), (init, random) => {
      const schedule = new RetrySchedule({ refusedDelay: 600_000, ...init, random: () => random, now: () => 0 })
      const delay = schedule.failed()

      expect(delay).to.be.at.least(0).and.at.most(init.minDelay)
    }))
  })

  it('dials at once after a stable link, and then from the beginning', () => {
    fc.assert(fc.property(timing, fc.integer({ min: 0, max: 100 }), fc.nat(), (init, failures, extra) => {
      let now = 1_000
      const schedule = new RetrySchedule({ refusedDelay: 600_000, ...init, random: () => 1, now: () => now })

      for (let i = 0; i < failures; i++) {
        schedule.failed()
      }

      schedule.opened()
      now += init.stableAfter + extra

      expect(schedule.closed()).to.equal(0)
      expect(schedule.failures).to.equal(0)
      expect(schedule.failed()).to.equal(init.minDelay)
    }))
  })

  it('counts a link that was not stable as a failure', () => {
    fc.assert(fc.property(timing, fc.integer({ min: 0, max: 50 }), share, (init, failures, part) => {
      let now = 0
      const schedule = new RetrySchedule({ refusedDelay: 600_000, ...init, random: () => 1, now: () => now })

      for (let i = 0; i < failures; i++) {
        schedule.failed()
      }

      const { ceiling } = schedule
      schedule.opened()
      now += Math.floor((init.stableAfter - 1) * part)

      expect(schedule.closed()).to.equal(ceiling)
      expect(schedule.failures).to.equal(failures + 1)
    }))
  })

  it('waits when a link is said to be closed that was never open, or the clock was set back', () => {
    let now = 10_000
    const schedule = new RetrySchedule({ refusedDelay: 600_000, minDelay: 1_000, maxDelay: 30_000, stableAfter: 5_000, random: () => 1, now: () => now })

    expect(schedule.closed()).to.equal(1_000)
    schedule.opened()
    now = 0
    expect(schedule.closed()).to.equal(2_000)
  })

  it('spreads the dials of many nodes that lose each other at once', () => {
    let seed = 1
    const random = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff

      return seed / 0x80000000
    }

    const perSecond = new Array<number>(60).fill(0)

    for (let node = 0; node < 100; node++) {
      const schedule = new RetrySchedule({ refusedDelay: 600_000, minDelay: 1_000, maxDelay: 30_000, stableAfter: 5_000, random, now: () => 0 })
      let time = 0

      while (time < 60_000) {
        perSecond[Math.floor(time / 1_000)]++
        // a dial takes time too
        time += schedule.failed() + 100
      }
    }

    // after the first seconds 100 absent peers cost one node about 100 / 15 s dials a second
    expect(Math.max(...perSecond.slice(20))).to.be.at.most(20)
    expect(perSecond.reduce((a, b) => a + b)).to.be.at.most(1_200)
  })
})
