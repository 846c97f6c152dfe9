import { Answers } from './answers.ts'
import { FrameKind } from './frame.ts'
import { IncomingFrames } from './incoming.ts'
import { ackMessage } from './message.ts'
import { OutgoingCall } from './outgoing-call.ts'
import { OutgoingQueue } from './outgoing.ts'
import { Requests } from './requests.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { InvalidFrameError } from './errors.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { ExchangeFrame } from './frame.ts'
import type { Inbox } from './inbox.ts'
import type { OutgoingMessage } from './message.ts'
import type { DirectMetrics } from './metrics.ts'
import type { QueueLimits } from './outgoing.ts'
import type { Traffic } from './traffic.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * What {@link Exchanges} need.
 */
export interface ExchangesInit {
  /**
   * The peer.
   */
  nodeId: NodeId
  inbox: Inbox
  traffic: Traffic
  dispatcher: Dispatcher
  metrics: DirectMetrics
  maxMessageSize: number
  queue: QueueLimits

  /**
   * There is something to send, or, once draining, nothing is left to wait for.
   */
  onOutput(): void

  /**
   * The peer breaks a rule by what it does not do.
   */
  onViolation(err: InvalidFrameError): void
}

/**
 * All exchanges of one stream, in both directions, without the stream: frames go in, frames come out.
 */
export class Exchanges {
  readonly #onOutput: () => void
  readonly #queue: OutgoingQueue
  readonly #requests: Requests
  readonly #answers: Answers
  readonly #incoming: IncomingFrames
  #isOutputPending = false
  #isDraining = false
  #hasEnded = false

  constructor (init: ExchangesInit) {
    this.#onOutput = init.onOutput
    this.#queue = new OutgoingQueue({
      begin: message => this.#requests.begin(message),
      finish: message => { this.#finish(message) }
    }, init.queue)
    const output = {
      queue: this.#queue,
      push: (message: OutgoingMessage): void => { this.#push(message) },
      changed: (): void => { this.#changed() },
      discardAnswer: (id: number): void => { this.#incoming.discardAnswer(id) }
    }
    this.#requests = new Requests(init, output)
    this.#answers = new Answers(init, output)
    this.#incoming = new IncomingFrames(this.#answers, this.#requests)
  }

  /**
   * Whether nothing is under way.
   */
  get isIdle (): boolean {
    return this.#requests.isIdle && this.#answers.isIdle && this.#queue.isEmpty
  }

  /**
   * Whether something waits to be sent.
   */
  get hasOutput (): boolean {
    return !this.#queue.isEmpty
  }

  /**
   * Requests and notifications that are not sent completely.
   */
  get unsent (): OutgoingCall[] {
    return this.#queue.calls()
  }

  /**
   * Tells the peer how much more was read.
   */
  acknowledge (bytes: number): void {
    this.#push(ackMessage(bytes))
  }

  /**
   * From now on {@link ExchangesInit.onOutput} also says when {@link isIdle} becomes true.
   */
  drain (): void {
    this.#isDraining = true
  }

  /**
   * Begins an exchange.
   */
  send (call: OutgoingCall): void {
    this.#requests.send(call)
  }

  /**
   * @param now - in milliseconds
   * @throws InvalidFrameError if the peer breaks a rule
   */
  receive (frame: ExchangeFrame, now: number): void {
    this.#incoming.receive(frame, now)
  }

  /**
   * The next frames to be sent; undefined if there are none.
   *
   * @param now - in milliseconds
   * @param allowance - bytes after which no further frame may be begun, but for what ends exchanges, and acknowledgements
   */
  take (writer: FrameWriter, now: number, allowance: number): Uint8Array | Uint8ArrayList | undefined {
    const batch = this.#queue.take(writer, now, allowance)
    this.#answers.sent()

    return batch
  }

  /**
   * The peer will not send anything any more: requests get no answers.
   */
  endOfInput (err: Error): void {
    this.#requests.fail(err, false)
    this.#answers.inputEnded(err)
  }

  /**
   * This node ends its part: nobody waits for its requests, handlers are told to stop.
   */
  giveUp (err: Error): void {
    this.#requests.fail(err, true)
    this.#answers.cancelAll(err)
  }

  /**
   * Neither side will send anything any more.
   */
  end (err: Error): void {
    this.#hasEnded = true
    this.#requests.fail(err, true)
    this.#queue.clear()
    this.#answers.report()
    this.#answers.cancelAll(err)
  }

  #finish (message: OutgoingMessage): void {
    if (message.kind === FrameKind.RESPONSE) {
      this.#answers.finish(message)
    } else if (message.kind === FrameKind.NOTIFICATION && message instanceof OutgoingCall) {
      message.answered(message.data)
    } else {
      message.onSent?.()
    }
  }

  #push (message: OutgoingMessage): void {
    if (!this.#hasEnded) {
      this.#queue.push(message)

      if (message.isPiece) {
        this.#outputLater()
      } else {
        this.#onOutput()
      }
    }
  }

  /**
   * When all promises have had their turn: a source gives its pieces by promises, and those that are there go out together.
   */
  #outputLater (): void {
    if (!this.#isOutputPending) {
      this.#isOutputPending = true
      process.nextTick(() => {
        this.#isOutputPending = false
        this.#onOutput()
      })
    }
  }

  #changed (): void {
    if (this.#isDraining && this.isIdle) {
      this.#onOutput()
    }
  }
}
