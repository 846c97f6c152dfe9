import { peerIdToNodeId } from '@fisco-libp2p/identity'
import { BROADCAST_TOPIC } from './constants.ts'
import { routeBetween } from './route.ts'
import type { StatusRecordLike, TopicsComponents } from './components.ts'
import type { Directory } from './directory.ts'
import type { Links } from './relay-tree.ts'
import type { Restrictions } from './restrictions.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { PeerId } from '@libp2p/interface'

/**
 * What {@link Topology} looks at.
 */
export interface TopologyInit {
  self: NodeId
  components: Pick<TopicsComponents, 'statusSeq' | 'connectionManager'>
  directory: Directory
  restrictions: Restrictions
}

/**
 * Who is where: the nodes that are connected, those that follow, and the ways between them. Topics are those of gossipsub.
 */
export class Topology {
  private readonly init: TopologyInit

  constructor (init: TopologyInit) {
    this.init = init
  }

  get records (): StatusRecordLike[] {
    return this.init.components.statusSeq.snapshot()
  }

  /**
   * Which nodes are connected with which, by status; the same map until it changes.
   */
  get links (): Links {
    return this.init.components.statusSeq.links()
  }

  recordOf (nodeId: NodeId): StatusRecordLike | undefined {
    return this.init.components.statusSeq.get(nodeId)
  }

  /**
   * Nodes that are connected with this one, as it is.
   */
  neighbours (): Set<NodeId> {
    return new Set(this.init.components.connectionManager.getConnections()
      .filter(({ status }) => status === 'open')
      .flatMap(({ remotePeer }) => nodeIdOf(remotePeer) ?? []))
  }

  /**
   * Other nodes that follow a topic, and may.
   */
  followersOf (topic: string): NodeId[] {
    const { self, directory, restrictions } = this.init

    return directory.followers(this.records, topic).filter(nodeId => nodeId !== self && restrictions.mayFollow(topic, nodeId))
  }

  /**
   * The nodes that carry a topic: all that follow it, may do so, and take messages by unicast; this one as well, if it does.
   */
  carriersOf (topic: string): NodeId[] {
    const { directory, restrictions } = this.init

    return directory.carriers(this.records, topic).filter(nodeId => restrictions.mayFollow(topic, nodeId))
  }

  /**
   * Those of them that are connected.
   */
  neighboursOf (topic: string): NodeId[] {
    const neighbours = this.neighbours()

    return this.carriersOf(topic).filter(nodeId => neighbours.has(nodeId))
  }

  /**
   * Over which nodes a message to a topic goes to a node, the node included: none between if it is connected, and nobody who may not know the topic.
   *
   * @throws Error if there is no way
   */
  routeTo (nodeId: NodeId, topic: string): NodeId[] {
    const { self, directory, restrictions } = this.init

    if (this.neighbours().has(nodeId)) {
      return [nodeId]
    }

    const members = new Set(directory.carriers(this.records, BROADCAST_TOPIC))
    const route = routeBetween(self, nodeId, this.links, passing => members.has(passing) && restrictions.mayFollow(topic, passing))

    if (route == null) {
      throw new Error('it is not connected, and there is no way to it over others')
    }

    return route
  }

  /**
   * The round trip time to a node in milliseconds, where it was measured.
   */
  rttOf (nodeId: NodeId): number | undefined {
    return this.init.components.connectionManager.getConnections().find(({ remotePeer, status, rtt }) => status === 'open' && rtt != null && nodeIdOf(remotePeer) === nodeId)?.rtt
  }
}

/**
 * Undefined for a key that no node of ours can have.
 */
export function nodeIdOf (peerId: PeerId): NodeId | undefined {
  try {
    return peerIdToNodeId(peerId)
  } catch {
    return undefined
  }
}
