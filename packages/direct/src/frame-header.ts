import { fromString } from 'uint8arrays'
import { CALL_HEADER, CHUNK_HEADER, COMMON, CREDIT_HEADER, END_HEADER, ERROR_HEADER, FrameKind, FROM_CALLEE, LENGTH_FIELD, MAX_HEADER_LENGTH, MORE, OPEN_HEADER, RESPONSE_HEADER } from './frame.ts'
import type { Frame } from './frame.ts'

/**
 * Writes what comes before the part of a request or a notification.
 *
 * @returns where the part begins
 */
export function writeCallHeader (to: Uint8Array, at: number, kind: number, id: number, more: boolean, timeout: number, total: number, name: Uint8Array, partLength: number): number {
  at = writeCommon(to, at, CALL_HEADER + name.length + partLength, kind, id)
  to[at] = more ? MORE : 0
  writeUint32(to, at + 1, timeout)
  writeUint32(to, at + 5, total)
  to[at + 9] = name.length
  to.set(name, at + 10)

  return at + 10 + name.length
}

/**
 * Writes what comes before the part of a response.
 *
 * @returns where the part begins
 */
export function writeResponseHeader (to: Uint8Array, at: number, id: number, more: boolean, total: number, partLength: number): number {
  at = writeCommon(to, at, RESPONSE_HEADER + partLength, FrameKind.RESPONSE, id)
  to[at] = more ? MORE : 0
  writeUint32(to, at + 1, total)

  return at + 5
}

/**
 * Writes what comes before the part of a chunk.
 *
 * @returns where the part begins
 */
export function writeChunkHeader (to: Uint8Array, at: number, id: number, more: boolean, fromCallee: boolean, partLength: number): number {
  at = writeCommon(to, at, CHUNK_HEADER + partLength, FrameKind.CHUNK, id)
  to[at] = (more ? MORE : 0) | (fromCallee ? FROM_CALLEE : 0)

  return at + 1
}

/**
 * Writes what comes before the text of an error.
 *
 * @returns where the text begins
 */
export function writeErrorHeader (to: Uint8Array, at: number, id: number, code: number, textLength: number): number {
  at = writeCommon(to, at, ERROR_HEADER + textLength, FrameKind.ERROR, id)
  to[at] = code >>> 8
  to[at + 1] = code

  return at + 2
}

/**
 * Writes a whole frame that has one number: the id of the exchange that is cancelled, or the bytes that are acknowledged.
 *
 * @returns where the next frame begins
 */
export function writeShort (to: Uint8Array, at: number, kind: typeof FrameKind.CANCEL | typeof FrameKind.ACK, number: number): number {
  return writeCommon(to, at, COMMON, kind, number)
}

/**
 * Writes a whole open frame.
 *
 * @returns where the next frame begins
 */
export function writeOpen (to: Uint8Array, at: number, id: number, timeout: number, name: Uint8Array): number {
  at = writeCommon(to, at, OPEN_HEADER + name.length, FrameKind.OPEN, id)
  writeUint32(to, at, timeout)
  to[at + 4] = name.length
  to.set(name, at + 5)

  return at + 5 + name.length
}

/**
 * Writes a whole end frame.
 *
 * @returns where the next frame begins
 */
export function writeEnd (to: Uint8Array, at: number, id: number, fromCallee: boolean): number {
  at = writeCommon(to, at, END_HEADER, FrameKind.END, id)
  to[at] = fromCallee ? FROM_CALLEE : 0

  return at + 1
}

/**
 * Writes a whole credit frame.
 *
 * @returns where the next frame begins
 */
export function writeCredit (to: Uint8Array, at: number, id: number, fromCallee: boolean, cost: number): number {
  at = writeCommon(to, at, CREDIT_HEADER, FrameKind.CREDIT, id)
  to[at] = fromCallee ? FROM_CALLEE : 0
  writeUint32(to, at + 1, cost)

  return at + 5
}

/**
 * One frame as it travels. The sending path writes headers into shared memory instead; this is for tools and tests.
 */
export function encodeFrame (frame: Frame): Uint8Array {
  const part = 'part' in frame ? frame.part.subarray() : 'text' in frame ? fromString(frame.text) : new Uint8Array()
  const to = new Uint8Array(LENGTH_FIELD + MAX_HEADER_LENGTH + part.length)
  const end = writeHeader(to, frame, part.length)
  to.set(part, end)

  return to.subarray(0, end + part.length)
}

function writeHeader (to: Uint8Array, frame: Frame, length: number): number {
  switch (frame.kind) {
    case FrameKind.RESPONSE:
      return writeResponseHeader(to, 0, frame.id, frame.more, frame.total, length)
    case FrameKind.CHUNK:
      return writeChunkHeader(to, 0, frame.id, frame.more, frame.fromCallee, length)
    case FrameKind.ERROR:
      return writeErrorHeader(to, 0, frame.id, frame.code, length)
    case FrameKind.CANCEL:
      return writeShort(to, 0, frame.kind, frame.id)
    case FrameKind.OPEN:
      return writeOpen(to, 0, frame.id, frame.timeout, fromString(frame.name))
    case FrameKind.END:
      return writeEnd(to, 0, frame.id, frame.fromCallee)
    case FrameKind.CREDIT:
      return writeCredit(to, 0, frame.id, frame.fromCallee, frame.cost)
    case FrameKind.ACK:
      return writeShort(to, 0, frame.kind, frame.bytes)
    default:
      return writeCallHeader(to, 0, frame.kind, frame.id, frame.more, frame.timeout, frame.total, fromString(frame.name), length)
  }
}

function writeCommon (to: Uint8Array, at: number, length: number, kind: number, id: number): number {
  writeUint32(to, at, length)
  to[at + 4] = kind
  writeUint32(to, at + 5, id)

  return at + LENGTH_FIELD + COMMON
}

function writeUint32 (to: Uint8Array, at: number, value: number): void {
  to[at] = value >>> 24
  to[at + 1] = value >>> 16
  to[at + 2] = value >>> 8
  to[at + 3] = value
}
