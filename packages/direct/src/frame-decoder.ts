import { Uint8ArrayList } from 'uint8arraylist'
import { checkFrameLength, decodeFrame, readUint32 } from './decode-frame.ts'
import { LENGTH_FIELD, MAX_HEADER_LENGTH } from './frame.ts'
import type { PartSource } from './decode-frame.ts'
import type { Frame, Part } from './frame.ts'

/**
 * Cuts a stream of bytes, however it is split, into frames. It keeps what it was given and copies headers at most: parts are
 * views of what came in. What it holds is bounded by whoever feeds it, who stops when {@link next} is not called.
 */
export class FrameDecoder implements PartSource {
  #chunks: Uint8Array[] = []

  // the first chunk that is not used up, and where its unread bytes begin
  #index = 0
  #offset = 0
  #length = 0
  #frameLength = 0

  /**
   * Bytes that were given and did not come out in a frame yet.
   */
  get byteLength (): number {
    return this.#length
  }

  push (data: Uint8Array | Uint8ArrayList): void {
    if (data instanceof Uint8Array) {
      this.#add(data)

      return
    }

    for (const chunk of data) {
      this.#add(chunk)
    }
  }

  /**
   * The next frame, or undefined until there is a whole one.
   *
   * @throws InvalidFrameError if the bytes are no frame; the decoder is of no use any more then
   */
  next (): Frame | undefined {
    if (this.#length < LENGTH_FIELD) {
      return
    }

    const head = this.#chunks[this.#index]
    const isWhole = head.length - this.#offset >= LENGTH_FIELD
    const length = isWhole ? readUint32(head, this.#offset) : readUint32(this.#copy(LENGTH_FIELD), 0)
    checkFrameLength(length)

    if (this.#length < LENGTH_FIELD + length) {
      return
    }

    this.#frameLength = length
    const frame = head.length - this.#offset >= LENGTH_FIELD + length
      ? decodeFrame(head, this.#offset + LENGTH_FIELD, length, this)
      : decodeFrame(this.#copy(LENGTH_FIELD + Math.min(length, MAX_HEADER_LENGTH)), LENGTH_FIELD, length, this)
    this.#consume(LENGTH_FIELD + length)

    return frame
  }

  partFrom (skip: number): Part {
    const head = this.#chunks[this.#index]
    const from = this.#offset + LENGTH_FIELD + skip
    const end = this.#offset + LENGTH_FIELD + this.#frameLength

    return end <= head.length ? head.subarray(from, end) : this.#list(LENGTH_FIELD + skip, this.#frameLength - skip)
  }

  #add (chunk: Uint8Array): void {
    if (chunk.length > 0) {
      this.#chunks.push(chunk)
      this.#length += chunk.length
    }
  }

  #copy (length: number): Uint8Array {
    const to = new Uint8Array(length)
    let at = 0

    for (const piece of this.#list(0, length)) {
      to.set(piece, at)
      at += piece.length
    }

    return to
  }

  #list (skip: number, length: number): Uint8ArrayList {
    const list = new Uint8ArrayList()
    let index = this.#index
    let from = this.#offset + skip

    while (length > 0) {
      const chunk = this.#chunks[index++]

      if (from < chunk.length) {
        const piece = chunk.subarray(from, from + length)
        list.append(piece)
        length -= piece.length
      }

      from = Math.max(from - chunk.length, 0)
    }

    return list
  }

  #consume (length: number): void {
    this.#length -= length
    this.#offset += length

    while (this.#index < this.#chunks.length && this.#offset >= this.#chunks[this.#index].length) {
      this.#offset -= this.#chunks[this.#index++].length
    }

    // not with each chunk: moving the rest of the array to the front takes time
    if (this.#index === this.#chunks.length) {
      this.#chunks = []
      this.#index = 0
    } else if (this.#index >= 64) {
      this.#chunks.splice(0, this.#index)
      this.#index = 0
    }
  }
}
