import { DEFAULT_MAX_CONCURRENT_PER_PEER, DEFAULT_MAX_INCOMING_BYTES, MAX_ANSWER_BYTES, MAX_WAITING } from './constants.ts'
import type { IncomingCall } from './incoming-call.ts'

/**
 * Limits of an {@link Inbox}.
 */
export interface InboxLimits {
  /**
   * Handlers that run at once.
   *
   * @default 256
   */
  maxConcurrent?: number

  /**
   * Bytes of calls, running and waiting.
   *
   * @default 16777216
   */
  maxBytes?: number
}

/**
 * A stream that is not read from until there is room.
 */
export interface Blocked {
  unblock(): void
}

/**
 * What one peer, over all of its streams, has asked this node to do and is not done yet. Pure accounting.
 *
 * When it is full, the peer is not read from. There is one exception: if the peer does not take the answers that it was given,
 * not reading from it could mean that both sides wait for each other for ever; then what comes on top is refused instead.
 */
export class Inbox {
  /**
   * Handlers that run.
   */
  running = 0

  readonly #maxConcurrent: number
  readonly #maxBytes: number
  #calls = 0
  #bytes = 0
  #answerWeight = 0
  readonly #blocked = new Set<Blocked>()

  constructor (limits: InboxLimits = {}) {
    this.#maxConcurrent = limits.maxConcurrent ?? DEFAULT_MAX_CONCURRENT_PER_PEER
    this.#maxBytes = limits.maxBytes ?? DEFAULT_MAX_INCOMING_BYTES
  }

  /**
   * Whether nothing of the peer is left.
   */
  get isIdle (): boolean {
    return this.#calls === 0
  }

  get isFull (): boolean {
    return this.#calls >= this.#maxConcurrent + MAX_WAITING || this.#bytes >= this.#maxBytes
  }

  /**
   * Whether the peer leaves its answers lying.
   */
  get isCongested (): boolean {
    return this.#answerWeight > MAX_ANSWER_BYTES
  }

  /**
   * Whether the peer is not to be read from.
   */
  get isBlocking (): boolean {
    return this.isFull && !this.isCongested
  }

  /**
   * Whether another handler may be started.
   */
  get mayRun (): boolean {
    return this.running < this.#maxConcurrent && !this.isCongested
  }

  add (call: IncomingCall): void {
    this.#calls++
    this.#bytes += call.size
  }

  remove (call: IncomingCall): void {
    this.#calls--
    this.#bytes -= call.size
    this.#wake()
  }

  /**
   * Answers were queued for the peer, or taken by it.
   *
   * @param weight - the difference
   */
  addAnswers (weight: number): void {
    this.#answerWeight += weight
    this.#wake()
  }

  /**
   * Remembers a stream until {@link isBlocking} is over.
   */
  block (stream: Blocked): void {
    this.#blocked.add(stream)
  }

  /**
   * Forgets a stream that has ended.
   */
  forget (stream: Blocked): void {
    this.#blocked.delete(stream)
  }

  #wake (): void {
    if (this.#blocked.size === 0 || this.isBlocking) {
      return
    }

    // the older stream first: what was sent on it was sent earlier
    for (const stream of [...this.#blocked]) {
      this.#blocked.delete(stream)
      stream.unblock()
    }
  }
}
