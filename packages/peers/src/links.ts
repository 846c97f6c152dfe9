import { dialledBySmaller, getPeerCertificate, isHeard, peerIdToNodeId, preferredConnection } from '@fisco-libp2p/identity'
import { MIN_PROBE_AGE } from './constants.ts'
import { Drains } from './drains.ts'
import { ConnectionReplacedError } from './errors.ts'
import { Heartbeats } from './heartbeats.ts'
import type { HeartbeatsObserver } from './heartbeats.ts'
import type { PeersComponents } from './index.ts'
import type { FarewellReason } from './link-frame.ts'
import type { Member, PeerDownReason } from './status.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, Connection, Logger, PeerId } from '@libp2p/interface'

/**
 * Everything that connects this node to one peer.
 */
export interface Link {
  readonly peerId: PeerId
  readonly nodeId: NodeId

  /**
   * Unix milliseconds of its first connection.
   */
  readonly since: number

  /**
   * The connections: one, except for short moments.
   */
  readonly connections: Set<Connection>

  /**
   * Round trip of the latest heartbeat, in milliseconds.
   */
  rtt?: number

  /**
   * Why it is about to go down, if this end knows.
   */
  ending?: PeerDownReason
}

/**
 * What the table of links tells.
 */
export interface LinksObserver {
  /**
   * A connection was opened. Called before `linkUp`.
   */
  connectionOpened (connection: Connection): void
  linkUp (link: Link): void

  /**
   * It is closed, or will be soon, in favour of another one.
   */
  connectionGivenUp (connection: Connection): void

  /**
   * It is cut, because nothing is heard on it.
   */
  connectionSilent (connection: Connection): void
  linkDown (link: Link): void
}

/**
 * Who is connected, and one connection for each: it keeps the table of links, and gives up all but the preferred
 * connection of each peer.
 */
export class Links implements HeartbeatsObserver {
  readonly #components: Pick<PeersComponents, 'peerId' | 'connectionManager' | 'events' | 'registrar'>
  readonly #observer: LinksObserver
  readonly #log: Logger
  readonly #now: () => number
  readonly #links = new Map<string, Link>()
  readonly #drains = new Drains()
  readonly #heartbeats: Heartbeats

  /**
   * @param linkTimeout - milliseconds of silence after which a connection is cut
   */
  constructor (components: PeersComponents, observer: LinksObserver, log: Logger, now: () => number, linkTimeout: number) {
    this.#components = components
    this.#observer = observer
    this.#log = log
    this.#now = now
    this.#heartbeats = new Heartbeats(components.registrar, this, log, linkTimeout)
  }

  get size (): number {
    return this.#links.size
  }

  values (): Iterable<Link> {
    return this.#links.values()
  }

  /**
   * @param peerId - as text
   */
  get (peerId: string | undefined): Link | undefined {
    return peerId == null ? undefined : this.#links.get(peerId)
  }

  async start (): Promise<void> {
    await this.#heartbeats.start()
    this.#components.events.addEventListener('connection:open', this.#onOpen)
    this.#components.events.addEventListener('connection:close', this.#onClose)

    for (const connection of this.#components.connectionManager.getConnections()) {
      this.#opened(connection)
    }
  }

  /**
   * Forgets all links, and says of each that it is down.
   */
  async stop (): Promise<void> {
    this.#components.events.removeEventListener('connection:open', this.#onOpen)
    this.#components.events.removeEventListener('connection:close', this.#onClose)
    this.#drains.stop()

    for (const [key, link] of this.#links) {
      this.#links.delete(key)
      link.ending ??= 'stopped'
      this.#observer.linkDown(link)
    }

    await this.#heartbeats.stop()
  }

  describe (link: Link): Omit<Member, 'configured'> {
    const { peerId, nodeId, since, rtt } = link
    const connection = this.preferred(link)
    const facts = getPeerCertificate(connection)

    return { peerId, nodeId, name: facts?.name, agency: facts?.agency, direction: connection.direction, address: connection.remoteAddr.toString(), since, rtt }
  }

  /**
   * Tells the other end of a link that it is about to be closed.
   *
   * @returns when that is on its way
   */
  async sayGoodbye (link: Link, reason: FarewellReason): Promise<void> {
    await Promise.all([...link.connections].map(async connection => this.#heartbeats.sayGoodbye(connection, reason)))
  }

  /**
   * Closes all connections of a link; cuts those that take too long.
   *
   * @param reason - why, for this end
   */
  async close (link: Link, reason: PeerDownReason, options?: AbortOptions): Promise<void> {
    link.ending = reason
    await Promise.all([...link.connections].map(async connection => {
      await connection.close(options).catch(err => { connection.abort(err) })
    }))
  }

  /**
   * The connection of a link that stays.
   */
  preferred (link: Link): Connection {
    const connections = [...link.connections]

    // while the last one is being closed, none is open
    return preferredConnection(this.#components.peerId, connections) ?? connections[0]
  }

  rtt (connection: Connection, milliseconds: number): void {
    const link = this.get(connection.remotePeer.toString())

    if (link?.connections.has(connection) === true) {
      link.rtt = milliseconds
      // where libp2p has it, and other services look for it
      connection.rtt = milliseconds
    }
  }

  farewell (connection: Connection, reason: FarewellReason): void {
    const link = this.get(connection.remotePeer.toString())

    if (link?.connections.has(connection) === true && reason !== 'unknown') {
      link.ending = reason
    }
  }

  silent (connection: Connection): void {
    const link = this.get(connection.remotePeer.toString())
    this.#observer.connectionSilent(connection)

    if (link?.connections.has(connection) === true) {
      link.ending = 'silent'
    }
  }

  readonly #onOpen = (evt: CustomEvent<Connection>): void => {
    this.#opened(evt.detail)
  }

  readonly #onClose = (evt: CustomEvent<Connection>): void => {
    this.#closed(evt.detail)
  }

  #opened (connection: Connection): void {
    if (connection.limits != null || connection.status !== 'open') {
      return // over a relay that limits it, or gone already
    }

    const key = connection.remotePeer.toString()
    const known = this.#links.get(key)
    const nodeId = known?.nodeId ?? this.#nodeIdOf(connection)

    if (nodeId == null) {
      return
    }

    if (known != null) {
      known.ending = undefined // the link goes on
    }

    const link = known ?? { peerId: connection.remotePeer, nodeId, since: this.#now(), connections: new Set() }
    link.connections.add(connection)
    this.#links.set(key, link)
    this.#heartbeats.watch(connection)
    this.#observer.connectionOpened(connection)

    if (known == null) {
      this.#observer.linkUp(link)
    } else {
      this.#settle(link)
      this.#probeOthers(link, connection)
    }
  }

  /**
   * A peer that has a link does not dial. If it does, it has probably lost the link, and this end does not know yet; by the
   * rules above a dead connection might be the one that stays.
   */
  #probeOthers (link: Link, latest: Connection): void {
    for (const connection of link.connections) {
      if (connection !== latest && latest.timeline.open - connection.timeline.open >= MIN_PROBE_AGE) {
        this.#heartbeats.probe(connection)
      }
    }
  }

  #closed (connection: Connection): void {
    const key = connection.remotePeer.toString()
    const link = this.#links.get(key)
    this.#drains.done(connection)
    this.#heartbeats.unwatch(connection)

    if (link?.connections.delete(connection) !== true) {
      return
    }

    if (link.connections.size === 0) {
      this.#links.delete(key)
      link.ending ??= connection.status === 'closed' ? 'closed' : 'lost'
      this.#observer.linkDown(link)
    } else {
      if (link.ending === 'silent' && this.preferred(link).status === 'open') {
        link.ending = undefined // another connection carries it on
      }

      this.#settle(link)
    }
  }

  /**
   * docs/PROTOCOLS.md, "Links": which of several connections stays, and who closes the others.
   */
  #settle (link: Link): void {
    const kept = this.preferred(link)

    for (const connection of link.connections) {
      if (connection === kept || connection.status !== 'open') {
        continue
      }

      if (incarnationOf(connection) < incarnationOf(kept)) {
        this.#log('%p was restarted: connection %s replaces %s', link.peerId, kept.id, connection.id)
        this.#observer.connectionGivenUp(connection)
        connection.abort(new ConnectionReplacedError())
      } else if (this.#mayClose(connection, kept) && this.#drains.start(connection, () => this.preferred(link) !== connection, () => isHeard(this.preferred(link)))) {
        this.#log('two connections to %p: %s (%s) stays, %s is given up', link.peerId, kept.id, kept.direction, connection.id)
        this.#observer.connectionGivenUp(connection)
      }
    }
  }

  /**
   * Of two connections that different ends dialled, both ends see the same one as preferred. Of two that one end
   * dialled, each end keeps the one that it saw first, and these can differ: then the dialler decides.
   */
  #mayClose (connection: Connection, kept: Connection): boolean {
    const { peerId } = this.#components

    return connection.direction === 'outbound' || dialledBySmaller(peerId, connection) !== dialledBySmaller(peerId, kept)
  }

  #nodeIdOf (connection: Connection): NodeId | undefined {
    try {
      return getPeerCertificate(connection)?.nodeId ?? peerIdToNodeId(connection.remotePeer)
    } catch (err) {
      this.#log.error('%p cannot be a member and is disconnected - %e', connection.remotePeer, err)
      connection.abort(err)
    }
  }
}

function incarnationOf (connection: Connection): number {
  return getPeerCertificate(connection)?.incarnation ?? 0
}
