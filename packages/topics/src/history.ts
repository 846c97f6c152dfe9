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
 * Messages of reliable topics, for those who missed them. Beyond a limit the oldest go.
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

    while (topic.size > this.limits.messages || topic.bytes > this.limits.bytes) {
      this.total -= topic.drop()
    }

    while (this.total > this.limits.total) {
      this.total -= this.largest().drop()
    }
  }

  /**
   * @param message - of which author and incarnation, to which topic, from which number on
   * @returns the messages that are there, in order
   */
  get (message: MessageNumber, to: number, maxMessages: number, maxBytes: number): Uint8Array[] {
    return this.topics.get(message.topic)?.get(message, to, maxMessages, maxBytes) ?? []
  }

  /**
   * The lowest number that is kept of an author's messages in an incarnation; undefined if none is.
   */
  oldest (message: Omit<MessageNumber, 'sequence'>): number | undefined {
    return this.topics.get(message.topic)?.oldest(message)
  }

  /**
   * The topic is no longer reliable here.
   */
  forget (topic: string): void {
    this.total -= this.topics.get(topic)?.bytes ?? 0
    this.topics.delete(topic)
  }

  private largest (): TopicHistory {
    return [...this.topics.values()].reduce((a, b) => a.bytes < b.bytes ? b : a)
  }
}

interface Kept {
  author: string
  sequence: number
  bytes: Uint8Array
}

class TopicHistory {
  bytes = 0

  // a Map iterates in the order of insertion: the first entry is the oldest
  private readonly messages = new Map<string, Kept>()
  private readonly lowest = new Map<string, number>()

  get size (): number {
    return this.messages.size
  }

  /**
   * @returns how many bytes are kept more
   */
  add (message: MessageNumber, bytes: Uint8Array): number {
    const author = authorKey(message)
    const key = `${author} ${message.sequence}`

    if (this.messages.has(key)) {
      return 0
    }

    this.messages.set(key, { author, sequence: message.sequence, bytes })
    this.lowest.set(author, Math.min(message.sequence, this.lowest.get(author) ?? Infinity))
    this.bytes += bytes.byteLength

    return bytes.byteLength
  }

  /**
   * Drops the oldest.
   *
   * @returns how many bytes are kept less
   */
  drop (): number {
    const first = this.messages.entries().next().value

    if (first == null) {
      return 0
    }

    const [key, { author, sequence, bytes }] = first

    this.messages.delete(key)
    this.bytes -= bytes.byteLength

    if (this.lowest.get(author) === sequence) {
      this.raise(author, sequence)
    }

    return bytes.byteLength
  }

  get (message: MessageNumber, to: number, maxMessages: number, maxBytes: number): Uint8Array[] {
    const author = authorKey(message)
    const found: Uint8Array[] = []
    let room = maxBytes

    for (let sequence = message.sequence; sequence <= to && sequence - message.sequence < maxMessages; sequence++) {
      const kept = this.messages.get(`${author} ${sequence}`)

      if (kept != null) {
        room -= kept.bytes.byteLength

        // one is always given, however long it is
        if (room < 0 && found.length > 0) {
          break
        }

        found.push(kept.bytes)
      }
    }

    return found
  }

  oldest (message: Omit<MessageNumber, 'sequence'>): number | undefined {
    return this.lowest.get(authorKey(message))
  }

  /**
   * The next one that is there: an author's messages are mostly kept in their order.
   */
  private raise (author: string, dropped: number): void {
    for (let sequence = dropped + 1; sequence <= dropped + this.size; sequence++) {
      if (this.messages.has(`${author} ${sequence}`)) {
        this.lowest.set(author, sequence)

        return
      }
    }

    this.lowest.delete(author)
  }
}

function authorKey ({ author, incarnation }: Pick<MessageNumber, 'author' | 'incarnation'>): string {
  return `${author} ${incarnation}`
}
