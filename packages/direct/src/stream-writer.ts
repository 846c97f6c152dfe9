import { MAX_STREAMS } from './constants.ts'
import type { Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * Where a {@link StreamWriter} gets what it writes.
 */
export interface StreamWriterSource {
  /**
   * The next bytes; undefined if there are none, or none may be sent now.
   */
  take(): Uint8Array | Uint8ArrayList | undefined

  /**
   * Whether there are more, which may not be sent now. When they may, it calls {@link StreamWriter.schedule}.
   */
  isHeld(): boolean

  /**
   * Everything was handed over to the connection.
   */
  flushed(): void

  /**
   * Writing has failed.
   */
  error(err: Error): void
}

/**
 * The writing half of a stream: takes bytes when the stream has room for them, so they wait where their order can still change.
 */
export class StreamWriter {
  readonly #stream: Stream
  readonly #source: StreamWriterSource
  readonly #rank: number
  #isScheduled = false
  #waitsForDrain = false
  #isStopped = false

  // how often the connection was full when it was its turn
  #missed = 0
  #previous?: StreamWriter
  #next?: StreamWriter

  /**
   * @param rank - of its lane: 0 for the most urgent one
   */
  constructor (stream: Stream, source: StreamWriterSource, rank = 0) {
    this.#rank = rank
    this.#stream = stream
    this.#source = source
    stream.addEventListener('drain', this.#onDrain)
  }

  /**
   * Whether nothing waits to be handed over to the connection.
   */
  get isFlushed (): boolean {
    return this.#isStopped || (!this.#waitsForDrain && !this.#isScheduled && this.#previous == null && !this.#source.isHeld())
  }

  /**
   * There is something to write. All that comes in one turn of the event loop goes out together.
   */
  schedule (): void {
    if (!this.#isScheduled && !this.#isStopped) {
      this.#isScheduled = true
      queueMicrotask(this.#write)
    }
  }

  /**
   * Writes nothing before another stream of the same connection has written what it has.
   */
  follow (previous: StreamWriter): void {
    if (!previous.isFlushed) {
      this.#previous = previous
      previous.#next = this
    }
  }

  /**
   * Writes no more.
   */
  stop (): void {
    this.#isStopped = true
    this.#stream.removeEventListener('drain', this.#onDrain)
    this.#letNextGo()
  }

  /**
   * All streams of a connection hear this at once, and whoever writes first may fill the connection again. In a microtask: what the stream itself still
   * has to send goes first. The less urgent a stream is, and the less often it has missed its turn, the later; else it would always be the same one that
   * writes.
   */
  readonly #onDrain = (): void => {
    if (this.#waitsForDrain) {
      this.#waitsForDrain = false
      this.#isScheduled = true
      this.#writeAfter(Math.max(1, (this.#rank + 1) * (MAX_STREAMS + 1) - this.#missed))
    }
  }

  #writeAfter (microtasks: number): void {
    queueMicrotask(microtasks === 1 ? this.#write : () => { this.#writeAfter(microtasks - 1) })
  }

  readonly #write = (): void => {
    this.#isScheduled = false

    if (this.#isStopped || this.#waitsForDrain || this.#previous != null) {
      return
    }

    let hasWritten = false

    try {
      while (!this.#isStopped && !this.#stream.writableNeedsDrain) {
        const batch = this.#source.take()

        if (batch == null) {
          if (this.#source.isHeld()) {
            return
          }

          this.#letNextGo()
          this.#source.flushed()

          return
        }

        hasWritten = true
        this.#stream.send(batch)
      }
    } catch (err) {
      this.#source.error(err)

      return
    }

    this.#waitsForDrain = true
    this.#missed = hasWritten ? 0 : this.#missed + 1
  }

  #letNextGo (): void {
    const next = this.#next
    this.#next = undefined

    if (next != null) {
      next.#previous = undefined
      next.schedule()
    }
  }
}
