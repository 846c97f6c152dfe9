import { toString } from 'uint8arrays'
import { MAX_ERROR_TEXT_BYTES, MAX_FRAME_LENGTH, MAX_MESSAGE_SIZE_CEILING, MAX_PART_LENGTH, MAX_TIMEOUT, MIN_PART_LENGTH } from './constants.ts'
import { InvalidFrameError } from './errors.ts'
import { CALL_HEADER, CHUNK_HEADER, COMMON, CREDIT_HEADER, END_HEADER, ERROR_HEADER, FrameKind, FROM_CALLEE, MORE, OPEN_HEADER, RESPONSE_HEADER } from './frame.ts'
import { decodeName } from './names.ts'
import type { Frame, Part } from './frame.ts'

/**
 * Where the bytes of a frame's part are.
 */
export interface PartSource {
  /**
   * @param skip - how many bytes after the beginning of the frame's kind the part begins
   */
  partFrom(skip: number): Part
}

/**
 * Checks a frame's length field before anything is kept for the frame.
 *
 * @throws InvalidFrameError
 */
export function checkFrameLength (length: number): void {
  if (length < COMMON || length > MAX_FRAME_LENGTH) {
    throw new InvalidFrameError('length', `a frame of ${length} bytes; ${COMMON} to ${MAX_FRAME_LENGTH} are allowed`)
  }
}

/**
 * Reads a frame: total, any bytes give a frame or an {@link InvalidFrameError}. Every number is checked or clamped here.
 *
 * @param buf - holds the header, from the kind on, at `at`
 * @param length - of the frame, without its length field
 */
export function decodeFrame (buf: Uint8Array, at: number, length: number, source: PartSource): Frame {
  const kind = buf[at]
  const id = readUint32(buf, at + 1)
  const rest = at + COMMON

  switch (kind) {
    case FrameKind.REQUEST:
    case FrameKind.NOTIFICATION: {
      require(length, CALL_HEADER)
      const flags = readFlags(buf[rest], MORE)
      const more = (flags & MORE) !== 0
      const nameLength = buf[rest + 9]
      require(length, CALL_HEADER + nameLength)
      const partLength = length - CALL_HEADER - nameLength
      const total = checkStart(readUint32(buf, rest + 5), more, partLength)
      const timeout = readTimeout(buf, rest + 1)
      const name = decodeName(buf, rest + 10, nameLength)

      return { kind, id, more, timeout, total, name, part: source.partFrom(CALL_HEADER + nameLength) }
    }

    case FrameKind.RESPONSE: {
      require(length, RESPONSE_HEADER)
      const more = readFlags(buf[rest], MORE) === MORE
      const total = checkStart(readUint32(buf, rest + 1), more, length - RESPONSE_HEADER)

      return { kind, id, more, total, part: source.partFrom(RESPONSE_HEADER) }
    }

    case FrameKind.CHUNK: {
      require(length, CHUNK_HEADER)
      const flags = readFlags(buf[rest], MORE | FROM_CALLEE)
      const more = (flags & MORE) !== 0
      checkPart(more, length - CHUNK_HEADER)

      return { kind, id, more, fromCallee: (flags & FROM_CALLEE) !== 0, part: source.partFrom(CHUNK_HEADER) }
    }

    case FrameKind.ERROR: {
      require(length, ERROR_HEADER)

      if (length - ERROR_HEADER > MAX_ERROR_TEXT_BYTES) {
        throw new InvalidFrameError('length', `an explanation of ${length - ERROR_HEADER} bytes; ${MAX_ERROR_TEXT_BYTES} are allowed`)
      }

      return { kind, id, code: buf[rest] << 8 | buf[rest + 1], text: toString(source.partFrom(ERROR_HEADER).subarray()) }
    }

    case FrameKind.CANCEL:
      checkLength(length, COMMON, 'a cancel frame')

      return { kind, id }
    case FrameKind.OPEN: {
      require(length, OPEN_HEADER)
      const nameLength = buf[rest + 4]
      checkLength(length, OPEN_HEADER + nameLength, 'an open frame')

      return { kind, id, timeout: readTimeout(buf, rest), name: decodeName(buf, rest + 5, nameLength) }
    }

    case FrameKind.END:
      checkLength(length, END_HEADER, 'an end frame')

      return { kind, id, fromCallee: readFlags(buf[rest], FROM_CALLEE) !== 0 }
    case FrameKind.CREDIT:
      checkLength(length, CREDIT_HEADER, 'a credit frame')

      return { kind, id, fromCallee: readFlags(buf[rest], FROM_CALLEE) !== 0, cost: readUint32(buf, rest + 1) }
    case FrameKind.ACK:
      checkLength(length, COMMON, 'an ack frame')

      return { kind, bytes: id }
    default:
      throw new InvalidFrameError('kind', `${kind} is no kind of frame`)
  }
}

function require (length: number, needed: number): void {
  if (length < needed) {
    throw new InvalidFrameError('length', `a frame of ${length} bytes is too short for its fields, which take ${needed}`)
  }
}

function checkLength (length: number, expected: number, what: string): void {
  if (length !== expected) {
    throw new InvalidFrameError('length', `${what} of ${length} bytes; it has ${expected}`)
  }
}

function readTimeout (buf: Uint8Array, at: number): number {
  return Math.min(Math.max(readUint32(buf, at), 1), MAX_TIMEOUT)
}

function readFlags (flags: number, known: number): number {
  if ((flags & ~known) !== 0) {
    throw new InvalidFrameError('flags', `0x${flags.toString(16)} has bits without a meaning`)
  }

  return flags
}

function checkPart (more: boolean, partLength: number): void {
  if (partLength > MAX_PART_LENGTH) {
    throw new InvalidFrameError('part', `${partLength} bytes in one frame; ${MAX_PART_LENGTH} are allowed`)
  }

  if (more && partLength < MIN_PART_LENGTH) {
    throw new InvalidFrameError('part', `${partLength} bytes in a frame that is not the last of its message; at least ${MIN_PART_LENGTH} are asked for`)
  }
}

function checkStart (total: number, more: boolean, partLength: number): number {
  if (total > MAX_MESSAGE_SIZE_CEILING) {
    throw new InvalidFrameError('total', `a message of ${total} bytes; ${MAX_MESSAGE_SIZE_CEILING} are allowed`)
  }

  checkPart(more, partLength)

  if (more ? partLength >= total : partLength !== total) {
    throw new InvalidFrameError('part', `${more ? 'the first' : 'the only'} part of a message of ${total} bytes has ${partLength}`)
  }

  return total
}

/**
 * A number of four bytes, most significant first.
 */
export function readUint32 (buf: Uint8Array, at: number): number {
  return (buf[at] << 24 | buf[at + 1] << 16 | buf[at + 2] << 8 | buf[at + 3]) >>> 0
}
