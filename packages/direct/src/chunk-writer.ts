import { costOf } from './chunk-reader.ts'
import { MAX_PART_LENGTH, STREAM_WINDOW } from './constants.ts'
import { InvalidFrameError } from './errors.ts'

/**
 * Sends what an iterable gives on a streaming exchange, as far as the other side allows.
 */
export class ChunkWriter {
  readonly #write: (chunk: Uint8Array) => Promise<void> | undefined
  #credit = STREAM_WINDOW
  #isStopped = false
  #wake?: () => void

  /**
   * @param write - takes a chunk of at most a part; says when the next one may follow, if not at once
   */
  constructor (write: (chunk: Uint8Array) => Promise<void> | undefined) {
    this.#write = write
  }

  /**
   * The other side allows more.
   *
   * @throws InvalidFrameError if that is more than it was sent
   */
  grant (cost: number): void {
    this.#credit += cost

    if (this.#credit > STREAM_WINDOW) {
      throw new InvalidFrameError('credit', `${this.#credit} are allowed; a window is ${STREAM_WINDOW}`)
    }

    this.#wake?.()
  }

  /**
   * Sends nothing more. The iterable is ended when it gives its next chunk.
   */
  stop (): void {
    this.#isStopped = true
    this.#wake?.()
  }

  /**
   * @returns when the iterable has ended and all was handed over, or after {@link stop}
   * @throws what the iterable throws; TypeError if it gives something else than bytes
   */
  async pump (source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    for await (const bytes of source) {
      if (!(bytes instanceof Uint8Array)) {
        throw new TypeError('a chunk of a stream must be a Uint8Array')
      }

      for (let at = 0; at < bytes.byteLength && !this.#isStopped;) {
        const chunk = bytes.subarray(at, at + MAX_PART_LENGTH)
        at += chunk.byteLength
        await this.#send(chunk)
      }

      if (this.#isStopped) {
        return
      }
    }
  }

  async #send (chunk: Uint8Array): Promise<void> {
    const cost = costOf(chunk)

    while (this.#credit < cost && !this.#isStopped) {
      await new Promise<void>(resolve => { this.#wake = resolve })
    }

    if (!this.#isStopped) {
      this.#credit -= cost
      await this.#write(chunk)
    }
  }
}
