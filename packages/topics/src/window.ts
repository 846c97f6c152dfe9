import { BoundedMap } from '@fisco-libp2p/identity'
import { MAX_REPLAY_WINDOWS, REPLAY_WINDOW_BITS } from './constants.ts'

/**
 * What a replay check says about a message:
 *
 * - `new`: it was not seen before
 * - `duplicate`: a message with its sequence number was
 * - `stale`: it belongs to an earlier incarnation, or is too far below the highest sequence number seen
 */
export type Freshness = 'new' | 'duplicate' | 'stale'

/**
 * The sequence numbers of one author, in one incarnation, to one topic, as far as they were seen: the highest, and one
 * bit for each of the numbers just below it (the sliding window of RFC 4303, 3.4.3).
 */
export class ReplayWindow {
  private readonly bits: Uint32Array
  private readonly size: number
  private highest = 0

  /**
   * @param size - numbers that are told apart, a multiple of 32
   */
  constructor (size: number = REPLAY_WINDOW_BITS) {
    this.size = size
    this.bits = new Uint32Array(size / 32)
  }

  /**
   * @param sequence - 1 to 2^53 - 1
   */
  check (sequence: number): Freshness {
    if (sequence > this.highest) {
      return 'new'
    }

    if (sequence <= this.highest - this.size) {
      return 'stale'
    }

    const { word, mask } = this.place(sequence)

    return (this.bits[word] & mask) === 0 ? 'new' : 'duplicate'
  }

  /**
   * Marks a number as seen. One below the window changes nothing.
   */
  add (sequence: number): void {
    if (sequence <= this.highest - this.size) {
      return
    }

    if (sequence > this.highest) {
      this.advance(sequence)
    }

    const { word, mask } = this.place(sequence)

    this.bits[word] |= mask
  }

  private advance (to: number): void {
    if (to - this.highest >= this.size) {
      this.bits.fill(0)
    } else {
      for (let sequence = this.highest + 1; sequence < to; sequence++) {
        const { word, mask } = this.place(sequence)

        this.bits[word] &= ~mask
      }

      const { word, mask } = this.place(to)

      this.bits[word] &= ~mask
    }

    this.highest = to
  }

  private place (sequence: number): { word: number, mask: number } {
    const slot = sequence % this.size

    return { word: slot >>> 5, mask: 1 << (slot & 31) }
  }
}

/**
 * Who wrote a message, and which one it is.
 */
export interface MessageNumber {
  author: string
  topic: string
  incarnation: number
  sequence: number
}

interface Entry {
  incarnation: number
  window: ReplayWindow
}

/**
 * One {@link ReplayWindow} for each author and topic, of the author's latest incarnation.
 */
export class ReplayTable {
  private readonly windows: BoundedMap<string, Entry>
  private last?: { author: string, topic: string, entry?: Entry }

  constructor (limit: number = MAX_REPLAY_WINDOWS) {
    this.windows = new BoundedMap(limit)
  }

  get size (): number {
    return this.windows.size
  }

  /**
   * Looks up the window once for the steps of one message, and for those of an author that follow each other.
   */
  private find (message: MessageNumber): Entry | undefined {
    if (this.last?.author !== message.author || this.last.topic !== message.topic) {
      this.last = { author: message.author, topic: message.topic, entry: this.windows.get(key(message)) }
    }

    return this.last.entry
  }

  /**
   * @param floor - the lowest incarnation of the author that is still taken: that of its status record
   */
  check (message: MessageNumber, floor: number): Freshness {
    const entry = this.find(message)

    if (message.incarnation < Math.max(floor, entry?.incarnation ?? 0)) {
      return 'stale'
    }

    return entry?.incarnation === message.incarnation ? entry.window.check(message.sequence) : 'new'
  }

  /**
   * Marks a message as seen; one of a later incarnation begins a new window.
   */
  add (message: MessageNumber): void {
    let entry = this.find(message)

    if (entry == null || entry.incarnation < message.incarnation) {
      entry = { incarnation: message.incarnation, window: new ReplayWindow() }
      this.windows.set(key(message), entry)
      this.last = { author: message.author, topic: message.topic, entry }
    }

    if (entry.incarnation === message.incarnation) {
      entry.window.add(message.sequence)
    }
  }
}

function key ({ author, topic }: MessageNumber): string {
  return `${author} ${topic}`
}
