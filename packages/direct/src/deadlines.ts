import { DEADLINE_TICK } from './constants.ts'

/**
 * Something that must not last for ever.
 */
export interface Expiring {
  /**
   * In milliseconds, on the same clock as the {@link Deadlines} that it is added to.
   */
  deadline: number

  /**
   * Its time is over. Called once at most.
   */
  expire(): void
}

/**
 * Many deadlines, of which hardly any is ever reached: adding and deleting one is cheap, and one timer is enough for all. It
 * has no timer itself, see {@link DeadlineTimer}.
 */
export class Deadlines {
  readonly #buckets = new Map<number, Set<Expiring>>()

  add (item: Expiring): void {
    const key = bucketOf(item)
    const bucket = this.#buckets.get(key)

    if (bucket == null) {
      this.#buckets.set(key, new Set([item]))
    } else {
      bucket.add(item)
    }
  }

  delete (item: Expiring): void {
    const key = bucketOf(item)
    const bucket = this.#buckets.get(key)

    if (bucket?.delete(item) === true && bucket.size === 0) {
      this.#buckets.delete(key)
    }
  }

  /**
   * When {@link expire} is to be called next, in milliseconds; undefined if there is nothing to wait for.
   */
  next (): number | undefined {
    let first: number | undefined

    for (const key of this.#buckets.keys()) {
      first = Math.min(first ?? key, key)
    }

    return first == null ? undefined : first * DEADLINE_TICK
  }

  /**
   * Ends everything whose time is over.
   */
  expire (now: number): void {
    const over = [...this.#buckets].filter(([key]) => key * DEADLINE_TICK <= now).sort(([a], [b]) => a - b)

    for (const [key, bucket] of over) {
      // one that ends may end others of its bucket: those are not met any more
      for (const item of bucket) {
        bucket.delete(item)
        item.expire()
      }

      this.#buckets.delete(key)
    }
  }
}

function bucketOf (item: Expiring): number {
  return Math.ceil(item.deadline / DEADLINE_TICK)
}

/**
 * Drives {@link Deadlines} with one timer.
 */
export class DeadlineTimer {
  readonly #deadlines = new Deadlines()
  #timer?: NodeJS.Timeout
  #at = Infinity

  /**
   * Milliseconds on a clock that only goes forward.
   */
  now (): number {
    return performance.now()
  }

  add (item: Expiring): void {
    this.#deadlines.add(item)

    if (item.deadline + DEADLINE_TICK < this.#at) {
      this.#arm(item.deadline + DEADLINE_TICK)
    }
  }

  delete (item: Expiring): void {
    this.#deadlines.delete(item)
  }

  /**
   * Leaves no timer; what is in it does not expire any more, unless more is added.
   */
  stop (): void {
    clearTimeout(this.#timer)
    this.#at = Infinity
  }

  #arm (at: number): void {
    clearTimeout(this.#timer)
    this.#at = at
    this.#timer = setTimeout(() => {
      this.#at = Infinity
      this.#deadlines.expire(this.now())
      const next = this.#deadlines.next()

      if (next != null) {
        this.#arm(next)
      }
    }, Math.max(Math.ceil(at - this.now()), 1))
  }
}
