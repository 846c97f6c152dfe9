import { preferredConnection } from '@fisco-libp2p/identity'
import { BROADCAST_TOPIC } from './constants.ts'
import { gossipStreams, isOutgoing } from './gossip-streams.ts'
import { StreamWatch } from './stream-watch.ts'
import { nodeIdOf } from './topology.ts'
import type { TopicsComponents } from './components.ts'
import type { Repair, StreamState } from './stream-watch.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Connection, Logger, Stream } from '@libp2p/interface'

/**
 * How long a connection may take to close, in milliseconds.
 */
const CLOSE_TIMEOUT = 1_000

/**
 * What a {@link Watchdog} works with.
 */
export interface WatchdogInit {
  components: Pick<TopicsComponents, 'pubsub' | 'connectionManager' | 'registrar' | 'peerStore' | 'events' | 'peerId'>
  log: Logger

  /**
   * Milliseconds between looks.
   */
  interval: number

  /**
   * Milliseconds that a peer may be without a stream.
   */
  grace: number

  /**
   * Whether a node's status says that it runs this protocol, so that it must have subscribed to broadcasts.
   */
  isMember (nodeId: NodeId): boolean
  onRepair? (repair: Repair): void

  /**
   * Called at each look.
   */
  onLook? (): void
}

/**
 * Finds connected peers that gossipsub does not send to, and repairs them. gossipsub opens one stream to a peer when
 * the peer is identified, and no other when that one ends while the peer stays connected: it happens whenever two
 * nodes dial each other at the same time and one of the two connections is closed.
 */
export class Watchdog {
  private readonly init: WatchdogInit
  private readonly watch: StreamWatch
  private shutdown = new AbortController()
  private timer?: NodeJS.Timeout

  constructor (init: WatchdogInit) {
    this.init = init
    this.watch = new StreamWatch(init.grace)
  }

  start (): void {
    this.shutdown = new AbortController()
    this.timer = setInterval(() => { this.look() }, this.init.interval)
    this.init.components.events.addEventListener('connection:close', this.onConnectionClose)
  }

  stop (): void {
    clearInterval(this.timer)
    this.init.components.events.removeEventListener('connection:close', this.onConnectionClose)
    this.shutdown.abort()
  }

  /**
   * Looks at all connected peers.
   */
  private look (): void {
    const { connectionManager, pubsub } = this.init.components
    const peers = Map.groupBy(connectionManager.getConnections().filter(isUsable), ({ remotePeer }) => remotePeer.toString())
    const known = new Set(pubsub.getPeers().map(String))
    const subscribed = new Set(pubsub.getSubscribers(BROADCAST_TOPIC).map(String))
    const now = performance.now()

    this.watch.retain(peers, now)
    this.init.onLook?.()

    for (const [peer, connections] of peers) {
      const repair = this.watch.observe(peer, this.state(connections, known.has(peer), subscribed.has(peer)), now)

      if (repair != null) {
        this.repair(peer, connections, repair).catch(err => {
          this.init.log.error('could not repair the gossip streams with %s - %e', peer, err)
        })
      }
    }
  }

  private readonly onConnectionClose = (evt: CustomEvent<Connection>): void => {
    const peer = evt.detail.remotePeer
    const { connectionManager } = this.init.components

    // its streams go with it, but only after this event
    setImmediate(() => {
      const connections = connectionManager.getConnections(peer).filter(isUsable)

      if (!this.shutdown.signal.aborted && connections.length > 0 && !this.hasStream(connections)) {
        this.watch.hasten(peer.toString(), performance.now())
        this.look()
      }
    })
  }

  private state (connections: Connection[], known: boolean, subscribed: boolean): StreamState {
    if (!this.hasStream(connections)) {
      return 'silent'
    }

    return known && (subscribed || !this.isMember(connections[0])) ? 'live' : 'deaf'
  }

  private async repair (peer: string, connections: Connection[], repair: Repair): Promise<void> {
    const { peerId, peerStore, pubsub } = this.init.components
    const { protocols } = await peerStore.get(connections[0].remotePeer, { signal: this.shutdown.signal })
    const streams = gossipStreams(connections, pubsub.protocols)

    if (!protocols.some(protocol => pubsub.protocols.includes(protocol)) || (repair === 'close' && !this.isMember(connections[0]))) {
      this.watch.forget(peer)

      return
    }

    this.init.log('gossip streams with %s: %s', peer, repair)
    this.init.onRepair?.(repair)

    switch (repair) {
      case 'open':
        // what is left of an earlier stream counts against the limit of streams
        streams.filter(stream => stream.direction === 'outbound' && !isOutgoing(stream)).forEach(reset)
        await this.announce(preferredConnection(peerId, connections))
        break
      case 'renew':
        streams.forEach(reset)
        break
      default:
        await Promise.all(connections.map(async connection => connection.close({ signal: AbortSignal.any([this.shutdown.signal, AbortSignal.timeout(CLOSE_TIMEOUT)]) })))
    }
  }

  /**
   * Tells gossipsub that a peer is connected, as gossipsub itself does for peers that it dials: by its topology.
   */
  private async announce (connection?: Connection): Promise<void> {
    if (connection == null) {
      return
    }

    const { pubsub, registrar } = this.init.components
    const topologies = new Set(pubsub.protocols.flatMap(protocol => registrar.getTopologies(protocol)))

    await Promise.all([...topologies].map(async topology => topology.onConnect?.(connection.remotePeer, connection)))
  }

  private hasStream (connections: Connection[]): boolean {
    return gossipStreams(connections, this.init.components.pubsub.protocols).some(isOutgoing)
  }

  private isMember ({ remotePeer }: Connection): boolean {
    const nodeId = nodeIdOf(remotePeer)

    return nodeId != null && this.init.isMember(nodeId)
  }
}

function isUsable (connection: Connection): boolean {
  return connection.status === 'open' && connection.limits == null
}

function reset (stream: Stream): void {
  stream.abort(new Error('The gossip stream is opened anew'))
}
