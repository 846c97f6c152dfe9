import type { AccessControl } from '@fisco-libp2p/access'
import type { Admin } from '@fisco-libp2p/admin'
import type { Direct } from '@fisco-libp2p/direct'
import type { Peers } from '@fisco-libp2p/peers'
import type { StatusSeq } from '@fisco-libp2p/status-seq'
import type { Topics } from '@fisco-libp2p/topics'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Identify } from '@libp2p/identify'
import type { ServiceMap } from '@libp2p/interface'

/**
 * The services of the preset, by the names under which they find each other.
 */
export interface NodeServices extends ServiceMap {
  identify: Identify
  pubsub: GossipSub
  statusSeq: StatusSeq
  direct: Direct
  topics: Topics
  peers: Peers
  access: AccessControl

  /**
   * Only where the node has an admin socket.
   */
  admin?: Admin
}
