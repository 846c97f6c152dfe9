import { dialledBySmaller, getPeerCertificate, peerIdToNodeId, preferredConnection } from '@fisco-libp2p/identity'
import { Drains } from './drains.ts'
import { ConnectionReplacedError } from './errors.ts'
import type { PeersComponents } from './index.ts'
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
  linkDown (link: Link): void
}

/**
 * Who is connected, and one connection for each: it keeps the table of links, and gives up all but the preferred
 * connection of each peer.
 */
export class Links {
  readonly #components: Pick<PeersComponents, 'peerId' | 'connectionManager' | 'events'>
  readonly #observer: LinksObserver
  readonly #log: Logger
  readonly #now: () => number
  readonly #links = new Map<string, Link>()
  readonly #drains = new Drains()

  constructor (components: PeersComponents, observer: LinksObserver, log: Logger, now: () => number) {
    this.#components = components
    this.#observer = observer
    this.#log = log
    this.#now = now
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

  start (): void {
    this.#components.events.addEventListener('connection:open', this.#onOpen)
    this.#components.events.addEventListener('connection:close', this.#onClose)

    for (const connection of this.#components.connectionManager.getConnections()) {
      this.#opened(connection)
    }
  }

  /**
   * Forgets all links, and says of each that it is down.
   */
  stop (): void {
    this.#components.events.removeEventListener('connection:open', this.#onOpen)
    this.#components.events.removeEventListener('connection:close', this.#onClose)
    this.#drains.stop()

    for (const [key, link] of this.#links) {
      this.#links.delete(key)
      this.#observer.linkDown(link)
    }
  }

  describe (link: Link): Omit<Member, 'configured'> {
    const { peerId, nodeId, since, rtt } = link
    const connection = this.preferred(link)
    const facts = getPeerCertificate(connection)

    return { peerId, nodeId, name: facts?.name, agency: facts?.agency, direction: connection.direction, address: connection.remoteAddr.toString(), since, rtt }
  }

  /**
   * Closes all connections of a link; cuts those that take too long.
   */
  async close (link: Link, options?: AbortOptions): Promise<void> {
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

    const link = known ?? { peerId: connection.remotePeer, nodeId, since: this.#now(), connections: new Set() }
    link.connections.add(connection)
    this.#links.set(key, link)
    this.#observer.connectionOpened(connection)

    if (known == null) {
      this.#observer.linkUp(link)
    } else {
      this.#settle(link)
    }
  }

  #closed (connection: Connection): void {
    const key = connection.remotePeer.toString()
    const link = this.#links.get(key)
    this.#drains.done(connection)

    if (link?.connections.delete(connection) !== true) {
      return
    }

    if (link.connections.size === 0) {
      this.#links.delete(key)
      this.#observer.linkDown(link)
    } else {
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
      } else if (this.#mayClose(connection, kept) && this.#drains.start(connection, () => this.preferred(link) !== connection)) {
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
