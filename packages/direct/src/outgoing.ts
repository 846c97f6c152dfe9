import { toString } from 'uint8arrays'
import { BATCH_LENGTH, MAX_PART_LENGTH, MAX_UNFINISHED } from './constants.ts'
import { FrameKind } from './frame.ts'
import { List } from './list.ts'
import { OutgoingCall } from './outgoing-call.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { MessageKind, OutgoingMessage } from './message.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * What a message weighs in memory besides its bytes.
 */
const MESSAGE_OVERHEAD = 256

/**
 * What {@link OutgoingQueue} tells about what it does.
 */
export interface OutgoingEvents {
  /**
   * The first frame of an exchange is about to be written.
   *
   * @returns the exchange's id
   */
  begin(call: OutgoingCall): number

  /**
   * The last byte of a message is in the batch.
   */
  finish(message: OutgoingMessage): void
}

/**
 * How much a queue holds. Only requests and notifications are counted: answers were asked for.
 */
export interface QueueLimits {
  maxLength: number
  maxBytes: number
}

/**
 * Decides which message the next bytes of a stream belong to. Errors, cancellations and acknowledgements go
 * first, as does what lets the other side go on. Messages of one frame go in the order in which they came, as do the pieces of streaming exchanges; longer
 * messages a part at a time, at most eight at once. Each of the three gets at least a third of the stream. Notifications for
 * one handler stay in order: behind a long one the others wait.
 */
export class OutgoingQueue {
  /**
   * Requests, notifications, cancellations and acknowledgements in it: bytes and count.
   */
  bytes = 0
  length = 0

  /**
   * Answers and errors in it: weight (bytes and a fixed part for each) and count.
   */
  answerWeight = 0
  answers = 0

  readonly #events: OutgoingEvents
  readonly #limits: QueueLimits

  // what ends an exchange goes first: the peer counts a message as under way until it hears that it is void
  readonly #urgent = new List<OutgoingMessage>()
  readonly #fifo = new List<OutgoingMessage>()

  // messages of several frames: those that take turns, those that wait for a place among them
  readonly #turns = new List<OutgoingMessage>()
  readonly #waiting = new List<OutgoingMessage>()

  // of streaming exchanges
  readonly #pieces = new List<OutgoingMessage>()

  // whose turn it is: short messages, long ones, pieces
  #next = 2

  // handlers to which a long notification is under way, and what must not overtake it
  readonly #held = new Map<string, List<OutgoingMessage>>()

  constructor (events: OutgoingEvents, limits: QueueLimits) {
    this.#events = events
    this.#limits = limits
  }

  get isEmpty (): boolean {
    return this.length + this.answers === 0
  }

  /**
   * Whether a request or notification may be added. One may be longer than all of the queue, if it is alone.
   */
  hasRoomFor (message: OutgoingMessage): boolean {
    return this.length === 0 || (this.length < this.#limits.maxLength && this.bytes + message.data.length <= this.#limits.maxBytes)
  }

  push (message: OutgoingMessage): void {
    message.node = this.#listFor(message.kind).push(message)
    this.#count(message, 1)
  }

  #listFor (kind: MessageKind): List<OutgoingMessage> {
    switch (kind) {
      case FrameKind.CANCEL:
      case FrameKind.ERROR:
      case FrameKind.CREDIT:
      case FrameKind.ACK:
        return this.#urgent
      case FrameKind.CHUNK:
      case FrameKind.END:
        return this.#pieces
      default:
        return this.#fifo
    }
  }

  /**
   * Takes a message out before it is complete.
   *
   * @returns false if it is not in here
   */
  remove (message: OutgoingMessage): boolean {
    const list = message.node?.list

    if (message.node == null || list == null) {
      return false
    }

    list.remove(message.node)
    this.#leave(message, list === this.#turns || list === this.#waiting)

    return true
  }

  /**
   * The requests and notifications in it, in an order in which they may be sent.
   */
  calls (): OutgoingCall[] {
    return this.#all().filter(message => message instanceof OutgoingCall)
  }

  /**
   * Drops everything.
   */
  clear (): void {
    for (const message of this.#all()) {
      message.node?.list?.remove(message.node)
      this.#count(message, -1)
    }

    this.#held.clear()
  }

  /**
   * The next frames to be sent.
   *
   * @param now - in milliseconds
   * @param allowance - bytes after which no further frame may be begun, besides those that go first
   * @returns undefined if there are none
   */
  take (writer: FrameWriter, now: number, allowance: number): Uint8Array | Uint8ArrayList | undefined {
    for (let node = this.#urgent.shift(); node != null; node = this.#urgent.shift()) {
      this.#write(node.value, writer, now)
      this.#leave(node.value, false)
    }

    const limit = Math.min(BATCH_LENGTH, allowance)

    while (writer.length < limit && this.#fifo.size + this.#waiting.size + this.#turns.size + this.#pieces.size > 0) {
      this.#next = (this.#next + 1) % 3

      if (this.#next === 0) {
        this.#takeShort(writer, now, limit)
      } else if (this.#next === 1) {
        this.#takeTurn(writer, now)
      } else {
        this.#takePieces(writer, now, limit)
      }
    }

    return writer.length === 0 ? undefined : writer.finish()
  }

  #all (): OutgoingMessage[] {
    return [this.#urgent, this.#pieces, this.#turns, this.#waiting, ...this.#held.values(), this.#fifo].flatMap(list => [...list])
  }

  #takeShort (writer: FrameWriter, now: number, limit: number): void {
    // as much as a long message gets in its turn
    const end = Math.min(writer.length + MAX_PART_LENGTH, limit)

    while (writer.length < end) {
      const node = this.#fifo.shift()

      if (node == null) {
        return
      }

      const message = node.value
      const held = message.kind === FrameKind.NOTIFICATION && this.#held.size > 0 ? this.#held.get(keyOf(message)) : undefined

      if (held != null) {
        held.add(node)
      } else if (message.data.length <= MAX_PART_LENGTH) {
        this.#write(message, writer, now)
        this.#leave(message, false)
        this.#events.finish(message)
      } else {
        this.#waiting.add(node)

        if (message.kind === FrameKind.NOTIFICATION) {
          this.#held.set(keyOf(message), new List())
        }
      }
    }
  }

  #takeTurn (writer: FrameWriter, now: number): void {
    while (this.#turns.size < MAX_UNFINISHED && this.#waiting.size > 0) {
      const node = this.#waiting.shift()

      if (node != null) {
        this.#turns.add(node)
      }
    }

    const node = this.#turns.shift()

    if (node == null) {
      return
    }

    this.#write(node.value, writer, now)

    if (node.value.offset < node.value.data.length) {
      this.#turns.add(node)
    } else {
      this.#leave(node.value, true)
      this.#events.finish(node.value)
    }
  }

  #takePieces (writer: FrameWriter, now: number, limit: number): void {
    const end = Math.min(writer.length + MAX_PART_LENGTH, limit)

    while (writer.length < end) {
      const message = this.#pieces.shift()?.value

      if (message == null) {
        return
      }

      this.#write(message, writer, now)
      this.#leave(message, false)
      this.#events.finish(message)
    }
  }

  #write (message: OutgoingMessage, writer: FrameWriter, now: number): void {
    const end = Math.min(message.offset + MAX_PART_LENGTH, message.data.length)

    if (!message.begun && !message.isAnswer && message instanceof OutgoingCall) {
      message.id = this.#events.begin(message)
    }

    const part = end === message.data.length && message.offset === 0 ? message.data : message.data.subarray(message.offset, end)
    writer.write(message, part, end < message.data.length, now)
    message.begun = true
    message.offset = end
  }

  #leave (message: OutgoingMessage, wasLong: boolean): void {
    this.#count(message, -1)

    if (wasLong && message.kind === FrameKind.NOTIFICATION) {
      const key = keyOf(message)
      const held = this.#held.get(key)
      this.#held.delete(key)

      if (held != null) {
        this.#fifo.prepend(held)
      }
    }
  }

  #count (message: OutgoingMessage, sign: 1 | -1): void {
    if (message.isAnswer) {
      this.answers += sign
      this.answerWeight += sign * (message.data.length + MESSAGE_OVERHEAD)
    } else {
      this.length += sign
      this.bytes += sign * message.data.length
    }
  }
}

function keyOf (message: OutgoingMessage): string {
  return toString(message.name, 'latin1')
}
