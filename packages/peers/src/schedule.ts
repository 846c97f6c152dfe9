/**
 * Options of {@link RetrySchedule}. Times are milliseconds.
 */
export interface RetryScheduleInit {
  /**
   * Ceiling of the first delay.
   */
  minDelay: number

  /**
   * Ceiling of every delay.
   */
  maxDelay: number

  /**
   * Ceiling of the delay after a refusal that does not pass by itself.
   */
  refusedDelay: number

  /**
   * How long a link must have lived to be a good one.
   */
  stableAfter: number

  /**
   * A number from 0 up to 1, as `Math.random`.
   */
  random (): number

  /**
   * The clock, as `Date.now`.
   */
  now (): number
}

/**
 * When to dial again: at once after a link that was stable, else after a delay that is drawn between 0 and a ceiling
 * ("full jitter"), so that nodes which lost each other at the same moment do not come back at the same moment. The
 * ceiling starts at `minDelay` and doubles with each dial in a row that did not lead to a stable link, up to `maxDelay`.
 * There is no last try.
 */
export class RetrySchedule {
  readonly #init: RetryScheduleInit
  #failures = 0
  #openedAt?: number

  constructor (init: RetryScheduleInit) {
    this.#init = init
  }

  /**
   * Dials in a row that did not lead to a stable link.
   */
  get failures (): number {
    return this.#failures
  }

  /**
   * Upper limit of the delay after the next failure, in milliseconds.
   */
  get ceiling (): number {
    const { minDelay, maxDelay } = this.#init

    return Math.min(maxDelay, minDelay * 2 ** this.#failures)
  }

  /**
   * A dial failed.
   *
   * @returns milliseconds to wait before the next one
   */
  failed (): number {
    const { ceiling } = this
    this.#failures++

    return Math.floor(this.#share() * ceiling)
  }

  /**
   * A dial failed, and will fail again as long as nobody changes anything.
   *
   * @returns milliseconds to wait before the next one: between half of `refusedDelay` and the whole
   */
  refused (): number {
    this.#failures++

    return Math.floor(this.#init.refusedDelay * (1 + this.#share()) / 2)
  }

  /**
   * The link is up.
   */
  opened (): void {
    this.#openedAt = this.#init.now()
  }

  /**
   * The link is down.
   *
   * @returns milliseconds to wait before the next dial: 0 if the link was stable
   */
  closed (): number {
    const lived = this.#init.now() - (this.#openedAt ?? Infinity)
    this.#openedAt = undefined

    if (lived < this.#init.stableAfter) {
      return this.failed()
    }

    this.#failures = 0

    return 0
  }

  /**
   * The other end took leave: it stops, and is probably back soon. That is no failure.
   *
   * @returns milliseconds to wait before the next dial: between `minDelay` and twice that, at most `maxDelay`
   */
  left (): number {
    this.#openedAt = undefined
    this.#failures = 0

    return Math.min(this.#init.maxDelay, Math.floor(this.#init.minDelay * (1 + this.#share())))
  }

  /**
   * Whatever the generator says: from 0 to 1.
   */
  #share (): number {
    return Math.min(Math.max(this.#init.random(), 0), 1) || 0
  }
}
