import { HISTORY_BYTES, HISTORY_MESSAGES, MAX_HISTORY_BYTES } from './constants.ts'
import type { MessageNumber } from './window.ts'

/**
 * Limits of a {@link History}.
 */
export interface HistoryLimits {
  /**
   * Messages of each topic.
   *
   * @default 10000
   */
  messages?: number

  /**
   * Bytes of each topic.
   *
   * @default 16 MiB
   */
  bytes?: number

  /**
   * Bytes of all topics.
   *
   * @default 256 MiB
   */
  total?: number
}

/**
 * Messages of reliable topics, for those who missed them. Beyond a limit the oldest go of the author that has most there: who publishes much pushes out nobody else.
 */
export class History {
  private readonly topics = new Map<string, TopicHistory>()
  private readonly limits: Required<HistoryLimits>
  private total = 0

  constructor (limits: HistoryLimits = {}) {
    this.limits = { messages: limits.messages ?? HISTORY_MESSAGES, bytes: limits.bytes ?? HISTORY_BYTES, total: limits.total ?? MAX_HISTORY_BYTES }
  }

  get bytes (): number {
    return this.total
  }

  add (message: MessageNumber, bytes: Uint8Array): void {
    const topic = this.topics.get(message.topic) ?? new TopicHistory()

    this.topics.set(message.topic, topic)
    this.total += topic.add(message, bytes)

    while (topic.size > this.limits.messages) {
      this.total -= topic.drop('size')
    }

    while (topic.bytes > this.limits.bytes) {
      this.total -= topic.drop('bytes')
    }

    while (this.total > this.limits.total) {
      this.total -= largest(this.topics, 'bytes')[1].drop('bytes')
    }
  }

  /**
   * @param message - of which author and incarnation, to which topic, from which number on
   * @returns the messages that are there, in order
   */
  get (message: MessageNumber, to: number, maxMessages: number, maxBytes: number): Uint8Array[] {
    const kept = this.of(message) ?? new Map<number, Uint8Array>()
    const found: Uint8Array[] = []
    let room = maxBytes

    for (let sequence = message.sequence; sequence <= to && sequence - message.sequence < maxMessages; sequence++) {
      const bytes = kept.get(sequence)

      if (bytes != null) {
        room -= bytes.byteLength

        // one is always given, however long it is
        if (room < 0 && found.length > 0) {
          break
        }

        found.push(bytes)
      }
    }

    return found
  }

  /**
   * The lowest number that is kept of an author's messages in an incarnation; undefined if none is.
   */
  oldest (message: Omit<MessageNumber, 'sequence'>): number | undefined {
    return this.of(message)?.keys().next().value
  }

  /**
   * The topic is no longer reliable here.
   */
  forget (topic: string): void {
    this.total -= this.topics.get(topic)?.bytes ?? 0
    this.topics.delete(topic)
  }

  private of ({ topic, author, incarnation }: Omit<MessageNumber, 'sequence'>): ReadonlyMap<number, Uint8Array> | undefined {
    return this.topics.get(topic)?.authors.get(author)?.incarnations.get(incarnation)
  }
}

class TopicHistory {
  readonly authors = new Map<string, AuthorHistory>()
  size = 0
  bytes = 0

  /**
   * @returns how many bytes are kept more
   */
  add (message: MessageNumber, bytes: Uint8Array): number {
    const author = this.authors.get(message.author) ?? new AuthorHistory()

    if (!author.add(message, bytes)) {
      return 0
    }

    this.authors.set(message.author, author)
    this.size++
    this.bytes += bytes.byteLength

    return bytes.byteLength
  }

  /**
   * Drops the oldest of the author that has most.
   *
   * @returns how many bytes are kept less
   */
  drop (most: 'size' | 'bytes'): number {
    const [name, author] = largest(this.authors, most)
    const dropped = author.drop()

    this.size--
    this.bytes -= dropped

    if (author.size === 0) {
      this.authors.delete(name)
    }

    return dropped
  }
}

/**
 * Messages of one author to one topic, of each incarnation by ascending numbers: a Map iterates in the order of insertion, so the first is the oldest.
 */
class AuthorHistory {
  readonly incarnations = new Map<number, Map<number, Uint8Array>>()
  size = 0
  bytes = 0
  private readonly highest = new Map<number, number>()

  /**
   * @returns false if it is there already
   */
  add ({ incarnation, sequence }: MessageNumber, bytes: Uint8Array): boolean {
    const kept = this.incarnations.get(incarnation) ?? new Map<number, Uint8Array>()
    const highest = this.highest.get(incarnation) ?? 0

    if (kept.has(sequence)) {
      return false
    }

    kept.set(sequence, bytes)
    // they come in their order, as a rule
    this.incarnations.set(incarnation, sequence > highest ? kept : new Map([...kept].sort(([a], [b]) => a - b)))
    this.highest.set(incarnation, Math.max(highest, sequence))
    this.size++
    this.bytes += bytes.byteLength

    return true
  }

  /**
   * Drops the oldest.
   *
   * @returns its bytes
   */
  drop (): number {
    const [[incarnation, kept]] = this.incarnations
    const [[sequence, { byteLength }]] = kept

    kept.delete(sequence)
    this.size--
    this.bytes -= byteLength

    if (kept.size === 0) {
      this.incarnations.delete(incarnation)
      this.highest.delete(incarnation)
    }

    return byteLength
  }
}

function largest <T extends { size: number, bytes: number }> (all: ReadonlyMap<string, T>, most: 'size' | 'bytes'): [string, T] {
  let [found] = all

  for (const entry of all) {
    if (entry[1][most] > found[1][most]) {
      found = entry
    }
  }

  return found
}
