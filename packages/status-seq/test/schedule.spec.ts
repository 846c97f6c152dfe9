import { jittered, ListSchedule, pickNeighbours, reopenDelay, TokenBucket } from '@fisco-libp2p/status-seq'
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
      const candidates = Array.from({ length: count }, () => ({ announcedAt: 0 }))
      const picked = pickNeighbours(candidates, 1, () => r)

      expect(picked).to.have.lengthOf(Math.min(3, count))
      expect(new Set(picked).size).to.equal(picked.length)
    }))
  })

  it('forget nobody: whoever chance passes over is picked in time', () => {
    const candidates = Array.from({ length: 20 }, () => ({ announcedAt: 0 }))

    for (let now = 1_000; now <= 40_000; now += 1_000) {
      // chance always favours the first
      pickNeighbours(candidates, now, () => 0).forEach(candidate => { candidate.announcedAt = now })
      const longest = Math.max(...candidates.map(({ announcedAt }) => now - announcedAt))

      expect(longest).to.be.at.most(30_000 + 6_000)
    }

    expect(Math.min(...candidates.map(({ announcedAt }) => announcedAt))).to.be.above(0)
  })

  it('send lists once per second, and rarely when they do not help', () => {
    const lists = new ListSchedule()

    expect(lists.due('a', 'a', 0)).to.equal(false)
    expect(lists.due('a', 'b', 0)).to.equal(true)
    expect(lists.due('c', 'b', 999)).to.equal(false)
    expect(lists.due('a', 'b', 1_000)).to.equal(false)
    expect(lists.due('c', 'b', 1_000)).to.equal(true)
    expect(lists.due('c', 'b', 60_999)).to.equal(false)
    expect(lists.due('c', 'b', 61_000)).to.equal(true)
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
