import { MAX_BUFFERED, MAX_BUFFERED_BYTES } from './constants.ts'
import { WaitingRoom } from './waiting-room.ts'
import type { Seats } from './waiting-room.ts'

/**
 * Sequence numbers that are missing, both ends included.
 */
export interface Missing {
  from: number
  to: number
}

/**
 * Puts the messages of one author to one topic in order, and knows which are missing. No input, no output, no clock.
 */
export class Sequencer<T> {
  private readonly buffer = new Map<number, { item: T, bytes: number }>()
  private bytes = 0
  private highest = 0
  private expected?: number
  private readonly seats: Seats

  /**
   * @param seats - where messages wait, besides the limits of each sequencer
   */
  constructor (seats: Seats = new WaitingRoom().of('')) {
    this.seats = seats
  }

  /**
   * The next number that is handed on; undefined as long as it is not known where to begin.
   */
  get next (): number | undefined {
    return this.expected
  }

  /**
   * Messages that wait for others.
   */
  get waiting (): number {
    return this.buffer.size
  }

  /**
   * The lowest number that waits, or, if none does, the one after the highest that is known of.
   */
  get ahead (): number {
    return Math.min(this.highest + 1, ...this.buffer.keys())
  }

  /**
   * What has to come next, and is not here; undefined if nothing is missing.
   */
  get missing (): Missing | undefined {
    if (this.expected == null || this.expected > this.highest) {
      return undefined
    }

    let to = this.expected

    while (to < this.highest && !this.buffer.has(to + 1) && to - this.expected < MAX_BUFFERED) {
      to++
    }

    return { from: this.expected, to }
  }

  /**
   * Says where to begin, at the latest: messages that wait already and have lower numbers are handed on as well.
   *
   * @param sequence - Infinity for the lowest that waits
   * @returns what can be handed on
   */
  begin (sequence: number): T[] {
    // looked at with each status of the author: what waits is not, once it is known
    if (this.expected == null) {
      const first = Math.min(sequence, ...this.buffer.keys())

      // "whatever has come" says nothing where nothing has
      this.expected = first === Infinity ? undefined : first
    }

    return this.take()
  }

  /**
   * Takes a message; one that was handed on or waits already changes nothing.
   *
   * @returns what can be handed on, in order
   */
  accept (sequence: number, item: T, bytes: number): T[] {
    this.highest = Math.max(this.highest, sequence)

    if (sequence < (this.expected ?? 1) || this.buffer.has(sequence)) {
      return []
    }

    // what comes next needs no room
    if (sequence === this.expected) {
      this.expected++

      return [item, ...this.take()]
    }

    if (this.buffer.size < MAX_BUFFERED && this.bytes + bytes <= MAX_BUFFERED_BYTES && this.seats.take(bytes)) {
      this.buffer.set(sequence, { item, bytes })
      this.bytes += bytes
    }

    return []
  }

  /**
   * It is known that there are messages up to this number.
   */
  announce (last: number): void {
    this.highest = Math.max(this.highest, last)
  }

  /**
   * Gives up on what is missing below a number.
   *
   * @returns what can be handed on
   */
  skipTo (sequence: number): T[] {
    const skipped = [...this.buffer.keys()].filter(waiting => waiting < sequence).sort((a, b) => a - b)
    const items = skipped.map(waiting => this.remove(waiting)).filter(item => item !== undefined)

    this.expected = Math.max(sequence, this.expected ?? 1)

    return [...items, ...this.take()]
  }

  /**
   * Gives up on all that is missing, in one go: an author can leave out every other number.
   *
   * @returns what is left out, and what can be handed on behind that
   */
  drain (): Array<{ left?: Missing, items: T[] }> {
    const runs: Array<{ left?: Missing, items: T[] }> = []

    for (const sequence of [...this.buffer.keys()].sort((a, b) => a - b)) {
      const from = this.expected ?? sequence

      // what follows one that waits is taken with it
      if (sequence >= from) {
        this.expected = sequence
        runs.push({ left: leftOut(from, sequence - 1), items: this.take() })
      }
    }

    if (this.expected != null && this.expected <= this.highest) {
      runs.push({ left: leftOut(this.expected, this.highest), items: [] })
      this.expected = this.highest + 1
    }

    return runs
  }

  /**
   * Nobody wants the messages any more.
   */
  clear (): void {
    [...this.buffer.keys()].forEach(sequence => { this.remove(sequence) })
  }

  private take (): T[] {
    const items: T[] = []

    while (this.expected != null) {
      const item = this.remove(this.expected)

      if (item === undefined) {
        break
      }

      items.push(item)
      this.expected++
    }

    return items
  }

  private remove (sequence: number): T | undefined {
    const held = this.buffer.get(sequence)

    if (held != null) {
      this.buffer.delete(sequence)
      this.bytes -= held.bytes
      this.seats.leave(held.bytes)
    }

    return held?.item
  }
}

function leftOut (from: number, to: number): Missing | undefined {
  return from > to ? undefined : { from, to }
}
