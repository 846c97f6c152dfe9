import { REPLAY_WINDOW_BITS, ReplayTable, ReplayWindow } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Freshness } from '@fisco-libp2p/topics'

/**
 * What the window must do, with all numbers remembered.
 */
class NaiveWindow {
  private readonly seen = new Set<number>()
  private highest = 0

  constructor (private readonly size: number) {}

  check (sequence: number): Freshness {
    if (sequence <= this.highest - this.size) {
      return 'stale'
    }

    return this.seen.has(sequence) ? 'duplicate' : 'new'
  }

  add (sequence: number): void {
    this.seen.add(sequence)
    this.highest = Math.max(this.highest, sequence)
  }
}

// near the front of the window, across it, and far away
const steps = fc.array(fc.oneof(
  fc.integer({ min: -80, max: 80 }),
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -5_000, max: 5_000 }),
  fc.constantFrom(2 ** 32, 2 ** 52)
), { minLength: 1, maxLength: 400 })

describe('replay window', () => {
  for (const size of [32, 64, REPLAY_WINDOW_BITS]) {
    it(`agrees with a set of all numbers, with ${size} bits`, () => {
      fc.assert(fc.property(steps, fc.integer({ min: 1, max: 2 ** 53 - 1 }), (steps, start) => {
        const window = new ReplayWindow(size)
        const naive = new NaiveWindow(size)
        let sequence = start

        for (const step of steps) {
          sequence = Math.min(Math.max(sequence + step, 1), Number.MAX_SAFE_INTEGER)
          expect(window.check(sequence)).to.equal(naive.check(sequence))

          if (naive.check(sequence) === 'new') {
            window.add(sequence)
            naive.add(sequence)
          }
        }
      }))
    })
  }

  it('takes each number once, in any order within the window', () => {
    fc.assert(fc.property(fc.shuffledSubarray(Array.from({ length: REPLAY_WINDOW_BITS }, (_, i) => i + 1)), order => {
      const window = new ReplayWindow()

      for (const sequence of order) {
        expect(window.check(sequence)).to.equal('new')
        window.add(sequence)
        expect(window.check(sequence)).to.equal('duplicate')
      }
    }), { numRuns: 20 })
  })

  it('is not changed by a number below it', () => {
    const window = new ReplayWindow(32)

    window.add(100)
    window.add(68)
    expect(window.check(68)).to.equal('stale')
    expect(window.check(69)).to.equal('new')
    expect(window.check(100)).to.equal('duplicate')
  })
})

describe('replay table', () => {
  const message = { author: 'a', topic: 't', incarnation: 10, sequence: 1 }

  it('keeps authors and topics apart', () => {
    const table = new ReplayTable()

    table.add(message)
    expect(table.check(message, 0)).to.equal('duplicate')
    expect(table.check({ ...message, author: 'b' }, 0)).to.equal('new')
    expect(table.check({ ...message, topic: 'u' }, 0)).to.equal('new')
    expect(table.check({ ...message, sequence: 2 }, 0)).to.equal('new')
  })

  it('begins anew with a later incarnation, and refuses all of an earlier one', () => {
    const table = new ReplayTable()

    table.add({ ...message, sequence: 500 })
    table.add({ ...message, incarnation: 11 })
    expect(table.check({ ...message, incarnation: 11 }, 0)).to.equal('duplicate')
    expect(table.check({ ...message, incarnation: 11, sequence: 2 }, 0)).to.equal('new')
    expect(table.check({ ...message, sequence: 501 }, 0)).to.equal('stale')
    // what is refused must not be marked either
    table.add({ ...message, sequence: 2 })
    expect(table.check({ ...message, incarnation: 11, sequence: 2 }, 0)).to.equal('new')
  })

  it('takes its floor from the status record where it knows nothing yet', () => {
    const table = new ReplayTable()

    expect(table.check(message, 11)).to.equal('stale')
    expect(table.check(message, 10)).to.equal('new')
    // the record may be older than the message
    expect(table.check(message, 9)).to.equal('new')
  })

  it('is bounded: the window that was used least recently goes', () => {
    const table = new ReplayTable(3)

    for (const author of ['a', 'b', 'c']) {
      table.add({ ...message, author })
    }

    expect(table.check({ ...message, author: 'a' }, 0)).to.equal('duplicate')
    table.add({ ...message, author: 'd' })
    expect(table.size).to.equal(3)
    expect(table.check({ ...message, author: 'b' }, 0)).to.equal('new')
    expect(table.check({ ...message, author: 'a' }, 0)).to.equal('duplicate')
    expect(table.check({ ...message, author: 'd' }, 0)).to.equal('duplicate')
  })
})
