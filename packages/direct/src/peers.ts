import { isHeard, preferredConnection } from '@fisco-libp2p/identity'
import { CHOICE_INTERVAL } from './constants.ts'
import { ConnectionLostError, NotConnectedError, TooManyRequestsError } from './errors.ts'
import { FrameKind } from './frame.ts'
import { Link } from './link.ts'
import { Peer } from './peer.ts'
import { Traffic } from './traffic.ts'
import type { Settings } from './init.ts'
import type { OutgoingCall } from './outgoing-call.ts'
import type { PeerLane } from './peer.ts'
import type { SessionHost } from './session.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Connection, PeerId } from '@libp2p/interface'

type PeersSettings = Pick<Settings, 'inbox' | 'maxInFlight' | 'bytesPerSecondPerPeer'>

/**
 * The connected nodes by node ID.
 */
export class Peers {
  readonly #self: PeerId
  readonly #host: SessionHost
  readonly #settings: PeersSettings

  // what was counted of nodes that are forgotten
  readonly #past = new Traffic()
  readonly #peers = new Map<NodeId, Peer>()
  readonly #links = new Map<Connection, Link>()

  constructor (self: PeerId, host: SessionHost, settings: PeersSettings) {
    this.#self = self
    this.#host = host
    this.#settings = settings
  }

  /**
   * Requests that wait for an answer.
   */
  get inFlight (): number {
    return [...this.#peers.values()].reduce((sum, peer) => sum + peer.inFlight, 0)
  }

  /**
   * What went to and fro, since the node was made, with all nodes.
   */
  get traffic (): Traffic {
    const total = new Traffic()
    total.add(this.#past)
    this.#peers.forEach(peer => { total.add(peer.traffic) })

    return total
  }

  /**
   * The known nodes.
   */
  values (): Iterable<Peer> {
    return this.#peers.values()
  }

  /**
   * Whether a text is the usual spelling of the ID of a known node.
   */
  has (nodeId: NodeId): boolean {
    return this.#peers.has(nodeId)
  }

  /**
   * The connection to be used for a node.
   */
  link (nodeId: NodeId): Link | undefined {
    const links = this.#peers.get(nodeId)?.links

    if (links == null || links.size === 0) {
      return
    }

    if (links.size === 1) {
      const [link] = links.values()
      const { status, limits } = link.connection

      return status === 'open' && limits == null ? link : undefined
    }

    const connections = [...links.keys()]
    const heard = connections.filter(isHeard)
    // one on which nothing was heard may not have been accepted
    const connection = preferredConnection(this.#self, heard.length > 0 ? heard : connections)

    return connection == null ? undefined : links.get(connection)
  }

  /**
   * Begins an exchange.
   */
  send (call: OutgoingCall): void {
    const link = this.link(call.nodeId)
    const peer = this.#peers.get(call.nodeId)

    if (link == null || peer == null) {
      call.failed(new NotConnectedError(call.nodeId))

      return
    }

    if (link !== peer.current) {
      this.#use(link)
    }

    if (call.kind === FrameKind.NOTIFICATION) {
      link.send(call)
    } else {
      this.#request(call, link, peer.lane(call.lane))
    }
  }

  /**
   * What is known about a connection.
   */
  linkOf (connection: Connection): Link | undefined {
    return this.#links.get(connection)
  }

  /**
   * A connection was opened.
   */
  add (connection: Connection, nodeId: NodeId): Link {
    this.#sweep()
    const peer = this.#peers.get(nodeId) ?? new Peer(nodeId, this.#settings.inbox, this.#settings.bytesPerSecondPerPeer)
    const link = new Link(this.#host, connection, peer)
    peer.links.set(connection, link)
    this.#links.set(connection, link)
    this.#peers.set(nodeId, peer)

    if (peer.links.size === 2) {
      this.#watch(peer)
    }

    return link
  }

  /**
   * A connection has ended.
   */
  remove (connection: Connection): void {
    const link = this.#links.get(connection)

    if (link != null) {
      this.#links.delete(connection)
      link.peer.links.delete(connection)

      if (link.peer.current === link) {
        link.peer.current = undefined
      }

      link.end(new ConnectionLostError(link.peer.nodeId, 'the connection was closed'))
      this.#sweep()
    }
  }

  /**
   * Ends all streams in good order.
   *
   * @param reason - why
   * @returns when the last one has ended
   */
  async stop (reason: string): Promise<void> {
    await Promise.all([...this.#links.values()].map(async link => {
      await link.stop(new ConnectionLostError(link.peer.nodeId, reason))
    }))
  }

  /**
   * Ends at once what {@link stop} could not.
   */
  clear (reason: string): void {
    for (const link of this.#links.values()) {
      link.end(new ConnectionLostError(link.peer.nodeId, reason))
    }

    this.#links.clear()
    this.#peers.forEach(peer => { this.#past.add(peer.traffic) })
    this.#peers.clear()
  }

  /**
   * Another connection is the one to be used.
   */
  #use (link: Link): void {
    const { peer } = link

    if (peer.current != null) {
      link.follow(peer.current)
    }

    peer.current = link
  }

  /**
   * While there are several connections, one may take the place of another with nobody sending anything: what has ended on that must not keep it open.
   */
  #watch (peer: Peer): void {
    const { deadlines } = this.#host

    deadlines.add({
      deadline: deadlines.now() + CHOICE_INTERVAL,
      expire: () => {
        const link = this.link(peer.nodeId)

        if (link != null && link.peer === peer && link !== peer.current) {
          this.#use(link)
        }

        if (peer.links.size > 1) {
          this.#watch(peer)
        }
      }
    })
  }

  #request (call: OutgoingCall, link: Link, lane: PeerLane): void {
    if (lane.inFlight >= this.#settings.maxInFlight) {
      call.failed(new TooManyRequestsError(call.nodeId, `${lane.inFlight} of this node wait for an answer already`))

      return
    }

    lane.inFlight++
    call.onEnd = () => { lane.inFlight-- }
    link.send(call)
  }

  /**
   * Forgets nodes that are gone. One whose handlers still run stays, or it could have any number of them run by coming back
   * again and again.
   */
  #sweep (): void {
    for (const [nodeId, peer] of this.#peers) {
      if (peer.links.size === 0 && peer.isIdle) {
        this.#peers.delete(nodeId)
        this.#past.add(peer.traffic)
      }
    }
  }
}
