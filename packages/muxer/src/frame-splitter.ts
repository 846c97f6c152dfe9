import { Uint8ArrayList } from 'uint8arraylist'
import { SMALL_FRAME } from './constants.ts'

/**
 * Bytes of a frame's header (github.com/hashicorp/yamux, `spec.md`, "Framing").
 */
export const HEADER_LENGTH = 12

/**
 * Types of frames.
 */
export const FrameType = { DATA: 0, WINDOW_UPDATE: 1, PING: 2, GO_AWAY: 3 } as const

/**
 * Flags of a frame: what it opens or accepts, and what it ends.
 */
export const Flag = { SYN: 1, ACK: 2, FIN: 4, RST: 8 } as const

/**
 * What the header of a frame says.
 */
export interface FrameHeader {
  type: number
  flags: number
  streamId: number

  /**
   * Bytes that follow, of a frame of data; a number of another meaning in all others.
   */
  length: number
}

const BEGINNING = Flag.SYN | Flag.ACK

/**
 * Takes bytes in pieces of any length, and hands on the frames that they are. A frame of data that is not complete is handed on as shorter ones, as much as there is at a time: so
 * nothing is kept of a frame that does not end, and who reads them sees at once that its stream's window is exceeded.
 */
export class FrameSplitter {
  readonly #onFrame: (bytes: Uint8Array | Uint8ArrayList) => void
  readonly #header = new Uint8Array(HEADER_LENGTH)
  #filled = 0

  // the frame of data that has begun, with the flags that are still to be told, and how many of its bytes are still to come
  #open: FrameHeader = { type: FrameType.DATA, flags: 0, streamId: 0, length: 0 }
  #left = 0

  /**
   * @param onFrame - called with all bytes of each frame
   */
  constructor (onFrame: (bytes: Uint8Array | Uint8ArrayList) => void) {
    this.#onFrame = onFrame
  }

  read (bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      at += this.#left > 0 ? this.#goOn(bytes.subarray(at)) : this.#filled > 0 ? this.#begin(bytes.subarray(at)) : this.#whole(bytes, at)
    }
  }

  /**
   * @returns how many bytes that took
   */
  #whole (bytes: Uint8Array, at: number): number {
    if (bytes.length - at >= HEADER_LENGTH) {
      const header = decodeHeader(bytes, at)
      const size = HEADER_LENGTH + dataOf(header, bytes[at])

      if (at + size <= bytes.length) {
        this.#onFrame(header.type === FrameType.DATA && size < bytes.length && size < SMALL_FRAME ? copy(bytes, at, size) : bytes.subarray(at, at + size))

        return size
      }
    }

    return this.#begin(bytes.subarray(at))
  }

  #begin (bytes: Uint8Array): number {
    const part = bytes.subarray(0, HEADER_LENGTH - this.#filled)

    this.#header.set(part, this.#filled)
    this.#filled += part.length

    if (this.#filled === HEADER_LENGTH) {
      this.#filled = 0
      this.#open = decodeHeader(this.#header, 0)
      this.#left = dataOf(this.#open, this.#header[0])

      if (this.#left === 0) {
        this.#onFrame(this.#header.slice())
      }
    }

    return part.length
  }

  #goOn (bytes: Uint8Array): number {
    const data = bytes.subarray(0, this.#left)
    const { flags, streamId } = this.#open

    this.#left -= data.length

    // what begins is told first, and what ends last
    const told = this.#left === 0 ? flags : flags & BEGINNING
    const header = { type: FrameType.DATA, flags: told, streamId, length: data.length }

    this.#open.flags &= ~told
    this.#onFrame(new Uint8ArrayList(encodeHeader(header), data.length < SMALL_FRAME ? copy(data, 0, data.length) : data))

    return data.length
  }
}

/**
 * @param version - of a later one nothing is known but the header, which whoever reads it refuses
 */
function dataOf ({ type, length }: FrameHeader, version: number): number {
  return type === FrameType.DATA && version === 0 ? length : 0
}

function decodeHeader (bytes: Uint8Array, at: number): FrameHeader {
  return { type: bytes[at + 1], flags: bytes[at + 2] << 8 | bytes[at + 3], streamId: numberAt(bytes, at + 4), length: numberAt(bytes, at + 8) }
}

function encodeHeader ({ type, flags, streamId, length }: FrameHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH)
  const view = new DataView(bytes.buffer)

  view.setUint8(1, type)
  view.setUint16(2, flags)
  view.setUint32(4, streamId)
  view.setUint32(8, length)

  return bytes
}

function numberAt (bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0
}

/**
 * A view, however short, would keep all the bytes that came with it.
 */
function copy (bytes: Uint8Array, at: number, length: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, at, at + length)
}
