import { AbortError } from '@libp2p/interface'
import { ErrorCode } from './errors.ts'
import type { ChunkReader } from './chunk-reader.ts'
import type { ChunkWriter } from './chunk-writer.ts'
import type { Expiring } from './deadlines.ts'
import type { HandlerContext } from './handler.ts'
import type { Inbox } from './inbox.ts'
import type { Node } from './list.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Where the outcome of a call goes: a stream, or a caller on this node. Each call is finished exactly once.
 */
export interface Caller {
  readonly nodeId: NodeId
  readonly inbox: Inbox

  /**
   * The handler's answer.
   */
  answer(call: IncomingCall, data: Uint8Array): void

  /**
   * There is no answer.
   *
   * @param code - see `ErrorCode`
   */
  refuse(call: IncomingCall, code: number, text: string): void

  /**
   * A notification was handled, or could not be; or nobody waits for the answer.
   */
  done(call: IncomingCall, code?: number): void
}

/**
 * The pieces of a streaming exchange at the callee.
 */
export interface IncomingStream {
  readonly reader: ChunkReader
  readonly writer: ChunkWriter

  /**
   * Ends both directions.
   */
  fail (err: Error): void
}

/**
 * What a handler is told about a call. The signal is made when it is asked for: most handlers never do, and it costs more than
 * the rest of the call.
 */
class Context implements HandlerContext {
  #controller?: AbortController
  #reason?: Error

  constructor (readonly from: NodeId, readonly notification: boolean) {}

  get signal (): AbortSignal {
    if (this.#controller == null) {
      this.#controller = new AbortController()

      if (this.#reason != null) {
        this.#controller.abort(this.#reason)
      }
    }

    return this.#controller.signal
  }

  abort (reason: Error): void {
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}

/**
 * A request, notification or streaming exchange that is to be handled by this node.
 */
export class IncomingCall implements Expiring {
  /**
   * Its place among those that wait for a handler.
   */
  node?: Node<IncomingCall>

  /**
   * Told when it ends before its handler did.
   */
  onEnd?: () => void

  readonly size: number
  readonly #context: Context
  #isOver = false

  /**
   * @param id - of the exchange, on the caller's stream
   * @param deadline - in milliseconds on the own clock
   * @param streaming - what comes and goes, where it is no message with an answer
   */
  constructor (readonly caller: Caller, readonly id: number, readonly name: string, readonly isNotification: boolean, readonly deadline: number, public data: Uint8Array, readonly streaming?: IncomingStream) {
    this.#context = new Context(caller.nodeId, isNotification)
    this.size = data.length
  }

  get context (): HandlerContext {
    return this.#context
  }

  /**
   * Whether its outcome is known. Its handler may go on for some time.
   */
  get isOver (): boolean {
    return this.#isOver
  }

  answer (data: Uint8Array): void {
    if (this.#finish()) {
      if (this.isNotification) {
        this.caller.done(this)
      } else {
        this.caller.answer(this, data)
      }
    }
  }

  refuse (code: number, text: string): void {
    if (this.#finish()) {
      this.streaming?.fail(new AbortError('The exchange was refused'))

      if (this.isNotification) {
        this.caller.done(this, code)
      } else {
        this.caller.refuse(this, code, text)
      }
    }
  }

  /**
   * The caller does not wait any more, or is gone.
   */
  cancel (reason: Error): void {
    if (this.#finish()) {
      this.streaming?.fail(reason)
      this.caller.done(this, ErrorCode.CANCELLED)
      this.#context.abort(reason)
      this.onEnd?.()
    }
  }

  expire (): void {
    if (!this.#isOver) {
      this.refuse(ErrorCode.TIMEOUT, '')
      this.#context.abort(new AbortError('The caller does not wait any longer'))
      this.onEnd?.()
    }
  }

  #finish (): boolean {
    const isFirst = !this.#isOver
    this.#isOver = true

    return isFirst
  }
}
