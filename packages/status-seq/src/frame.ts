import { Uint8ArrayList } from 'uint8arraylist'
import { MAX_FRAME_BYTES } from './constants.ts'
import { MalformedStatusError } from './errors.ts'

const LENGTH_BYTES = 4

/**
 * Puts a frame's length, a 32-bit big-endian number, before it.
 */
export function encodeFrame (body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + body.byteLength)

  new DataView(frame.buffer).setUint32(0, body.byteLength)
  frame.set(body, LENGTH_BYTES)

  return frame
}

/**
 * Cuts what arrives on a stream into frames, however it is split up. Total: any bytes give frames or an error.
 */
export class FrameDecoder {
  private readonly buffered = new Uint8ArrayList()
  private readonly maxBytes: number

  /**
   * @param maxBytes - longest frame
   */
  constructor (maxBytes = MAX_FRAME_BYTES) {
    this.maxBytes = maxBytes
  }

  /**
   * Takes bytes as they come. The caller holds the stream back while frames wait here.
   */
  push (bytes: Uint8Array | Uint8ArrayList): void {
    this.buffered.append(bytes)
  }

  /**
   * The next whole frame, without its length, or undefined until more has arrived.
   *
   * @throws MalformedStatusError if it is empty or longer than allowed: known from the length, before anything is collected
   */
  next (): Uint8Array | undefined {
    if (this.buffered.byteLength < LENGTH_BYTES) {
      return undefined
    }

    const length = this.buffered.getUint32(0)

    if (length === 0 || length > this.maxBytes) {
      throw new MalformedStatusError(`A frame has ${length} bytes; 1 to ${this.maxBytes} are allowed`)
    }

    if (this.buffered.byteLength < LENGTH_BYTES + length) {
      return undefined
    }

    const frame = this.buffered.slice(LENGTH_BYTES, LENGTH_BYTES + length)
    this.buffered.consume(LENGTH_BYTES + length)

    return frame
  }
}
