import { fromString } from 'uint8arrays'
import { explain } from './errors.ts'
import { FrameKind } from './frame.ts'
import type { Node } from './list.ts'

/**
 * Kinds of frame; a chunk that only goes on with a message has the message's.
 */
export type MessageKind = typeof FrameKind[keyof typeof FrameKind]

const EMPTY = new Uint8Array()

/**
 * Something on its way to a peer: a request, a notification, the beginning of a streaming exchange, an answer, an error, a piece of a streaming exchange, what is said about them.
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
   * In milliseconds, on the clock of the node; those that begin an exchange only.
   */
  deadline = 0

  /**
   * Whether it comes from the callee; chunks, ends and credits only.
   */
  fromCallee = false

  /**
   * Told when it was handed to the stream; pieces only.
   */
  onSent?: () => void

  /**
   * @param id - of the exchange; a request or notification is given its own when its first frame is written
   * @param data - sent as it is then, not copied
   * @param name - of the handler, for requests and notifications
   * @param value - the code of an error, the cost of a credit
   */
  constructor (readonly kind: MessageKind, public id: number, readonly data: Uint8Array, readonly name: Uint8Array = EMPTY, readonly value = 0) {}

  /**
   * Whether it is a piece of a streaming exchange, or the end of its pieces.
   */
  get isPiece (): boolean {
    return this.kind === FrameKind.CHUNK || this.kind === FrameKind.END
  }

  /**
   * Whether the peer began the exchange that it belongs to.
   */
  get isAnswer (): boolean {
    return this.kind === FrameKind.RESPONSE || this.kind === FrameKind.ERROR || this.fromCallee
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
 * A piece of a streaming exchange.
 */
export function chunkMessage (id: number, fromCallee: boolean, data: Uint8Array): OutgoingMessage {
  return streamingMessage(FrameKind.CHUNK, id, fromCallee, data)
}

/**
 * The end of one direction of a streaming exchange.
 */
export function endMessage (id: number, fromCallee: boolean): OutgoingMessage {
  return streamingMessage(FrameKind.END, id, fromCallee)
}

/**
 * Allows the peer to send more on a streaming exchange.
 */
export function creditMessage (id: number, fromCallee: boolean, cost: number): OutgoingMessage {
  return streamingMessage(FrameKind.CREDIT, id, fromCallee, EMPTY, cost)
}

function streamingMessage (kind: MessageKind, id: number, fromCallee: boolean, data: Uint8Array = EMPTY, value = 0): OutgoingMessage {
  const message = new OutgoingMessage(kind, id, data, EMPTY, value)
  message.fromCallee = fromCallee

  return message
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
