import { abbreviate } from '@fisco-libp2p/identity'
import { MAX_STREAMING } from './constants.ts'
import { ErrorCode, errorOf, MessageTooLargeError, QueueFullError, TooManyRequestsError } from './errors.ts'
import { FrameKind } from './frame.ts'
import { isPast } from './incoming.ts'
import { cancelMessage } from './message.ts'
import { StreamExchange } from './stream-exchange.ts'
import { StreamingCall } from './streaming-call.ts'
import type { ExchangesInit } from './exchanges.ts'
import type { AnswerEvents } from './incoming.ts'
import type { OutgoingMessage } from './message.ts'
import type { Holder, OutgoingCall } from './outgoing-call.ts'
import type { OutgoingQueue } from './outgoing.ts'

/**
 * What {@link Requests} need of the stream that they are on.
 */
export interface RequestsOutput {
  queue: OutgoingQueue
  push(message: OutgoingMessage): void

  /**
   * Drops what still comes of an answer.
   */
  discardAnswer(id: number): void

  /**
   * Something has ended.
   */
  changed(): void
}

/**
 * The calling side of a stream: requests and notifications of this node, and what becomes of them.
 */
export class Requests implements AnswerEvents, Holder {
  readonly #init: ExchangesInit
  readonly #output: RequestsOutput
  readonly #pending = new Map<number, OutgoingCall>()

  // until the first frame is written
  readonly #opening = new Set<OutgoingCall>()

  // until the callee has ended its answer, also where nobody waits for it
  readonly #streams = new Map<number, StreamExchange>()

  // exchanges begun by this side
  #begun = 0

  constructor (init: ExchangesInit, output: RequestsOutput) {
    this.#init = init
    this.#output = output
  }

  /**
   * Whether no request waits for an answer.
   */
  get isIdle (): boolean {
    return this.#pending.size === 0
  }

  send (call: OutgoingCall): void {
    const { queue, push } = this.#output

    if (call.kind === FrameKind.OPEN && this.#streams.size + this.#opening.size >= MAX_STREAMING) {
      call.failed(new TooManyRequestsError(this.#init.nodeId, `${MAX_STREAMING} streaming exchanges are open already`))
    } else if (queue.hasRoomFor(call)) {
      call.holder = this

      if (call.kind === FrameKind.OPEN) {
        this.#opening.add(call)
      }

      push(call)
    } else {
      call.failed(new QueueFullError(this.#init.nodeId, `${queue.length} messages of ${queue.bytes} bytes wait to be sent`))
    }
  }

  cancel (call: OutgoingCall): void {
    this.#output.queue.remove(call)
    this.#opening.delete(call)

    if (call.begun) {
      this.#pending.delete(call.id)
      this.#streams.get(call.id)?.stop()
      this.#output.discardAnswer(call.id)
      this.#output.push(cancelMessage(call.id))
    } else {
      this.#output.changed()
    }
  }

  /**
   * The first frame of a request or notification is about to be written.
   *
   * @returns the exchange's id
   */
  begin (call: OutgoingCall): number {
    const id = ++this.#begun >>> 0
    this.#init.traffic.sent(call.handler, call.data.length)

    if (call.kind !== FrameKind.NOTIFICATION) {
      this.#pending.set(id, call)
    }

    if (call.kind === FrameKind.OPEN && call instanceof StreamingCall) {
      const exchange = new StreamExchange(id, false, this.#output, { traffic: this.#init.traffic, name: call.handler }, call.reader)
      this.#opening.delete(call)
      this.#streams.set(id, exchange)
      call.connect(exchange)
    }

    return id
  }

  /**
   * Ends all that wait for an answer, or for being sent.
   *
   * @param isOutputOver - whether notifications cannot be sent any more either
   */
  fail (err: Error, isOutputOver: boolean): void {
    for (const call of [...this.#pending.values(), ...this.#output.queue.calls()]) {
      if (isOutputOver || call.kind !== FrameKind.NOTIFICATION) {
        this.cancel(call)
        call.failed(err)
      }
    }
  }

  wasBegun (id: number): boolean {
    return isPast(id, this.#begun)
  }

  expects (id: number, total: number): boolean {
    const call = this.#pending.get(id)
    const { maxMessageSize, metrics, nodeId } = this.#init

    if (call == null) {
      metrics.lateAnswer()

      return false
    }

    if (total > maxMessageSize) {
      this.cancel(call)
      call.failed(new MessageTooLargeError(`The answer of node ${abbreviate(nodeId)} has ${total} bytes; ${maxMessageSize} are allowed here (maxMessageSize)`))

      return false
    }

    return true
  }

  isStreaming (id: number): boolean {
    return this.#streams.has(id)
  }

  chunk (id: number, data: Uint8Array): void {
    this.#streams.get(id)?.receive(data)
  }

  ended (id: number): void {
    this.#endOf(id)?.answered(new Uint8Array())
  }

  credit (id: number, cost: number): void {
    this.#streams.get(id)?.writer.grant(cost)
  }

  response (id: number, data: Uint8Array): void {
    const call = this.#endOf(id)

    if (call != null) {
      this.#init.traffic.received(call.handler, data.length)
      call.answered(data)
    }
  }

  error (id: number, code: number, text: string): void {
    const call = this.#endOf(id)

    if (call != null) {
      call.failed(errorOf(code, text, this.#init.nodeId, call.handler, call.timeout))
    } else if (code !== ErrorCode.CANCELLED) {
      this.#init.metrics.lateAnswer()
    }
  }

  /**
   * An exchange has come to its end, perhaps before its request was sent completely.
   */
  #endOf (id: number): OutgoingCall | undefined {
    const call = this.#pending.get(id)
    const exchange = this.#streams.get(id)
    const isUnsent = call != null && this.#output.queue.remove(call)
    this.#pending.delete(id)
    this.#streams.delete(id)

    if (isUnsent || exchange?.hasOutputEnded === false) {
      exchange?.stop()
      this.#output.push(cancelMessage(id))
    }

    this.#output.changed()

    return call
  }
}
