import { abbreviate, printable } from '@fisco-libp2p/identity'
import { AbortError } from '@libp2p/interface'
import { RequestTimeoutError } from './errors.ts'
import { OutgoingMessage } from './message.ts'
import type { DeadlineTimer, Expiring } from './deadlines.ts'
import type { FrameKind } from './frame.ts'
import type { Lane } from './lane.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Who has a call in hand: a stream, a connection whose stream is not open yet, or this node itself.
 */
export interface Holder {
  /**
   * Nobody waits for the call any more.
   */
  cancel(call: OutgoingCall): void
}

/**
 * What a caller asks for.
 */
export interface OutgoingCallInit {
  kind: typeof FrameKind.REQUEST | typeof FrameKind.NOTIFICATION | typeof FrameKind.OPEN
  nodeId: NodeId
  handler: string
  name: Uint8Array
  data: Uint8Array

  /**
   * In milliseconds.
   */
  timeout: number
  lane: Lane
  deadlines: DeadlineTimer
  signal?: AbortSignal

  /**
   * Told once how it ended.
   *
   * @param err - undefined if it was answered; a notification is when it was handed to the stream
   * @param seconds - that it took
   */
  onSettled(err: Error | undefined, seconds: number): void
}

/**
 * A request, a streaming exchange, or a notification until it is sent, as its caller sees it: settled exactly once, by whatever happens first.
 */
export class OutgoingCall extends OutgoingMessage implements Expiring {
  /**
   * Where it is; undefined while it is nowhere.
   */
  holder?: Holder

  /**
   * Told when it is settled.
   */
  onEnd?: () => void

  readonly promise: Promise<Uint8Array>
  readonly nodeId: NodeId
  readonly handler: string
  readonly timeout: number
  readonly lane: Lane
  readonly #init: OutgoingCallInit
  readonly #resolve: (data: Uint8Array) => void
  readonly #reject: (err: Error) => void
  readonly #start: number
  #isSettled = false

  constructor (init: OutgoingCallInit) {
    super(init.kind, 0, init.data, init.name)
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
    this.nodeId = init.nodeId
    this.handler = init.handler
    this.timeout = init.timeout
    this.lane = init.lane
    this.#init = init
    this.#start = init.deadlines.now()
    this.deadline = this.#start + init.timeout
    init.deadlines.add(this)
    init.signal?.addEventListener('abort', this)
  }

  answered (data: Uint8Array): void {
    if (this.#settle()) {
      this.#resolve(data)
    }
  }

  failed (err: Error): void {
    if (this.#settle(err)) {
      this.#reject(err)
    }
  }

  expire (): void {
    this.giveUp(new RequestTimeoutError(this.nodeId, this.handler, this.timeout))
  }

  /**
   * The caller's signal was aborted.
   */
  handleEvent (): void {
    const err = new AbortError(`The call of "${printable(this.handler)}" of node ${abbreviate(this.nodeId)} was aborted`)
    err.cause = this.#init.signal?.reason
    this.giveUp(err)
  }

  /**
   * Nobody waits for it any more.
   */
  giveUp (err: Error): void {
    if (!this.#isSettled) {
      this.holder?.cancel(this)
      this.failed(err)
    }
  }

  #settle (err?: Error): boolean {
    if (this.#isSettled) {
      return false
    }

    const { deadlines, signal, onSettled } = this.#init
    this.#isSettled = true
    this.holder = undefined
    deadlines.delete(this)
    signal?.removeEventListener('abort', this)
    this.onEnd?.()
    onSettled(err, (deadlines.now() - this.#start) / 1000)

    return true
  }
}
