import { expect } from 'chai'
import { ACTIVE_DIALS } from '../src/constants.ts'
import { DialPace } from '../src/dial-slots.ts'

describe('pace of dials', () => {
  const { signal } = new AbortController()

  /**
   * Begins dials that never end by themselves.
   */
  function dials (pace: DialPace, count: number): { begun: number[], end (): void, over: Promise<unknown>, next (count: number): Promise<void> } {
    const begun: number[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting: Array<() => void> = []
    const over = Promise.all(Array.from({ length: count }, async (_, i) => pace.run(async () => {
      begun.push(i)
      waiting.forEach(look => { look() })
      await promise
    }, signal)))

    return {
      begun,
      end: resolve,
      over,
      next: async wanted => new Promise(resolve => {
        const look = (): void => { if (begun.length >= wanted) { resolve() } }
        waiting.push(look)
        look()
      })
    }
  }

  it('begins a few at once, the others when those are over or take too long, in order, and never more than allowed', async () => {
    const pace = new DialPace(ACTIVE_DIALS + 2)
    const slow = dials(pace, ACTIVE_DIALS + 4)
    await slow.next(ACTIVE_DIALS)
    await Promise.resolve()
    expect(slow.begun).to.have.lengthOf(ACTIVE_DIALS)

    // nothing ends, and yet others begin after a while
    await slow.next(ACTIVE_DIALS + 2)
    expect(slow.begun).to.deep.equal(Array.from({ length: ACTIVE_DIALS + 2 }, (_, i) => i))
    slow.end()
    await slow.over
    expect(slow.begun).to.have.lengthOf(ACTIVE_DIALS + 4)
  })

  it('goes on at once when dials are over, well or not', async () => {
    const pace = new DialPace(32)
    const results = await Promise.allSettled(Array.from({ length: 200 }, async (_, i) => pace.run(async () => {
      if (i % 2 === 0) {
        throw new Error('nobody is there')
      }

      return i
    }, signal)))

    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(100)
    expect(results[7]).to.deep.equal({ status: 'fulfilled', value: 7 })
  })

  it('lets go of what is aborted while it waits', async () => {
    const pace = new DialPace(32)
    const slow = dials(pace, ACTIVE_DIALS)
    await slow.next(ACTIVE_DIALS)
    const controller = new AbortController()
    const aborted = pace.run(async () => { throw new Error('it began') }, controller.signal).catch(err => err.message)
    controller.abort(new Error('stopped'))
    expect(await aborted).to.equal('stopped')
    slow.end()
    await slow.over
    expect(await pace.run(async () => 'next', signal)).to.equal('next')
  })
})
