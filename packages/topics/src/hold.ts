import { HELD_SHARE, HOLD_TIMEOUT, MAX_HELD, MAX_HELD_BYTES, MAX_HELD_PER_AUTHOR } from './constants.ts'

/**
 * Limits of a {@link HoldQueue}.
 */
export interface HoldLimits {
  /**
   * From one neighbour.
   *
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
  from: string
  item: T
  bytes: number
  deadline: number
}

/**
 * Messages that wait for the status record of their author. Limited in all, in bytes and in time. Nothing of them is proven, who wrote them least of all: so each
 * neighbour has a share of its own, and cannot use up that of others.
 */
export class HoldQueue<T> {
  // all wait equally long, so the order of insertion is that of the deadlines
  private readonly held = new Set<Held<T>>()
  private readonly byAuthor = new Map<string, Set<Held<T>>>()
  private readonly byNeighbour = new Map<string, Set<Held<T>>>()
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
   * @param from - the neighbour that it came from
   * @returns false if a limit is reached: the message does not wait
   */
  add (author: string, from: string, item: T, bytes: number, now: number): boolean {
    const { perAuthor, total, bytes: allBytes, timeout } = this.limits
    const share = [...this.byNeighbour.get(from) ?? []]
    const shareBytes = share.reduce((sum, held) => sum + held.bytes, bytes)

    if (share.length >= total / HELD_SHARE || shareBytes > allBytes / HELD_SHARE || share.filter(held => held.author === author).length >= perAuthor ||
      this.held.size >= total || this.bytes + bytes > allBytes) {
      return false
    }

    const held = { author, from, item, bytes, deadline: now + timeout }

    this.held.add(held)
    this.byAuthor.set(author, (this.byAuthor.get(author) ?? new Set()).add(held))
    this.byNeighbour.set(from, (this.byNeighbour.get(from) ?? new Set()).add(held))
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
      this.held.delete(held)
      this.bytes -= held.bytes
      remove(this.byAuthor, held.author, held)
      remove(this.byNeighbour, held.from, held)

      return held.item
    })
  }
}

function remove <T> (sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key)

  set?.delete(value)

  if (set?.size === 0) {
    sets.delete(key)
  }
}
