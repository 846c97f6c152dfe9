import { StreamWatch } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Repair, StreamState } from '@fisco-libp2p/topics'

/**
 * Looks once a second, at a peer that always looks the same, and lists what is done, and when.
 */
function observe (watch: StreamWatch, state: (second: number) => StreamState, seconds: number, from = 0): Array<[number, Repair]> {
  const repairs: Array<[number, Repair]> = []

  for (let second = from; second < from + seconds; second++) {
    const repair = watch.observe('p', state(second), second * 1_000)

    if (repair != null) {
      repairs.push([second, repair])
    }
  }

  return repairs
}

describe('stream watch', () => {
  it('leaves peers alone whose streams live', () => {
    expect(observe(new StreamWatch(), () => 'live', 1_000)).to.deep.equal([])
  })

  it('opens a stream after three seconds without one, and waits twice as long before each further try', () => {
    expect(observe(new StreamWatch(), () => 'silent', 60)).to.deep.equal([[3, 'open'], [6, 'open'], [12, 'open'], [24, 'open'], [48, 'open']])
  })

  it('closes the connections as the last resort, and not again within five minutes', () => {
    const repairs = observe(new StreamWatch(), () => 'silent', 600)
    const closed = repairs.filter(([, repair]) => repair === 'close')

    expect(repairs[5]).to.deep.equal([96, 'close'])
    expect(closed).to.have.lengthOf(2)
    expect(closed[1][0] - closed[0][0]).to.be.at.least(300)
  })

  it('renews the streams with a peer that is deaf, and opens one at the next look', () => {
    const watch = new StreamWatch()

    expect(observe(watch, second => second === 4 ? 'silent' : second < 4 ? 'deaf' : 'live', 20)).to.deep.equal([[3, 'renew'], [4, 'open']])
    // well again: the next time it gets its grace again
    expect(observe(watch, () => 'deaf', 5, 20)).to.deep.equal([[23, 'renew']])
  })

  it('waits longer where renewing does not help', () => {
    // silent for the second after each renewal
    let last: Repair | undefined
    const watch = new StreamWatch()
    const at: number[] = []

    for (let second = 0; second < 60; second++) {
      last = watch.observe('p', last === 'renew' ? 'silent' : 'deaf', second * 1_000)

      if (last === 'renew') {
        at.push(second)
      }
    }

    expect(at).to.have.lengthOf.within(3, 5)
    at.slice(2).forEach((second, i) => { expect(second - at[i + 1]).to.be.greaterThan(at[i + 1] - at[i]) })
  })

  it('waits longer where each new stream is gone after a short while', () => {
    const watch = new StreamWatch()
    const at: number[] = []

    for (let second = 0; second < 100; second++) {
      // lives for one look after each repair
      const repaired = at.at(-1) === second - 1

      if (watch.observe('p', repaired ? 'live' : 'silent', second * 1_000) === 'open') {
        at.push(second)
      }
    }

    expect(at).to.deep.equal([3, 6, 12, 24, 48])
  })

  it('needs no grace where it is known that the stream is gone', () => {
    const watch = new StreamWatch()

    watch.hasten('p', 0)
    expect(watch.observe('p', 'silent', 0)).to.equal('open')
    expect(watch.observe('p', 'silent', 1_000)).to.equal(undefined)
    expect(watch.observe('p', 'silent', 3_000)).to.equal('open')
  })

  it('forgets peers that are gone', () => {
    const watch = new StreamWatch()

    expect(watch.observe('p', 'silent', 0)).to.equal(undefined)
    watch.retain(new Set(), 1_000)
    expect(watch.observe('p', 'silent', 3_000)).to.equal(undefined)
    watch.forget('p')
    expect(watch.observe('p', 'silent', 6_000)).to.equal(undefined)
    watch.retain(new Set('p'), 7_000)
    expect(watch.observe('p', 'silent', 9_000)).to.equal('open')
  })

  it('never does more than one thing in three seconds, but for the opening that follows a renewal', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom<StreamState>('live', 'silent', 'deaf'), { maxLength: 300 }), states => {
      const repairs = observe(new StreamWatch(), second => states[second], states.length)

      repairs.slice(1).forEach(([second, repair], i) => {
        const [before, previous] = repairs[i]

        if (previous !== 'renew' || repair !== 'open') {
          expect(second - before).to.be.at.least(3)
        }
      })
    }))
  })
})
