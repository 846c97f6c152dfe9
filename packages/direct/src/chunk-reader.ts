import { CHUNK_OVERHEAD, STREAM_WINDOW } from './constants.ts'
import { InvalidFrameError } from './errors.ts'
import { toKeep } from './memory.ts'

type Result = IteratorResult<Uint8Array, undefined>

const DONE = { done: true, value: undefined } as const

interface Waiting {
  resolve (result: Result): void
  reject (err: Error): void
}

/**
 * What a chunk costs of the window: its length, and what keeping it costs besides.
 */
export function costOf (chunk: { byteLength: number }): number {
  return chunk.byteLength + CHUNK_OVERHEAD
}

/**
 * The chunks that come in on a streaming exchange: kept until they are taken, no more of them than a window.
 */
export class ChunkReader implements AsyncIterableIterator<Uint8Array, undefined> {
  /**
   * Told, from time to time, how much more the sender may send.
   */
  onTaken?: (cost: number) => void

  /**
   * Told when nobody wants any more of it, though there is more.
   */
  onReturn?: () => void

  #chunks: Uint8Array[] = []
  #waiting: Waiting[] = []
  #window = STREAM_WINDOW

  // what was taken since the sender was told
  #taken = 0
  #hasEnded = false
  #isDiscarding = false
  #error?: Error

  [Symbol.asyncIterator] (): this {
    return this
  }

  /**
   * @throws InvalidFrameError if the sender was not allowed to send as much
   */
  push (chunk: Uint8Array): void {
    const cost = costOf(chunk)

    if (cost > this.#window) {
      throw new InvalidFrameError('credit', `a chunk costs ${cost} where ${this.#window} are left`)
    }

    this.#window -= cost
    const waiting = this.#waiting.shift()

    if (this.#isOver) {
      return
    }

    if (waiting == null) {
      this.#chunks.push(toKeep(chunk))
    } else {
      waiting.resolve({ done: false, value: chunk })
      this.#take(chunk)
    }
  }

  /**
   * No more chunks come. What is there can still be taken.
   */
  end (): void {
    this.#hasEnded = true
    this.#finish()
  }

  /**
   * No more chunks come, and what is there is void. Without effect after {@link end}.
   */
  fail (err: Error): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true
      this.#error = err
      this.#chunks = []
      this.#waiting.splice(0).forEach(({ reject }) => { reject(err) })
    }
  }

  async next (): Promise<Result> {
    const chunk = this.#chunks.shift()

    if (chunk != null) {
      this.#take(chunk)

      return { done: false, value: chunk }
    }

    if (this.#error != null) {
      throw this.#error
    }

    if (this.#isOver) {
      return DONE
    }

    return new Promise((resolve, reject) => { this.#waiting.push({ resolve, reject }) })
  }

  /**
   * The consumer wants no more: called by `for await` when it is left early.
   */
  async return (): Promise<Result> {
    const isEarly = !this.#isOver
    this.#isDiscarding = true
    this.#chunks = []
    this.#finish()

    if (isEarly) {
      this.onReturn?.()
    }

    return DONE
  }

  /**
   * Whether what comes is not taken any more.
   */
  get #isOver (): boolean {
    return this.#hasEnded || this.#isDiscarding
  }

  #finish (): void {
    this.#waiting.splice(0).forEach(({ resolve }) => { resolve(DONE) })
  }

  #take (chunk: Uint8Array): void {
    this.#taken += costOf(chunk)

    if (this.#taken >= STREAM_WINDOW / 2 && !this.#hasEnded) {
      const taken = this.#taken
      this.#taken = 0
      this.#window += taken
      this.onTaken?.(taken)
    }
  }
}
