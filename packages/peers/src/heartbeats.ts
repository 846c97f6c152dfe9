import { FAREWELL_TIMEOUT, LINK_PROTOCOL, PROBE_TIMEOUT } from './constants.ts'
import { SilentLinkError } from './errors.ts'
import { Heartbeat } from './heartbeat.ts'
import { intervalOf, Watch } from './liveness.ts'
import type { HeartbeatObserver } from './heartbeat.ts'
import type { FarewellReason } from './link-frame.ts'
import type { Connection, Logger, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'

/**
 * What {@link Heartbeats} tells.
 */
export interface HeartbeatsObserver extends HeartbeatObserver {
  /**
   * Nothing is heard any more: the connection is about to be cut.
   */
  silent (connection: Connection): void
}

/**
 * Watches over all connections: one timer looks at all of them, and cuts those at whose other end nobody is left.
 */
export class Heartbeats {
  readonly #registrar: Pick<Registrar, 'handle' | 'unhandle'>
  readonly #observer: HeartbeatsObserver
  readonly #log: Logger
  readonly #timeout: number
  readonly #beats = new Map<Connection, { beat: Heartbeat, watch: Watch }>()
  readonly #probes = new Map<Connection, NodeJS.Timeout>()
  #timer?: NodeJS.Timeout
  #stopping = new AbortController()

  constructor (registrar: Pick<Registrar, 'handle' | 'unhandle'>, observer: HeartbeatsObserver, log: Logger, timeout: number) {
    this.#registrar = registrar
    this.#observer = observer
    this.#log = log
    this.#timeout = timeout
  }

  async start (): Promise<void> {
    this.#stopping = new AbortController()
    this.#timer = setInterval(() => { this.#look() }, intervalOf(this.#timeout))
    // one of each end: both may open one at the same moment
    await this.#registrar.handle(LINK_PROTOCOL, this.#onStream, { maxInboundStreams: 2, maxOutboundStreams: 2 })
  }

  /**
   * Leaves the connections as they are.
   */
  async stop (): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    this.#probes.forEach(timer => { clearInterval(timer) })
    this.#probes.clear()
    this.#beats.clear()
    await this.#registrar.unhandle(LINK_PROTOCOL)
  }

  /**
   * A connection was opened. The end that dialled it opens the stream at once, the other one only if none has come by the first look.
   */
  watch (connection: Connection): void {
    const { beat } = this.#beat(connection)

    if (connection.direction === 'outbound') {
      beat.open(this.#stopping.signal)
    }
  }

  /**
   * A connection was closed.
   */
  unwatch (connection: Connection): void {
    this.#beats.delete(connection)
    clearInterval(this.#probes.get(connection))
    this.#probes.delete(connection)
  }

  /**
   * Finds out soon whether somebody is left at the other end: the peer has opened another connection, so it may have lost this one.
   */
  probe (connection: Connection): void {
    if (this.#probes.has(connection)) {
      return
    }

    const { beat } = this.#beat(connection)
    const watch = new Watch(PROBE_TIMEOUT, beat.heard)
    const signal = this.#stopping.signal

    beat.ask(signal)
    this.#probes.set(connection, setInterval(() => {
      const verdict = watch.look(performance.now(), beat.heard)

      if (verdict === 'dead') {
        this.#cut(connection, PROBE_TIMEOUT)
      } else if (verdict === 'fine') {
        clearInterval(this.#probes.get(connection))
        this.#probes.delete(connection)
      } else {
        beat.ask(signal)
      }
    }, intervalOf(PROBE_TIMEOUT)))
  }

  /**
   * Tells the other end that a connection is about to be closed.
   *
   * @returns when it is on its way, or cannot be told in time
   */
  async sayGoodbye (connection: Connection, reason: FarewellReason): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(FAREWELL_TIMEOUT)])

    await this.#beats.get(connection)?.beat.sayGoodbye(reason, signal)
  }

  readonly #onStream = (stream: Stream, connection: Connection): void => {
    this.#beat(connection).beat.accept(stream)
  }

  #beat (connection: Connection): { beat: Heartbeat, watch: Watch } {
    let known = this.#beats.get(connection)

    if (known == null) {
      const beat = new Heartbeat(connection, this.#observer, this.#timeout)
      known = { beat, watch: new Watch(this.#timeout, beat.heard) }
      this.#beats.set(connection, known)
    }

    return known
  }

  #look (): void {
    const now = performance.now()

    for (const [connection, { beat, watch }] of this.#beats) {
      beat.allowFrames()

      if (connection.status !== 'open') {
        this.unwatch(connection)
      } else {
        const verdict = watch.look(now, beat.heard)

        if (verdict === 'ask') {
          beat.ask(this.#stopping.signal)
        } else if (verdict === 'dead' && !beat.unsupported) {
          this.#cut(connection, this.#timeout)
        }
      }
    }
  }

  #cut (connection: Connection, timeout: number): void {
    this.#log('%p has not been heard for %d ms, cutting connection %s', connection.remotePeer, timeout, connection.id)
    this.unwatch(connection)
    this.#observer.silent(connection)
    connection.abort(new SilentLinkError(`nothing was heard of ${connection.remotePeer.toString()} for ${timeout} ms`))
  }
}
