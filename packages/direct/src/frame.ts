import { toString } from 'uint8arrays'
import { MAX_ERROR_TEXT_BYTES, MAX_FRAME_LENGTH, MAX_MESSAGE_SIZE_CEILING, MAX_NAME_LENGTH, MAX_PART_LENGTH, MAX_TIMEOUT, MIN_PART_LENGTH } from './constants.ts'
import { InvalidFrameError } from './errors.ts'
import { decodeName } from './names.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * What a frame is: its first byte after the length.
 */
export const FrameKind = {
  REQUEST: 1,
  RESPONSE: 2,
  CHUNK: 3,
  ERROR: 4,
  NOTIFICATION: 5,
  CANCEL: 6,
  ACK: 9
} as const

/**
 * Bytes of a message, or of a part of one. A list where they came in more than one piece.
 */
export type Part = Uint8Array | Uint8ArrayList

/**
 * Begins a request, or a notification (which has no answer).
 */
export interface CallFrame {
  kind: typeof FrameKind.REQUEST | typeof FrameKind.NOTIFICATION

  /**
   * Chosen by the caller: counts up by one, modulo 2^32, with each request and notification that it begins on a stream.
   */
  id: number

  /**
   * Whether chunks follow.
   */
  more: boolean

  /**
   * Milliseconds that the caller still waits, 1 to {@link MAX_TIMEOUT}.
   */
  timeout: number

  /**
   * Length of the whole message.
   */
  total: number

  /**
   * Of the handler.
   */
  name: string

  part: Part
}

/**
 * Begins the answer to a request.
 */
export interface ResponseFrame {
  kind: typeof FrameKind.RESPONSE
  id: number
  more: boolean
  total: number
  part: Part
}

/**
 * Continues a request, a notification or a response.
 */
export interface ChunkFrame {
  kind: typeof FrameKind.CHUNK
  id: number
  more: boolean

  /**
   * Whether it continues the answer to an exchange that the receiver of the chunk began.
   */
  fromCallee: boolean

  part: Part
}

/**
 * Ends a request without an answer, or with a part of one that is void.
 */
export interface ErrorFrame {
  kind: typeof FrameKind.ERROR
  id: number

  /**
   * See `ErrorCode`.
   */
  code: number

  /**
   * For people; untrusted.
   */
  text: string
}

/**
 * The caller does not wait any more; what it did not finish sending is void.
 */
export interface CancelFrame {
  kind: typeof FrameKind.CANCEL
  id: number
}

/**
 * Says how much more of what was sent on the stream was read.
 */
export interface AckFrame {
  kind: typeof FrameKind.ACK

  /**
   * Of the frames, with their length fields.
   */
  bytes: number
}

/**
 * A frame that belongs to an exchange.
 */
export type ExchangeFrame = CallFrame | ResponseFrame | ChunkFrame | ErrorFrame | CancelFrame

/**
 * One frame, in any of its kinds.
 */
export type Frame = ExchangeFrame | AckFrame

/**
 * Flags: another part follows; a chunk belongs to an answer.
 */
export const MORE = 1
export const FROM_CALLEE = 2

/**
 * Bytes of the length field, which does not count itself.
 */
export const LENGTH_FIELD = 4

/**
 * Bytes of kind and id, which every frame has, and of each kind's header with them.
 */
export const COMMON = 5
export const CALL_HEADER = COMMON + 10
export const RESPONSE_HEADER = COMMON + 5
export const CHUNK_HEADER = COMMON + 1
export const ERROR_HEADER = COMMON + 2

/**
 * Bytes that have to be at hand, from the kind on, to read a frame's header.
 */
export const MAX_HEADER_LENGTH = CALL_HEADER + MAX_NAME_LENGTH

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
      const nameLength = buf[rest + 9]
      require(length, CALL_HEADER + nameLength)
      const partLength = length - CALL_HEADER - nameLength
      const total = checkStart(readUint32(buf, rest + 5), flags === MORE, partLength)
      const timeout = Math.min(Math.max(readUint32(buf, rest + 1), 1), MAX_TIMEOUT)
      const name = decodeName(buf, rest + 10, nameLength)

      return { kind, id, more: flags === MORE, timeout, total, name, part: source.partFrom(CALL_HEADER + nameLength) }
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
