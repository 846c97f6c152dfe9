import { DRAIN_TIMEOUT, FENCE_NAME, LEAVE_GRACE, OPEN_TIMEOUT } from './constants.ts'
import { lossOf, QueueFullError } from './errors.ts'
import { FrameKind } from './frame.ts'
import { LANE_PROTOCOLS } from './lane.ts'
import { encodeName } from './names.ts'
import { OutgoingCall } from './outgoing-call.ts'
import { OutgoingQueue } from './outgoing.ts'
import { Session } from './session.ts'
import type { Holder } from './outgoing-call.ts'
import type { LaneInit, SessionHost } from './session.ts'
import type { Connection, Stream } from '@libp2p/interface'

/**
 * What a {@link LaneStreams} works with.
 */
export interface LaneStreamsInit extends LaneInit {
  connection: Connection
}

/**
 * One lane of a connection: which of its streams carries what is begun next.
 *
 * Whoever sends first opens the stream. If both open one, the one of the side that dialled the connection stays; the other is
 * drained by the side that opened it: what was begun on it ends on it.
 */
export class LaneStreams implements Holder {
  readonly #init: LaneStreamsInit
  readonly #host: SessionHost
  readonly #sessions = new Set<Session>()
  #main?: Session

  // the last one that was it
  #latest?: Session
  #opening?: AbortController
  #failure?: Error

  // what waits for the stream to open; it is never sent from here
  readonly #backlog: OutgoingQueue

  // notifications that wait until the other side has read those that went over another connection
  readonly #held: OutgoingQueue
  #fence?: Promise<void>
  #hasNotified = false
  #isLeft = false

  constructor (host: SessionHost, init: LaneStreamsInit) {
    this.#host = host
    this.#init = init
    const events = { begin: () => 0, finish: () => {} }
    this.#backlog = new OutgoingQueue(events, host.queue)
    this.#held = new OutgoingQueue(events, host.queue)
  }

  /**
   * Begins an exchange.
   */
  send (call: OutgoingCall): void {
    this.#choose()

    if (this.#failure != null) {
      call.failed(this.#failure)

      return
    }

    const isNotification = call.kind === FrameKind.NOTIFICATION
    this.#hasNotified ||= isNotification

    if (isNotification && this.#fence != null) {
      this.#hold(this.#held, call, 'for those on the connection before')
    } else if (this.#main != null) {
      this.#main.send(call)
    } else {
      this.#hold(this.#backlog, call, 'for the stream to open')
      this.#open()
    }
  }

  cancel (call: OutgoingCall): void {
    this.#backlog.remove(call)
    this.#held.remove(call)
  }

  /**
   * Exchanges are begun here from now on, and no longer on another connection. Notifications are sent when the other side has read all of those that went over that: they stay in order.
   */
  follow (previous: LaneStreams): void {
    this.#isLeft = false
    const fence = Promise.all([this.#fence, previous.leave()]).then(() => {
      if (this.#fence === fence) {
        this.#fence = undefined
        takeAll(this.#held).forEach(call => { this.send(call) })
      }
    })
    this.#fence = fence
  }

  /**
   * Exchanges are begun on another connection from now on; what is under way ends here.
   *
   * @returns when the other side has read all notifications, or never will
   */
  async leave (): Promise<void> {
    this.#isLeft = true

    if (this.#hasNotified) {
      this.#hasNotified = false
      await this.#fenced()
    }

    const { deadlines } = this.#host

    deadlines.add({
      deadline: deadlines.now() + LEAVE_GRACE,
      expire: () => {
        if (this.#isLeft) {
          [...this.#sessions].filter(session => session.isOwn).forEach(session => { session.drain() })
        }
      }
    })
  }

  /**
   * The peer has opened a stream.
   */
  accept (stream: Stream): void {
    this.#add(stream, false)
  }

  /**
   * Ends all exchanges, and the streams in good order.
   *
   * @returns when the last stream has ended; see {@link end} for those that do not
   */
  async stop (err: Error): Promise<void> {
    this.#refuse(err)
    const sessions = [...this.#sessions]

    for (const session of sessions) {
      session.giveUp(err)
    }

    await Promise.all(sessions.map(async session => { await session.ended }))
  }

  /**
   * Ends everything at once.
   */
  end (err: Error): void {
    this.#refuse(err)

    for (const session of [...this.#sessions]) {
      session.abort(err)
    }
  }

  #refuse (err: Error): void {
    this.#failure ??= err
    this.#opening?.abort()
    takeAll(this.#backlog).concat(takeAll(this.#held)).forEach(call => { call.failed(err) })
  }

  #hold (queue: OutgoingQueue, call: OutgoingCall, why: string): void {
    if (queue.hasRoomFor(call)) {
      call.holder = this
      queue.push(call)
    } else {
      call.failed(new QueueFullError(this.#init.nodeId, `${queue.length} messages wait ${why}`))
    }
  }

  /**
   * A request behind all notifications. It is answered by an error, as nobody handles it; how it ends does not matter.
   */
  async #fenced (): Promise<void> {
    const { nodeId, lane } = this.#init
    const { deadlines } = this.#host
    const unsent = [...this.#backlog.calls(), ...this.#held.calls(), ...[...this.#sessions].flatMap(session => session.unsent)]

    await Promise.allSettled(unsent.filter(({ kind }) => kind === FrameKind.NOTIFICATION).map(async ({ promise }) => promise))
    this.#choose()

    if (this.#main != null) {
      const fence = new OutgoingCall({ kind: FrameKind.REQUEST, nodeId, lane, handler: FENCE_NAME, name: encodeName(FENCE_NAME), data: new Uint8Array(), timeout: DRAIN_TIMEOUT, deadlines, onSettled: () => {} })
      this.#main.send(fence)
      await fence.promise.catch(() => {})
    }
  }

  #add (stream: Stream, isOwn: boolean): void {
    if (this.#failure != null || stream.status !== 'open') {
      stream.abort(this.#failure ?? new Error('it has ended already'))

      return
    }

    const session = new Session(stream, {
      ...this.#init,
      host: this.#host,
      isOwn,
      byDialler: isOwn === (this.#init.connection.direction === 'outbound'),
      onChange: session => { this.#onChange(session) }
    })
    this.#sessions.add(session)
    this.#choose()
  }

  #onChange (session: Session): void {
    if (session.hasEnded) {
      this.#sessions.delete(session)
    }

    this.#choose()
  }

  /**
   * Applies the rule, and does what follows from it.
   */
  #choose (): void {
    if (this.#main?.isUsable === true && this.#opening == null && this.#sessions.size === 1) {
      return
    }

    const usable = [...this.#sessions].filter(session => session.isUsable)
    const best = usable.findLast(session => session.byDialler) ?? usable.at(-1)

    // the peer opened one while this side, which dialled, opens the one that will stay
    if (best == null || (this.#opening != null && !best.byDialler)) {
      this.#main = undefined

      return
    }

    const latest = this.#latest
    this.#main = this.#latest = best

    if (best === latest) {
      return
    }

    this.#opening?.abort()
    this.#opening = undefined

    if (latest != null) {
      best.follow(latest)
    }

    takeAll(this.#backlog).forEach(call => { best.send(call) })

    for (const session of usable) {
      if (session !== best && session.isOwn) {
        session.drain()
      }
    }
  }

  #open (): void {
    if (this.#opening != null) {
      return
    }

    const { deadlines } = this.#host
    const opening = new AbortController()
    const patience = {
      deadline: deadlines.now() + OPEN_TIMEOUT,
      expire: () => { opening.abort(new Error(`opening a stream took more than ${OPEN_TIMEOUT} ms`)) }
    }
    this.#opening = opening
    deadlines.add(patience)

    this.#init.connection.newStream(LANE_PROTOCOLS[this.#init.lane], { signal: opening.signal })
      .then(stream => {
        if (opening !== this.#opening) {
          // the peer's stream has taken its place
          stream.abort(new Error('it is not needed any more'))

          return
        }

        this.#opening = undefined
        this.#add(stream, true)
      })
      .catch(err => {
        this.#onOpenFailed(opening, err)
      })
      .finally(() => {
        deadlines.delete(patience)
      })
  }

  #onOpenFailed (opening: AbortController, cause: Error): void {
    if (opening !== this.#opening) {
      return
    }

    this.#opening = undefined
    // there may be one that the peer has opened
    this.#choose()

    if (this.#main == null) {
      const lost = lossOf(this.#init.nodeId, cause, opening.signal.reason?.message)
      takeAll(this.#backlog).forEach(call => { call.failed(lost) })
    }
  }
}

function takeAll (queue: OutgoingQueue): OutgoingCall[] {
  const calls = queue.calls()
  queue.clear()

  return calls
}
