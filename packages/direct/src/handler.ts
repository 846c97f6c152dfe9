import type { Quota } from './quota.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What a handler is told besides the message.
 */
export interface HandlerContext {
  /**
   * The node that asks: proven by the connection.
   */
  readonly from: NodeId

  /**
   * Whether nobody waits for an answer.
   */
  readonly notification: boolean

  /**
   * Aborted when the caller does not wait any longer: it gave up, its time is over, the connection is lost, or this node stops. What
   * the handler returns or throws after that is dropped; until it does, it keeps its place among those that run.
   */
  readonly signal: AbortSignal
}

/**
 * Answers requests and takes notifications of one name.
 *
 * The data may be a view of a larger piece of memory: copy what is kept for long. What is returned is not copied before it is
 * sent: do not change it afterwards. No value is an empty answer. What is thrown reaches the caller as `HandlerFailedError`
 * with the first 256 characters of its message, so no secrets in there.
 *
 * Notifications of one sender begin in the order in which they were sent, as long as the connection stays the same; handlers
 * that take their time run beside each other, unless `maxConcurrent` is 1.
 */
export interface Handler {
  (data: Uint8Array, context: HandlerContext): Promise<Uint8Array | void> | Uint8Array | void
}

/**
 * Answers streaming exchanges of one name: takes the pieces that the caller sends and gives the pieces of the answer, as a transform of it-pipe does. It is
 * done when what it returns is done; the caller may not have sent all by then. What is thrown reaches the caller as `HandlerFailedError`.
 *
 * The source throws when the exchange ends early, for whatever reason; so does it end the iterable that is returned (its `return()` is called when it gives its
 * next piece). A piece of more than 64 KiB arrives as several; an empty one does not arrive.
 */
export interface StreamHandler {
  (source: AsyncIterable<Uint8Array>, context: HandlerContext): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/**
 * Options of `Direct.handleStream`: each streaming exchange is one call.
 */
export type HandleStreamOptions = Pick<HandleOptions, 'maxConcurrent' | 'quota'>

/**
 * Options of `Direct.handle`.
 */
export interface HandleOptions {
  /**
   * Calls that run at once, of all peers together; the others wait, and peers take turns.
   *
   * @default 1024
   */
  maxConcurrent?: number

  /**
   * Longest request and answer, in bytes; 1 to 104,857,600. A longer request is refused when it begins.
   *
   * @default that of `direct()`, which is the limit in any case
   */
  maxMessageSize?: number

  /**
   * How often one peer may call; calls beyond are refused with TooManyRequestsError, notifications beyond are dropped.
   *
   * @default no limit but those of `direct()`
   */
  quota?: Quota
}
