import type { FrameHeader } from '../../src/frame-splitter.ts'

/**
 * A frame of yamux, as it travels.
 *
 * @param bytes - how many of its data come
 */
export function frame ({ type, flags, streamId, length }: FrameHeader, bytes = type === 0 ? length : 0): Buffer {
  const encoded = Buffer.alloc(12 + bytes)

  encoded[1] = type
  encoded.writeUInt16BE(flags, 2)
  encoded.writeUInt32BE(streamId, 4)
  encoded.writeUInt32BE(length, 8)

  return encoded
}
