import { expect } from 'chai'
import fc from 'fast-check'
import { intervalOf, Watch } from '../src/liveness.ts'

const timeouts = fc.integer({ min: 1_000, max: 3_600_000 })

/**
 * Looks as a timer would, until there is a verdict that is not "ask".
 *
 * @returns the time of the last look, and how often it asked before
 */
function silence (watch: Watch, from: number, interval: number): { at: number, asked: number } {
  for (let i = 1, asked = 0; ; i++) {
    const at = from + i * interval

    if (watch.look(at, 0) === 'dead') {
      return { at, asked }
    }

    asked++
  }
}

describe('liveness of a link', () => {
  it('gives up within the timeout after the last thing that was heard, and has asked three times', () => {
    fc.assert(fc.property(timeouts, fc.double({ min: 0.001, max: 1, noNaN: true }), (timeout, share) => {
      const interval = intervalOf(timeout)
      const watch = new Watch(timeout, -1)
      // something is heard for the last time shortly before this look
      watch.look(interval, 0)
      const lastHeard = interval * share
      const { at, asked } = silence(watch, interval, interval)

      expect(at - lastHeard).to.be.at.most(timeout + 1).and.at.least(timeout * 0.7)
      expect(asked).to.be.at.least(3)
    }))
  })

  it('never gives up on a peer that is heard', () => {
    fc.assert(fc.property(timeouts, fc.array(fc.double({ min: 0.5, max: 1.5, noNaN: true }), { maxLength: 50 }), (timeout, gaps) => {
      const watch = new Watch(timeout, 0)
      let now = 0

      gaps.forEach((gap, i) => {
        now += gap * intervalOf(timeout)
        expect(watch.look(now, i + 1)).to.equal('fine')
      })
    }))
  })

  it('does not take a pause of its own process for silence, however long', () => {
    fc.assert(fc.property(timeouts, fc.integer({ min: 1, max: 1_000_000_000 }), (timeout, pause) => {
      const watch = new Watch(timeout, 0)
      const interval = intervalOf(timeout)
      watch.look(0, 1)
      watch.look(interval, 1)

      expect(watch.look(interval + pause, 1)).to.equal('ask')
      expect(watch.look(interval * 2 + pause, 2)).to.equal('fine')
    }))
  })

  it('bears a clock that does not move', () => {
    const watch = new Watch(15_000, 0)

    expect(watch.look(5, 0)).to.equal('ask')
    expect(watch.look(4, 0)).to.equal('ask')
  })
})
