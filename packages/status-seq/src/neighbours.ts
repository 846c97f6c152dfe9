import { peerIdToNodeId, preferredConnection } from '@fisco-libp2p/identity'
import { MAX_STREAMS, STATUS_SEQ_PROTOCOL } from './constants.ts'
import type { StatusSeqComponents } from './index.ts'
import type { Neighbour } from './neighbour.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Connection, Logger, PeerId, Stream } from '@libp2p/interface'

/**
 * What {@link Neighbours} asks and tells.
 */
export interface NeighboursInit {
  log: Logger

  /**
   * A peer is connected now.
   */
  create(nodeId: NodeId): Neighbour

  /**
   * A peer is no longer connected.
   */
  onLeft(nodeId: NodeId): void
}

/**
 * The connected peers: follows libp2p's connections, and has a {@link Neighbour} for each peer that has one.
 */
export class Neighbours {
  private readonly components: StatusSeqComponents
  private readonly init: NeighboursInit
  private readonly neighbours = new Map<NodeId, Neighbour>()
  private started = false

  constructor (components: StatusSeqComponents, init: NeighboursInit) {
    this.components = components
    this.init = init
  }

  get size (): number {
    return this.neighbours.size
  }

  get (nodeId: NodeId): Neighbour | undefined {
    return this.neighbours.get(nodeId)
  }

  async start (): Promise<void> {
    this.started = true
    this.components.events.addEventListener('connection:open', this.onConnection)
    this.components.events.addEventListener('connection:close', this.onConnection)

    await this.components.registrar.handle(STATUS_SEQ_PROTOCOL, this.onStream, {
      maxInboundStreams: MAX_STREAMS,
      maxOutboundStreams: MAX_STREAMS
    })

    for (const connection of this.components.connectionManager.getConnections()) {
      this.follow(connection)
    }
  }

  async stop (): Promise<void> {
    this.started = false
    this.components.events.removeEventListener('connection:open', this.onConnection)
    this.components.events.removeEventListener('connection:close', this.onConnection)

    for (const neighbour of this.neighbours.values()) {
      neighbour.stop()
    }

    this.neighbours.clear()
    await this.components.registrar.unhandle(STATUS_SEQ_PROTOCOL)
  }

  private readonly onConnection = (event: CustomEvent<Connection>): void => {
    this.follow(event.detail)
  }

  private readonly onStream = (stream: Stream, connection: Connection): void => {
    const neighbour = this.follow(connection)

    if (neighbour == null) {
      stream.abort(new Error('The peer has no node ID, or its connection is not for streams like this'))

      return
    }

    neighbour.accept(stream)
  }

  /**
   * Something has happened to a connection: the peer's neighbour is made, moved to another connection, or ended.
   */
  private follow (connection: Connection): Neighbour | undefined {
    try {
      const nodeId = peerIdToNodeId(connection.remotePeer)
      const preferred = preferredConnection(this.components.peerId, this.connectionsTo(connection.remotePeer, connection))

      return preferred == null || !this.started ? this.end(nodeId) : this.talk(nodeId, preferred)
    } catch (err) {
      // a peer whose key has no node ID is none of ours
      this.init.log('no status exchange with %p - %e', connection.remotePeer, err)

      return undefined
    }
  }

  private talk (nodeId: NodeId, connection: Connection): Neighbour {
    let neighbour = this.neighbours.get(nodeId)

    if (neighbour == null) {
      neighbour = this.init.create(nodeId)
      this.neighbours.set(nodeId, neighbour)
    }

    neighbour.use(connection)

    return neighbour
  }

  private end (nodeId: NodeId): undefined {
    const neighbour = this.neighbours.get(nodeId)

    if (neighbour != null) {
      this.neighbours.delete(nodeId)
      neighbour.stop()
      this.init.onLeft(nodeId)
    }
  }

  /**
   * The connection manager may not have heard of a new connection yet.
   */
  private connectionsTo (peerId: PeerId, connection: Connection): Connection[] {
    return [...new Set([...this.components.connectionManager.getConnections(peerId), connection])]
  }
}
