import { HOLD_TIMEOUT, MAX_HELD, MAX_HELD_BYTES, MAX_HELD_PER_AUTHOR } from './constants.ts'

/**
 * Limits of a {@link HoldQueue}.
 */
export interface HoldLimits {
  /**
   * @default 64
   */
  perAuthor?: number

  /**
   * @default 1024
   */
  total?: number

  /**
   * @default 16 MiB
   */
  bytes?: number

  /**
   * Milliseconds.
   *
   * @default 2000
   */
  timeout?: number
}

interface Held<T> {
  author: string
  item: T
  bytes: number
  deadline: number
}

/**
 * Messages that wait for the status record of their author. Limited by author, in all, in bytes and in time.
 */
export class HoldQueue<T> {
  // all wait equally long, so the order of insertion is that of the deadlines
  private readonly held = new Set<Held<T>>()
  private readonly byAuthor = new Map<string, Set<Held<T>>>()
  private readonly limits: Required<HoldLimits>
  private bytes = 0

  constructor (limits: HoldLimits = {}) {
    this.limits = {
      perAuthor: limits.perAuthor ?? MAX_HELD_PER_AUTHOR,
      total: limits.total ?? MAX_HELD,
      bytes: limits.bytes ?? MAX_HELD_BYTES,
      timeout: limits.timeout ?? HOLD_TIMEOUT
    }
  }

  get size (): number {
    return this.held.size
  }

  /**
   * When the first of them has waited long enough, as `now` of {@link add}; undefined if none waits.
   */
  get deadline (): number | undefined {
    return this.held.values().next().value?.deadline
  }

  /**
   * @returns false if a limit is reached: the message does not wait
   */
  add (author: string, item: T, bytes: number, now: number): boolean {
    const ofAuthor = this.byAuthor.get(author) ?? new Set()

    if (ofAuthor.size >= this.limits.perAuthor || this.held.size >= this.limits.total || this.bytes + bytes > this.limits.bytes) {
      return false
    }

    const held = { author, item, bytes, deadline: now + this.limits.timeout }

    this.held.add(held)
    this.byAuthor.set(author, ofAuthor.add(held))
    this.bytes += bytes

    return true
  }

  /**
   * Takes out what waits for an author, in the order in which it came.
   */
  release (author: string): T[] {
    return this.take(this.byAuthor.get(author) ?? [])
  }

  /**
   * Takes out what has waited long enough.
   */
  expire (now: number): T[] {
    return this.take([...this.held].filter(({ deadline }) => deadline <= now))
  }

  /**
   * Takes out everything.
   */
  clear (): T[] {
    return this.take(this.held)
  }

  private take (which: Iterable<Held<T>>): T[] {
    return [...which].map(held => {
      const ofAuthor = this.byAuthor.get(held.author)

      this.held.delete(held)
      this.bytes -= held.bytes
      ofAuthor?.delete(held)

      if (ofAuthor?.size === 0) {
        this.byAuthor.delete(held.author)
      }

      return held.item
    })
  }
}
