import { MAX_NAME_LENGTH } from './constants.ts'
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
  END: 7,
  CREDIT: 8,
  ACK: 9,
  OPEN: 10
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
 * Continues a request, a notification or a response; or is one piece of a streaming exchange.
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
 * Begins a streaming exchange: chunks in both directions, until each is ended.
 */
export interface OpenFrame {
  kind: typeof FrameKind.OPEN

  /**
   * As that of a request.
   */
  id: number

  /**
   * Milliseconds that the caller still waits, 1 to {@link MAX_TIMEOUT}.
   */
  timeout: number

  /**
   * Of the handler.
   */
  name: string
}

/**
 * Ends one direction of a streaming exchange in good order.
 */
export interface EndFrame {
  kind: typeof FrameKind.END
  id: number

  /**
   * Whether it ends the answer.
   */
  fromCallee: boolean
}

/**
 * Allows more to be sent on a streaming exchange, because so much was taken.
 */
export interface CreditFrame {
  kind: typeof FrameKind.CREDIT
  id: number

  /**
   * Whether it comes from the callee, and so is for what the caller sends.
   */
  fromCallee: boolean

  /**
   * Costs of chunks.
   */
  cost: number
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
export type ExchangeFrame = CallFrame | ResponseFrame | ChunkFrame | ErrorFrame | CancelFrame | OpenFrame | EndFrame | CreditFrame

/**
 * One frame, in any of its kinds.
 */
export type Frame = ExchangeFrame | AckFrame

/**
 * Flags: another part follows; the frame comes from the callee.
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
export const OPEN_HEADER = COMMON + 5
export const END_HEADER = COMMON + 1
export const CREDIT_HEADER = COMMON + 5

/**
 * Bytes that have to be at hand, from the kind on, to read a frame's header.
 */
export const MAX_HEADER_LENGTH = CALL_HEADER + MAX_NAME_LENGTH
