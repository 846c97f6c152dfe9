import { MAX_ANSWERS, MAX_PART_LENGTH, MAX_STREAMING } from './constants.ts'
import { ErrorCode, InvalidFrameError } from './errors.ts'
import { IncomingCall } from './incoming-call.ts'
import { errorMessage, responseMessage } from './message.ts'
import { StreamExchange } from './stream-exchange.ts'
import type { ExchangesInit } from './exchanges.ts'
import type { Inbox } from './inbox.ts'
import type { Caller } from './incoming-call.ts'
import type { CallEvents, CallHead } from './incoming.ts'
import type { OutgoingMessage } from './message.ts'
import type { OutgoingQueue } from './outgoing.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What {@link Answers} need of the stream that they are on.
 */
export interface AnswersOutput {
  queue: OutgoingQueue
  push(message: OutgoingMessage): void

  /**
   * Something has ended.
   */
  changed(): void
}

/**
 * The serving side of a stream: what the peer asks for, and what it is answered.
 */
export class Answers implements CallEvents, Caller {
  readonly nodeId: NodeId
  readonly inbox: Inbox
  readonly #init: ExchangesInit
  readonly #output: AnswersOutput

  // calls without an outcome, long answers that are not sent yet
  readonly #served = new Map<number, IncomingCall>()
  readonly #answering = new Map<number, OutgoingMessage>()

  // until both sides have ended what they send
  readonly #streams = new Map<number, StreamExchange>()
  #isGivenUp = false

  // what the peer's inbox knows of the answers in the queue
  #reportedWeight = 0

  constructor (init: ExchangesInit, output: AnswersOutput) {
    this.nodeId = init.nodeId
    this.inbox = init.inbox
    this.#init = init
    this.#output = output
  }

  /**
   * Whether no call waits for its outcome.
   */
  get isIdle (): boolean {
    return this.#served.size === 0
  }

  /**
   * Tells handlers to stop.
   */
  cancelAll (err: Error): void {
    this.#isGivenUp = true

    for (const call of [...this.#served.values()]) {
      call.cancel(err)
    }
  }

  /**
   * The peer sends nothing any more.
   */
  inputEnded (err: Error): void {
    for (const exchange of this.#streams.values()) {
      exchange.reader.fail(err)
    }
  }

  /**
   * Answers may have been sent.
   */
  sent (): void {
    if (this.#reportedWeight > 0) {
      this.report()
      this.#init.dispatcher.resume(this.inbox)
    }
  }

  /**
   * The last byte of an answer was sent.
   */
  finish (message: OutgoingMessage): void {
    if (message.data.length > MAX_PART_LENGTH) {
      this.#answering.delete(message.id)
    }
  }

  /**
   * Tells the peer's inbox how much lies in the queue.
   */
  report (): void {
    const weight = this.#output.queue.answerWeight
    const difference = weight - this.#reportedWeight
    this.#reportedWeight = weight
    this.inbox.addAnswers(difference)
  }

  admit (head: CallHead): boolean {
    const { name, total } = head
    const { maxMessageSize, dispatcher } = this.#init
    const maxSize = dispatcher.maxSizeOf(name)

    if (total > (maxSize ?? maxMessageSize)) {
      this.#refuse(head, ErrorCode.REQUEST_TOO_LARGE, `${total} bytes; ${maxSize ?? maxMessageSize} are allowed`)
    } else if (maxSize == null) {
      this.#refuse(head, ErrorCode.NO_SUCH_HANDLER, '')
    } else {
      return true
    }

    return false
  }

  call (head: CallHead, data: Uint8Array): void {
    const { id, name, isNotification, deadline } = head

    if (this.admit(head)) {
      this.#init.traffic.received(name, data.length)
      const call = new IncomingCall(this, id, name, isNotification, deadline, data)
      this.#init.dispatcher.accept(call)

      if (!call.isOver) {
        this.#served.set(id, call)
      }
    }
  }

  open ({ id, name, deadline }: CallHead): void {
    if (this.#streams.size === MAX_STREAMING) {
      throw new InvalidFrameError('unfinished', `more than ${MAX_STREAMING} streaming exchanges are open at once`)
    }

    const exchange = new StreamExchange(id, true, this.#output, { traffic: this.#init.traffic, name })
    const call = new IncomingCall(this, id, name, false, deadline, new Uint8Array(), exchange)
    this.#streams.set(id, exchange)
    this.#init.dispatcher.accept(call)

    if (!call.isOver) {
      this.#served.set(id, call)
    }
  }

  isStreaming (id: number): boolean {
    return this.#streams.get(id)?.hasInputEnded === false
  }

  chunk (id: number, data: Uint8Array): void {
    this.#streams.get(id)?.receive(data)
  }

  ended (id: number): void {
    const exchange = this.#streams.get(id)
    exchange?.reader.end()
    this.#endInput(id, exchange)
  }

  credit (id: number, cost: number): void {
    this.#streams.get(id)?.writer.grant(cost)
  }

  cancelled (id: number): void {
    const answer = this.#answering.get(id)
    this.#endInput(id, this.#streams.get(id))
    this.#served.get(id)?.cancel(new Error('The caller does not wait any longer'))

    if (answer != null) {
      this.#answering.delete(id)
      this.#output.queue.remove(answer)
      this.report()

      if (answer.begun) {
        this.#output.push(errorMessage(id, ErrorCode.CANCELLED, ''))
      }
    }
  }

  answer (call: IncomingCall, data: Uint8Array): void {
    if (call.streaming != null) {
      this.#init.metrics.served()
      this.#served.delete(call.id)
      this.#streams.get(call.id)?.end()
      this.#forgetIfOver(call.id)

      return
    }

    const message = responseMessage(call.id, data)

    if (data.length > MAX_PART_LENGTH) {
      this.#answering.set(call.id, message)
    }

    this.#init.metrics.served()
    this.#init.traffic.sent(call.name, data.length)
    this.#served.delete(call.id)
    this.#push(message)
  }

  refuse (call: IncomingCall, code: number, text: string): void {
    this.#served.delete(call.id)
    this.#refuse(call, code, text)
  }

  done (call: IncomingCall, code?: number): void {
    this.#served.delete(call.id)
    this.#init.metrics.served(code)
    this.#output.changed()

    // the caller keeps an exchange until it hears its end
    if (call.streaming != null && !this.#isGivenUp) {
      this.#push(errorMessage(call.id, ErrorCode.CANCELLED, ''))
    }

    this.#forgetIfOver(call.id)
  }

  #endInput (id: number, exchange?: StreamExchange): void {
    if (exchange != null) {
      exchange.hasInputEnded = true
      this.#forgetIfOver(id)
    }
  }

  #forgetIfOver (id: number): void {
    const { hasInputEnded, hasOutputEnded } = this.#streams.get(id) ?? {}

    if (hasInputEnded === true && hasOutputEnded === true) {
      this.#streams.delete(id)
    }
  }

  #refuse (call: CallHead | IncomingCall, code: number, text: string): void {
    this.#init.metrics.served(code)

    if (!call.isNotification) {
      this.#push(errorMessage(call.id, code, text))
    }

    this.#forgetIfOver(call.id)
  }

  #push (message: OutgoingMessage): void {
    this.#output.push(message)
    this.report()

    if (this.#output.queue.answers > MAX_ANSWERS) {
      this.#init.onViolation(new InvalidFrameError('unread', `${MAX_ANSWERS} answers wait to be read`))
    }
  }
}
