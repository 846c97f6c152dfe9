import { peerIdToNodeId } from '@fisco-libp2p/identity'
import { HANDOVER_NAME, HANDOVER_QUOTA, MAX_HANDOVER_BYTES, MAX_MESSAGE_BYTES } from './constants.ts'
import type { DirectLike, TopicsComponents } from './components.ts'
import type { TopicsMetrics } from './metrics.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Logger, PeerId } from '@libp2p/interface'

/**
 * What a {@link Handover} works with.
 */
export interface HandoverInit {
  components: Pick<TopicsComponents, 'connectionManager'>
  metrics: TopicsMetrics
  log: Logger

  /**
   * Called with each message that a neighbour hands over, which should be its own.
   */
  onMessage (bytes: Uint8Array, from: NodeId): Promise<void>
}

/**
 * Hands messages by unicast to neighbours that follow, and that gossipsub does not know to follow yet: it hears so when its
 * streams are open and its turn has come, some hundred milliseconds after the node's status. What a node publishes to a topic
 * that it does not follow itself, gossipsub never repairs: it has no mesh for it, and with flood publishing no fanout.
 */
export class Handover {
  private readonly init: HandoverInit
  private direct?: DirectLike
  private waiting = 0

  constructor (init: HandoverInit) {
    this.init = init
  }

  /**
   * @param direct - undefined where the node has no unicast: then nothing is handed over
   */
  start (direct: DirectLike | undefined): void {
    this.direct = direct
    direct?.handle(HANDOVER_NAME, async (bytes, { from }) => { await this.init.onMessage(bytes, from) }, { maxMessageSize: MAX_MESSAGE_BYTES, quota: HANDOVER_QUOTA })
  }

  stop (): void {
    this.direct?.unhandle(HANDOVER_NAME)
    this.direct = undefined
  }

  /**
   * @param followers - who should have the message
   * @param reached - neighbours to which gossipsub has sent it
   * @returns how many more neighbours it was handed to
   */
  give (bytes: Uint8Array, followers: readonly NodeId[], reached: readonly PeerId[]): number {
    if (this.direct == null || followers.length <= reached.length) {
      return 0
    }

    const missed = this.missed(new Set(followers), new Set(reached.map(peerId => peerId.toString())))

    return [...missed].filter(nodeId => this.notify(nodeId, bytes)).length
  }

  private missed (followers: ReadonlySet<NodeId>, reached: ReadonlySet<string>): Set<NodeId> {
    const neighbours = this.init.components.connectionManager.getConnections()
      .filter(({ status, remotePeer }) => status === 'open' && !reached.has(remotePeer.toString()))
      .map(({ remotePeer }) => peerIdToNodeId(remotePeer))

    return new Set(neighbours.filter(nodeId => followers.has(nodeId)))
  }

  private notify (nodeId: NodeId, bytes: Uint8Array): boolean {
    const { metrics, log } = this.init

    if (this.direct == null || this.waiting + bytes.byteLength > MAX_HANDOVER_BYTES) {
      metrics.handedOver('dropped')

      return false
    }

    this.waiting += bytes.byteLength
    this.direct.notify(nodeId, HANDOVER_NAME, bytes).then(() => {
      metrics.handedOver('sent')
    }, err => {
      metrics.handedOver('failed')
      log('message could not be handed to %s - %e', nodeId, err)
    }).finally(() => {
      this.waiting -= bytes.byteLength
    })

    return true
  }
}
