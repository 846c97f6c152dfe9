import { fromString } from 'uint8arrays'
import { explain } from './errors.ts'
import { FrameKind } from './frame.ts'
import type { Node } from './list.ts'

/**
 * Kinds of frame that begin something; chunks only go on.
 */
export type MessageKind = Exclude<typeof FrameKind[keyof typeof FrameKind], typeof FrameKind.CHUNK>

const EMPTY = new Uint8Array()

/**
 * Something on its way to a peer: a request, a notification, an answer, an error, a cancellation.
 */
export class OutgoingMessage {
  /**
   * Bytes that were put into frames already.
   */
  offset = 0

  /**
   * Whether its first frame was written.
   */
  begun = false

  /**
   * Its place in the queue.
   */
  node?: Node<OutgoingMessage>

  /**
   * In milliseconds, on the clock of the node; requests and notifications only.
   */
  deadline = 0

  /**
   * @param id - of the exchange; a request or notification is given its own when its first frame is written
   * @param data - sent as it is then, not copied
   * @param name - of the handler, for requests and notifications
   * @param code - for errors
   */
  constructor (readonly kind: MessageKind, public id: number, readonly data: Uint8Array, readonly name: Uint8Array = EMPTY, readonly code = 0) {}

  /**
   * Whether the peer began the exchange that it belongs to.
   */
  get isAnswer (): boolean {
    return this.kind === FrameKind.RESPONSE || this.kind === FrameKind.ERROR
  }
}

/**
 * The answer to a request.
 */
export function responseMessage (id: number, data: Uint8Array): OutgoingMessage {
  return new OutgoingMessage(FrameKind.RESPONSE, id, data)
}

/**
 * The end of a request that has no answer.
 *
 * @param code - see `ErrorCode`
 */
export function errorMessage (id: number, code: number, text: string): OutgoingMessage {
  return new OutgoingMessage(FrameKind.ERROR, id, fromString(explain(text)), EMPTY, code)
}

/**
 * Tells the peer how much more of what it sent was read. The number has the place of an exchange's id.
 */
export function ackMessage (bytes: number): OutgoingMessage {
  return new OutgoingMessage(FrameKind.ACK, bytes, EMPTY)
}

/**
 * Tells the peer that nobody waits for a request, or that a notification will not be completed.
 */
export function cancelMessage (id: number): OutgoingMessage {
  return new OutgoingMessage(FrameKind.CANCEL, id, EMPTY)
}
