import { Uint8ArrayList } from 'uint8arraylist'
import { allocUnsafe } from 'uint8arrays/alloc'
import { INLINE_LENGTH, MAX_NAME_LENGTH, SLAB_LENGTH } from './constants.ts'
import { writeCallHeader, writeChunkHeader, writeCredit, writeEnd, writeErrorHeader, writeOpen, writeResponseHeader, writeShort } from './frame-header.ts'
import { CALL_HEADER, FrameKind, LENGTH_FIELD } from './frame.ts'
import type { OutgoingMessage } from './message.ts'

const MAX_WRITTEN = LENGTH_FIELD + CALL_HEADER + MAX_NAME_LENGTH + INLINE_LENGTH

/**
 * Turns parts of messages into one batch of frames: headers and small parts lie beside each other in memory, large parts stay
 * where they are. One writer serves any number of streams, because a batch is written without a pause.
 */
export class FrameWriter {
  #slab = new Uint8Array()

  // what of the slab is used, and what of that is not in the batch yet
  #at = 0
  #from = 0
  #batch: Uint8Array[] = []
  #length = 0

  /**
   * Bytes of the batch so far.
   */
  get length (): number {
    return this.#length
  }

  /**
   * Adds the next part of a message: the frame that begins it, or a chunk.
   *
   * @param now - in milliseconds: a request says how long its caller still waits
   */
  write (message: OutgoingMessage, part: Uint8Array, more: boolean, now: number): void {
    if (this.#slab.length - this.#at < MAX_WRITTEN) {
      this.#flush()
      // what was handed out of the old one stays in use until it is sent
      this.#slab = allocUnsafe(SLAB_LENGTH)
      this.#at = this.#from = 0
    }

    const end = this.#header(message, part.length, more, now)
    this.#length += end - this.#at + part.length
    this.#at = end

    if (part.length <= INLINE_LENGTH) {
      this.#slab.set(part, this.#at)
      this.#at += part.length
    } else {
      this.#flush()
      this.#batch.push(part)
    }
  }

  /**
   * The batch; the next one begins empty.
   */
  finish (): Uint8Array | Uint8ArrayList {
    this.#flush()
    const batch = this.#batch
    this.#batch = []
    this.#length = 0

    return batch.length === 1 ? batch[0] : new Uint8ArrayList(...batch)
  }

  #header (message: OutgoingMessage, length: number, more: boolean, now: number): number {
    const { kind, id } = message

    if (message.offset > 0) {
      return writeChunkHeader(this.#slab, this.#at, id, more, kind === FrameKind.RESPONSE, length)
    }

    switch (kind) {
      case FrameKind.RESPONSE:
        return writeResponseHeader(this.#slab, this.#at, id, more, message.data.length, length)
      case FrameKind.ERROR:
        return writeErrorHeader(this.#slab, this.#at, id, message.value, length)
      case FrameKind.CHUNK:
        return writeChunkHeader(this.#slab, this.#at, id, false, message.fromCallee, length)
      case FrameKind.END:
        return writeEnd(this.#slab, this.#at, id, message.fromCallee)
      case FrameKind.CREDIT:
        return writeCredit(this.#slab, this.#at, id, message.fromCallee, message.value)
      case FrameKind.CANCEL:
      case FrameKind.ACK:
        return writeShort(this.#slab, this.#at, kind, id)
      default: {
        const timeout = Math.max(Math.ceil(message.deadline - now), 1)

        return kind === FrameKind.OPEN
          ? writeOpen(this.#slab, this.#at, id, timeout, message.name)
          : writeCallHeader(this.#slab, this.#at, kind, id, more, timeout, message.data.length, message.name, length)
      }
    }
  }

  #flush (): void {
    if (this.#at > this.#from) {
      this.#batch.push(this.#slab.subarray(this.#from, this.#at))
      this.#from = this.#at
    }
  }
}
