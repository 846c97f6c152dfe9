import { allocUnsafe } from 'uint8arrays/alloc'
import { InvalidFrameError } from './errors.ts'
import type { Part } from './frame.ts'

const FIRST_CAPACITY = 256 * 1024
const GROWTH = 4

/**
 * Puts a message together from its parts. Memory follows what has arrived (four times that at most), not what was announced.
 */
export class Assembly<Head> {
  #bytes?: Uint8Array
  #received = 0
  #isDiscarded = false

  /**
   * @param head - what is known about the message since its first frame
   * @param total - its length as announced
   */
  constructor (readonly head: Head, readonly total: number) {}

  /**
   * What has arrived; all of it once `add` was told that no part follows.
   */
  get bytes (): Uint8Array {
    return this.#bytes ?? new Uint8Array()
  }

  /**
   * Whether nobody is interested in the message any more: its parts are checked and dropped.
   */
  get isDiscarded (): boolean {
    return this.#isDiscarded
  }

  discard (): void {
    this.#isDiscarded = true
    this.#bytes = undefined
  }

  /**
   * @param more - whether the sender says that another part follows
   * @throws InvalidFrameError if the part does not fit what was announced
   */
  add (part: Part, more: boolean): void {
    const received = this.#received + part.byteLength

    if (more ? received >= this.total : received !== this.total) {
      throw new InvalidFrameError('part', `a message of ${this.total} bytes ${more ? 'goes on' : 'ends'} after ${received}`)
    }

    if (!this.#isDiscarded) {
      const bytes = this.#reserve(received)
      let at = this.#received

      for (const piece of part instanceof Uint8Array ? [part] : part) {
        bytes.set(piece, at)
        at += piece.length
      }
    }

    this.#received = received
  }

  #reserve (length: number): Uint8Array {
    if (this.#bytes == null || this.#bytes.length < length) {
      const bytes = allocUnsafe(Math.min(this.total, Math.max(FIRST_CAPACITY, GROWTH * length)))

      if (this.#bytes != null) {
        bytes.set(this.#bytes.subarray(0, this.#received))
      }

      this.#bytes = bytes
    }

    return this.#bytes
  }
}
