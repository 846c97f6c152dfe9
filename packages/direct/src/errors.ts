import { abbreviate, printable } from '@fisco-libp2p/identity'
import { UnsupportedProtocolError } from '@libp2p/interface'
import { DIRECT_PROTOCOL, MAX_ERROR_TEXT } from './constants.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * There is no connection to the node. Nothing was sent.
 */
export class NotConnectedError extends Error {
  static name = 'NotConnectedError'

  constructor (readonly nodeId: NodeId) {
    super(`Node ${abbreviate(nodeId)} is not connected: see that it runs and that its address is among the peers to dial`)
    this.name = 'NotConnectedError'
  }
}

/**
 * The node has no handler of the name of a request.
 */
export class NoSuchHandlerError extends Error {
  static name = 'NoSuchHandlerError'

  constructor (readonly nodeId: NodeId, readonly handler: string, reason = 'it may run another version, or not have registered it yet') {
    super(`Node ${abbreviate(nodeId)} has no handler "${printable(handler)}" for this: ${reason}`)
    this.name = 'NoSuchHandlerError'
  }
}

/**
 * The handler threw. What it said is bounded and free of control characters.
 */
export class HandlerFailedError extends Error {
  static name = 'HandlerFailedError'

  /**
   * @param reason - what the handler said, made {@link printable}
   */
  constructor (readonly nodeId: NodeId, readonly handler: string, readonly reason: string) {
    super(`Handler "${printable(handler)}" of node ${abbreviate(nodeId)} failed: ${reason}`)
    this.name = 'HandlerFailedError'
  }
}

/**
 * A request, notification or answer is longer than one of both nodes takes.
 */
export class MessageTooLargeError extends Error {
  static name = 'MessageTooLargeError'

  constructor (message: string) {
    super(message)
    this.name = 'MessageTooLargeError'
  }
}

/**
 * No answer in time. The node was told that none is needed any more.
 */
export class RequestTimeoutError extends Error {
  static name = 'RequestTimeoutError'

  /**
   * @param timeout - in milliseconds
   */
  constructor (readonly nodeId: NodeId, readonly handler: string, readonly timeout: number) {
    super(`"${printable(handler)}" of node ${abbreviate(nodeId)} took more than ${timeout} ms`)
    this.name = 'RequestTimeoutError'
  }
}

/**
 * The stream or the connection ended. A request that was under way may have been handled, or not.
 */
export class ConnectionLostError extends Error {
  static name = 'ConnectionLostError'

  constructor (readonly nodeId: NodeId, reason: string, options?: ErrorOptions) {
    super(`The connection to node ${abbreviate(nodeId)} was lost: ${reason}`, options)
    this.name = 'ConnectionLostError'
  }
}

/**
 * More requests are under way than a node allows: this one for its own, or the other one for those that it serves.
 */
export class TooManyRequestsError extends Error {
  static name = 'TooManyRequestsError'

  constructor (readonly nodeId: NodeId, reason: string) {
    super(`Too many requests to node ${abbreviate(nodeId)}: ${reason}`)
    this.name = 'TooManyRequestsError'
  }
}

/**
 * More is waiting to be sent than the queue to a node holds: it reads more slowly than this node sends.
 */
export class QueueFullError extends Error {
  static name = 'QueueFullError'

  constructor (readonly nodeId: NodeId, reason: string) {
    super(`The queue to node ${abbreviate(nodeId)} is full: ${reason}`)
    this.name = 'QueueFullError'
  }
}

/**
 * Which rule of the protocol a frame breaks. The names are stable: they appear in errors, metrics and docs/PROTOCOLS.md.
 *
 * - `length`: a frame is longer than the limit, or too short for its fields
 * - `kind`: there is no such kind of frame
 * - `flags`: a bit is set that has no meaning
 * - `name`: a handler's name is empty or not UTF-8
 * - `id`: an exchange is begun out of turn, begun twice, or was never begun
 * - `total`: a message is longer than 100 MiB
 * - `part`: a part does not fit the total, or is too short for one that is not the last
 * - `chunk`: a chunk continues nothing
 * - `unfinished`: too many messages are under way at once
 * - `unread`: answers are not read
 * - `credit`: more is sent on a streaming exchange, or allowed to be, than there is room for
 * - `ack`: more is acknowledged than was sent
 */
export type FrameRule = 'length' | 'kind' | 'flags' | 'name' | 'id' | 'total' | 'part' | 'chunk' | 'unfinished' | 'unread' | 'credit' | 'ack'

/**
 * The other side broke a rule of the protocol: the stream is closed, the connection is not.
 */
export class InvalidFrameError extends Error {
  static name = 'InvalidFrameError'

  constructor (readonly rule: FrameRule, what: string) {
    super(`Invalid frame: ${rule}: ${what}`)
    this.name = 'InvalidFrameError'
  }
}

/**
 * Why an exchange has no answer, as it travels in an error frame.
 */
export const ErrorCode = {
  NO_SUCH_HANDLER: 1,
  HANDLER_FAILED: 2,
  REQUEST_TOO_LARGE: 3,
  ANSWER_TOO_LARGE: 4,
  TIMEOUT: 5,
  CANCELLED: 6,
  TOO_MANY_REQUESTS: 7
} as const

/**
 * What the caller of a request is told when an error frame comes.
 *
 * @param code - of {@link ErrorCode}; any other is taken as a failure of the handler
 * @param text - what the other side says; made printable here
 */
export function errorOf (code: number, text: string, nodeId: NodeId, handler: string, timeout: number): Error {
  switch (code) {
    case ErrorCode.NO_SUCH_HANDLER:
      return new NoSuchHandlerError(nodeId, handler, text === '' ? undefined : explain(text))
    case ErrorCode.REQUEST_TOO_LARGE:
      return new MessageTooLargeError(`Node ${abbreviate(nodeId)} does not take a request of this size: ${explain(text)}`)
    case ErrorCode.ANSWER_TOO_LARGE:
      return new MessageTooLargeError(`The answer of node ${abbreviate(nodeId)} is too large to be sent: ${explain(text)}`)
    case ErrorCode.TIMEOUT:
      return new RequestTimeoutError(nodeId, handler, timeout)
    case ErrorCode.TOO_MANY_REQUESTS:
      return new TooManyRequestsError(nodeId, explain(text))
    case ErrorCode.HANDLER_FAILED:
      return new HandlerFailedError(nodeId, handler, explain(text))
    default:
      return new HandlerFailedError(nodeId, handler, `error ${code}: ${explain(text)}`)
  }
}

/**
 * An explanation that is safe to show and to send: bounded, no control characters.
 */
export function explain (text: string): string {
  // the mark of what was cut counts too
  return printable(text, MAX_ERROR_TEXT - 1)
}

/**
 * What the end of a stream, or of opening one, means for what was to go over it: the connection was lost, or the node is connected and has no unicast,
 * which an early stream hears only when it is open.
 *
 * @param reason - why, if the cause is not to speak for itself
 */
export function lossOf (nodeId: NodeId, cause?: Error, reason = cause?.message ?? 'the stream was closed'): Error {
  return cause?.name === 'UnsupportedProtocolError'
    ? new UnsupportedProtocolError(`Node ${abbreviate(nodeId)} does not speak ${DIRECT_PROTOCOL}`)
    : new ConnectionLostError(nodeId, reason, { cause })
}

/**
 * What a handler threw can be anything.
 */
export function messageOf (err: unknown): string {
  try {
    return err instanceof Error ? err.message : String(err)
  } catch {
    return 'it threw something that cannot be shown'
  }
}
