import { AnnouncePace, jittered, pickNeighbours, RepairSchedule, reopenDelay, TokenBucket } from '@fisco-libp2p/status-seq'
import { expect } from 'chai'
import fc from 'fast-check'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('schedules', () => {
  it('jitter an interval by a quarter at most', () => {
    fc.assert(fc.property(fc.integer({ min: 10, max: 60_000 }), random, (interval, r) => {
      expect(jittered(interval, () => r)).to.be.within(Math.floor(interval * 0.75), Math.ceil(interval * 1.25))
    }))
  })

  it('back off up to a limit', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 10_000 }), random, (failures, r) => {
      expect(reopenDelay(failures, () => r)).to.be.within(50, 30_000)
    }))

    expect(reopenDelay(2, () => 0)).to.be.above(reopenDelay(1, () => 0))
  })

  it('pick at most three different neighbours', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 20 }), random, (count, r) => {
      const candidates = Array.from({ length: count }, () => ({ comparedAt: 0 }))
      const picked = pickNeighbours(candidates, 1, () => r)

      expect(picked).to.have.lengthOf(Math.min(3, count))
      expect(new Set(picked).size).to.equal(picked.length)
    }))
  })

  it('forget nobody: whoever chance passes over is picked in time', () => {
    const candidates = Array.from({ length: 20 }, () => ({ comparedAt: 0 }))

    for (let now = 1_000; now <= 40_000; now += 1_000) {
      // chance always favours the first
      pickNeighbours(candidates, now, () => 0).forEach(candidate => { candidate.comparedAt = now })
      const longest = Math.max(...candidates.map(({ comparedAt }) => now - comparedAt))

      expect(longest).to.be.at.most(30_000 + 1_000)
    }

    expect(Math.min(...candidates.map(({ comparedAt }) => comparedAt))).to.be.above(0)
  })

  it('announce soon after news, and less and less often without', () => {
    const pace = new AnnouncePace(1_000, () => 0.5)
    const pauses: number[] = []

    for (let now = 0; pauses.length < 8; now = pace.due) {
      pace.made(now)
      pauses.push(pace.due - now)
    }

    expect(pauses).to.deep.equal([250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000])

    // news makes the next one come soon, and more news does not put it off
    const last = pace.due
    pace.news(last - 5_000)
    pace.news(last - 4_900)
    expect(pace.due).to.equal(last - 4_750)
  })

  it('compare tables twice per second, and less and less often when that does not help', () => {
    const repairs = new RepairSchedule()

    expect(repairs.due('a', 'a', 0)).to.equal(false)
    expect(repairs.due('a', 'b', 0)).to.equal(true)
    expect(repairs.due('c', 'b', 499)).to.equal(false)
    expect(repairs.due('c', 'b', 500)).to.equal(true)

    const pauses: number[] = []

    for (let now = 501, last = 500; pauses.length < 9; now++) {
      if (repairs.due('c', 'b', now)) {
        pauses.push(now - last)
        last = now
      }
    }

    expect(pauses).to.deep.equal([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  })

  it('let through a burst, then a rate', () => {
    const bucket = new TokenBucket(10, 2)
    let taken = 0

    for (let now = 0; now < 10_000; now++) {
      taken += bucket.take(1, now) ? 1 : 0
    }

    expect(taken).to.be.within(10 + 18, 10 + 21)
    expect(bucket.wait(10_000)).to.be.within(0, 1_000)

    bucket.take(11, 1_000_000)

    expect(bucket.take(1, 1_000_000)).to.equal(false)
    expect(bucket.wait(1_000_000)).to.equal(1_000)
    expect(bucket.wait(1_001_000)).to.equal(0)
  })
})
