import { ChunkReader } from './chunk-reader.ts'
import { ChunkWriter } from './chunk-writer.ts'
import { errorOf, explain, QueueFullError, TooManyRequestsError } from './errors.ts'
import { FrameKind } from './frame.ts'
import { Inbox } from './inbox.ts'
import { IncomingCall } from './incoming-call.ts'
import { StreamingCall } from './streaming-call.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { InboxLimits } from './inbox.ts'
import type { Caller, IncomingStream } from './incoming-call.ts'
import type { DirectMetrics } from './metrics.ts'
import type { Holder, OutgoingCall } from './outgoing-call.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Calls of this node to itself: the same limits, errors and deadlines, no wire. Neither side sees the other's memory.
 */
export class LocalCaller implements Caller, Holder {
  readonly nodeId: NodeId
  readonly inbox: Inbox
  readonly #dispatcher: Dispatcher
  readonly #metrics: DirectMetrics
  readonly #maxInFlight: number
  readonly #calls = new Map<OutgoingCall, IncomingCall>()
  readonly #callers = new Map<IncomingCall, OutgoingCall>()

  constructor (nodeId: NodeId, dispatcher: Dispatcher, metrics: DirectMetrics, limits: InboxLimits, maxInFlight: number) {
    this.nodeId = nodeId
    this.inbox = new Inbox(limits)
    this.#dispatcher = dispatcher
    this.#metrics = metrics
    this.#maxInFlight = maxInFlight
  }

  /**
   * Requests that wait for an answer.
   */
  get inFlight (): number {
    return this.#calls.size
  }

  send (call: OutgoingCall): void {
    const isNotification = call.kind === FrameKind.NOTIFICATION

    if (isNotification ? this.inbox.isFull : this.#calls.size >= this.#maxInFlight) {
      call.failed(isNotification
        ? new QueueFullError(this.nodeId, 'its handlers are busy')
        : new TooManyRequestsError(this.nodeId, `${this.#calls.size} wait for an answer already`))

      return
    }

    const incoming = new IncomingCall(this, 0, call.handler, isNotification, call.deadline, call.data.slice(), call instanceof StreamingCall ? connect(call) : undefined)

    if (isNotification) {
      call.answered(call.data)
    } else {
      call.holder = this
      this.#calls.set(call, incoming)
    }

    this.#callers.set(incoming, call)

    // not within the call of request(), as over the wire
    queueMicrotask(() => {
      if (!incoming.isOver) {
        this.#dispatcher.accept(incoming)
      }
    })
  }

  cancel (call: OutgoingCall): void {
    const incoming = this.#calls.get(call)
    this.#forget(call, incoming)
    incoming?.cancel(new Error('The caller does not wait any longer'))
  }

  /**
   * Ends all calls.
   */
  stop (err: Error): void {
    for (const [incoming, call] of [...this.#callers]) {
      call.failed(err)
      incoming.cancel(err)
    }
  }

  answer (incoming: IncomingCall, data: Uint8Array): void {
    this.#metrics.served()
    this.#take(incoming)?.answered(data.slice())
  }

  refuse (incoming: IncomingCall, code: number, text: string): void {
    const call = this.#take(incoming)
    this.#metrics.served(code)
    call?.failed(errorOf(code, explain(text), this.nodeId, call.handler, call.timeout))
  }

  done (incoming: IncomingCall, code?: number): void {
    this.#metrics.served(code)
    this.#forget(this.#callers.get(incoming), incoming)
  }

  #take (incoming: IncomingCall): OutgoingCall | undefined {
    const call = this.#callers.get(incoming)
    this.#forget(call, incoming)

    return call
  }

  #forget (call?: OutgoingCall, incoming?: IncomingCall): void {
    if (call != null) {
      this.#calls.delete(call)
    }

    if (incoming != null) {
      this.#callers.delete(incoming)
    }
  }
}

/**
 * Both directions of a streaming exchange, without a wire.
 */
function connect (call: StreamingCall): IncomingStream {
  const [toCallee, reader] = pipe(new ChunkReader())
  const [writer] = pipe(call.reader)
  call.connect({ writer: toCallee, end: () => { reader.end() } })

  return {
    reader,
    writer,
    fail: err => {
      writer.stop()
      reader.fail(err)
    }
  }
}

function pipe (reader: ChunkReader): [ChunkWriter, ChunkReader] {
  const writer = new ChunkWriter(chunk => {
    reader.push(chunk.slice())

    return undefined
  })
  reader.onTaken = cost => { writer.grant(cost) }

  return [writer, reader]
}
