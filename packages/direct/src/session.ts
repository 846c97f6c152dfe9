import { DRAIN_TIMEOUT, MAX_READ_BUFFER_LENGTH } from './constants.ts'
import { ConnectionLostError, InvalidFrameError, lossOf } from './errors.ts'
import { Exchanges } from './exchanges.ts'
import { FrameKind } from './frame.ts'
import { LANES } from './lane.ts'
import { Pace } from './pace.ts'
import { StreamReader } from './stream-reader.ts'
import { StreamWriter } from './stream-writer.ts'
import type { Bandwidth } from './bandwidth.ts'
import type { DeadlineTimer, Expiring } from './deadlines.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { Frame } from './frame.ts'
import type { Inbox } from './inbox.ts'
import type { Lane } from './lane.ts'
import type { DirectMetrics } from './metrics.ts'
import type { OutgoingCall } from './outgoing-call.ts'
import type { QueueLimits } from './outgoing.ts'
import type { LaneActivity } from './pace.ts'
import type { Traffic } from './traffic.ts'
import type { NodeId, PeerLog } from '@fisco-libp2p/identity'
import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * What all streams of a node share.
 */
export interface SessionHost {
  dispatcher: Dispatcher
  deadlines: DeadlineTimer
  metrics: DirectMetrics
  writer: FrameWriter

  /**
   * How fast bytes may go out to all peers together, if there is a limit.
   */
  bandwidth?: Bandwidth
  maxMessageSize: number
  queue: QueueLimits
  peerLog: PeerLog
}

/**
 * What the streams of one lane of a connection share.
 */
export interface LaneInit {
  /**
   * The peer, what it has asked for, and what went to and fro.
   */
  nodeId: NodeId
  inbox: Inbox
  traffic: Traffic
  lane: Lane

  /**
   * How fast bytes may go out.
   */
  limits: readonly Bandwidth[]

  /**
   * Shared by the lanes of the connection.
   */
  activity: LaneActivity
}

/**
 * What one stream needs besides.
 */
export interface SessionInit extends LaneInit {
  host: SessionHost

  /**
   * Whether it was opened by the side that dialled the connection.
   */
  byDialler: boolean

  /**
   * Whether it was opened by this node.
   */
  isOwn: boolean

  /**
   * It is not {@link Session.isUsable} any more, or at its end.
   */
  onChange(session: Session): void
}

/**
 * One stream and its exchanges, which end once and together.
 */
export class Session {
  readonly byDialler: boolean
  readonly isOwn: boolean

  /**
   * Resolves when it has ended.
   */
  readonly ended: Promise<void>

  readonly #stream: Stream
  readonly #init: SessionInit
  readonly #exchanges: Exchanges
  readonly #reader: StreamReader
  readonly #writer: StreamWriter
  readonly #pace: Pace
  readonly #onEnded: () => void
  #patience?: Expiring
  #isDraining = false
  #isClosing = false
  #hasEnded = false

  constructor (stream: Stream, init: SessionInit) {
    const { host: { deadlines, writer, ...host }, nodeId, inbox, traffic, lane, limits, activity, byDialler, isOwn } = init
    const { promise, resolve } = Promise.withResolvers<void>()
    this.byDialler = byDialler
    this.isOwn = isOwn
    this.ended = promise
    this.#onEnded = resolve
    this.#stream = stream
    this.#init = init
    this.#pace = new Pace(lane, activity, limits, bytes => { this.#exchanges.acknowledge(bytes) })
    this.#exchanges = new Exchanges({
      ...host,
      nodeId,
      inbox,
      traffic,
      onOutput: () => { this.#writer.schedule() },
      onViolation: err => { this.abort(err) }
    })
    this.#writer = new StreamWriter(stream, {
      take: () => this.#take(writer, deadlines.now()),
      isHeld: () => this.#isHeld(deadlines.now()),
      flushed: () => { this.#closeIfDrained() },
      error: err => { this.abort(err) }
    }, LANES.indexOf(lane))
    this.#reader = new StreamReader(stream, inbox, {
      frame: frame => { this.#receive(frame, deadlines.now()) },
      read: bytes => { this.#pace.read(bytes, deadlines.now()) },
      error: err => { this.abort(err) },
      endOfInput: () => { this.#finishInput() }
    })

    stream.maxReadBufferLength = MAX_READ_BUFFER_LENGTH
    stream.addEventListener('close', this.#onClose)
  }

  /**
   * Whether exchanges may be begun on it.
   */
  get isUsable (): boolean {
    return !this.#hasEnded && !this.#isDraining && !this.#reader.hasInputEnded && this.#stream.writeStatus === 'writable'
  }

  get hasEnded (): boolean {
    return this.#hasEnded
  }

  /**
   * Requests and notifications that are not sent completely.
   */
  get unsent (): OutgoingCall[] {
    return this.#exchanges.unsent
  }

  send (call: OutgoingCall): void {
    this.#exchanges.send(call)
  }

  /**
   * Sends nothing before another stream of the same connection has sent what it has: notifications stay in order.
   */
  follow (previous: Session): void {
    this.#writer.follow(previous.#writer)
  }

  /**
   * Begins nothing more, and closes the stream in good order when nothing is under way.
   */
  drain (): void {
    if (!this.#isDraining) {
      this.#isDraining = true
      this.#exchanges.drain()
      this.#writer.schedule()
      this.#init.onChange(this)
    }
  }

  /**
   * Ends what is under way, then {@link drain}.
   */
  giveUp (err: Error): void {
    this.#exchanges.giveUp(err)
    this.drain()
  }

  /**
   * Resets the stream; its requests fail with `err`.
   */
  abort (err: Error): void {
    const { nodeId, host } = this.#init

    if (this.#hasEnded) {
      return
    }

    if (err instanceof InvalidFrameError) {
      host.metrics.frameError(err.rule)
      host.peerLog.error(nodeId, 'closing the stream to node %s - %e', nodeId, err)
    }

    const isTyped = err instanceof InvalidFrameError || err instanceof ConnectionLostError
    this.#end(isTyped ? err : new ConnectionLostError(nodeId, err.message, { cause: err }))
    this.#stream.abort(err)
  }

  #receive (frame: Frame, now: number): void {
    if (frame.kind === FrameKind.ACK) {
      this.#pace.acknowledged(frame.bytes)
      this.#writer.schedule()
    } else {
      this.#pace.received(now)
      this.#exchanges.receive(frame, now)
    }
  }

  /**
   * Whether something waits that may not be sent now.
   */
  #isHeld (now: number): boolean {
    return this.#exchanges.hasOutput && this.#pace.allowance(now) === 0
  }

  /**
   * An acknowledgement lets it go on, or the end of what it yields to.
   */
  #waitForPace (now: number): void {
    const { deadlines } = this.#init.host

    if (this.#patience == null) {
      this.#patience = {
        deadline: this.#pace.heldUntil(now),
        expire: () => {
          this.#patience = undefined
          this.#writer.schedule()
        }
      }
      deadlines.add(this.#patience)
    }
  }

  #take (writer: FrameWriter, now: number): Uint8Array | Uint8ArrayList | undefined {
    const batch = this.#exchanges.take(writer, now, this.#pace.allowance(now))

    if (batch != null) {
      this.#pace.sent(batch.byteLength, now)
    } else if (this.#isHeld(now)) {
      this.#waitForPace(now)
    }

    return batch
  }

  readonly #onClose = ({ error }: StreamCloseEvent): void => {
    this.#end(lossOf(this.#init.nodeId, error))
  }

  #finishInput (): void {
    this.#exchanges.endOfInput(new ConnectionLostError(this.#init.nodeId, 'it closed the stream'))
    this.drain()
  }

  #closeIfDrained (): void {
    if (!this.#isDraining || this.#isClosing || this.#hasEnded || !this.#exchanges.isIdle) {
      return
    }

    const { deadlines } = this.#init.host
    this.#isClosing = true

    // the other side closes its half when it has handled what it was sent
    const patience = {
      deadline: deadlines.now() + DRAIN_TIMEOUT,
      expire: () => { this.abort(new Error('the other side does not close its half of the stream')) }
    }
    deadlines.add(patience)
    this.#stream.close()
      .then(async () => this.ended)
      .catch(err => { this.abort(err) })
      .finally(() => { deadlines.delete(patience) })
  }

  #end (err: Error): void {
    if (this.#hasEnded) {
      return
    }

    this.#hasEnded = true
    this.#stream.removeEventListener('close', this.#onClose)
    this.#reader.stop()
    this.#exchanges.end(err)
    this.#writer.stop()
    this.#pace.stop()

    if (this.#patience != null) {
      this.#init.host.deadlines.delete(this.#patience)
    }

    this.#init.onChange(this)
    this.#onEnded()
  }
}
