import { OPEN_TIMEOUT } from './constants.ts'
import { lossOf, QueueFullError } from './errors.ts'
import { LANE_PROTOCOLS } from './lane.ts'
import { OutgoingQueue } from './outgoing.ts'
import { Session } from './session.ts'
import type { Holder, OutgoingCall } from './outgoing-call.ts'
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

  constructor (host: SessionHost, init: LaneStreamsInit) {
    this.#host = host
    this.#init = init
    this.#backlog = new OutgoingQueue({ begin: () => 0, finish: () => {} }, host.queue)
  }

  /**
   * Begins an exchange.
   */
  send (call: OutgoingCall): void {
    this.#choose()

    if (this.#main != null) {
      this.#main.send(call)
    } else if (this.#failure != null) {
      call.failed(this.#failure)
    } else if (this.#backlog.hasRoomFor(call)) {
      call.holder = this
      this.#backlog.push(call)
      this.#open()
    } else {
      call.failed(new QueueFullError(this.#init.nodeId, `${this.#backlog.length} messages wait for the stream to open`))
    }
  }

  cancel (call: OutgoingCall): void {
    this.#backlog.remove(call)
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
    this.#failBacklog(err)
  }

  #failBacklog (err: Error): void {
    const calls = this.#backlog.calls()
    this.#backlog.clear()

    for (const call of calls) {
      call.failed(err)
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

    this.#moveBacklog(best)

    for (const session of usable) {
      if (session !== best && session.isOwn) {
        session.drain()
      }
    }
  }

  #moveBacklog (session: Session): void {
    const calls = this.#backlog.calls()
    this.#backlog.clear()

    for (const call of calls) {
      session.send(call)
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
      this.#failBacklog(lossOf(this.#init.nodeId, cause, opening.signal.reason?.message))
    }
  }
}
