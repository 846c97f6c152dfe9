/**
 * Into how many parts a timeout is divided: in the first one the fault comes, the others pass in silence, and with each of
 * them goes a question.
 */
const PARTS = 5

/**
 * How much longer than planned one part may seem to be. What is beyond was a pause of this process (garbage collection, a busy event
 * loop, SIGSTOP), in which it could not have heard anything.
 */
const MAX_LATENESS = 1.5

/**
 * Milliseconds between two looks of a {@link Watch}.
 */
export function intervalOf (timeout: number): number {
  return timeout / PARTS
}

/**
 * Tells a dead link from a quiet one. It is looked at in regular intervals and given a number that grows with whatever is heard.
 * Silence makes it ask; a silence that lasts for the whole timeout although at least three questions were asked makes it give up.
 * The time in which this process itself stood still does not count as silence, so an event loop that stalls for any time kills no
 * link.
 */
export class Watch {
  readonly #timeout: number
  readonly #interval: number
  #heard: number
  #lookedAt?: number
  #silence = 0

  /**
   * @param timeout - milliseconds of silence after which the other end is dead, at the latest
   * @param heard - what has been heard so far
   */
  constructor (timeout: number, heard: number) {
    this.#timeout = timeout
    this.#interval = intervalOf(timeout)
    this.#heard = heard
  }

  /**
   * @param now - a clock that only runs forwards, milliseconds
   * @param heard - what has been heard until now
   * @returns what to do: nothing, ask, or give up
   */
  look (now: number, heard: number): 'fine' | 'ask' | 'dead' {
    const elapsed = Math.max(0, now - (this.#lookedAt ?? now))
    this.#lookedAt = now

    if (heard !== this.#heard) {
      this.#heard = heard
      this.#silence = 0

      return 'fine'
    }

    this.#silence += Math.min(elapsed, this.#interval * MAX_LATENESS)

    // The fault came up to one interval before the look that first missed something. A tenth: timers are not exact.
    return this.#silence > this.#timeout - this.#interval * 1.1 ? 'dead' : 'ask'
  }
}
