import { peerIdToNodeId } from '@fisco-libp2p/identity'
import type { NodeId } from '@fisco-libp2p/identity'
import type { PeerId } from '@libp2p/interface'

/**
 * The node ID of a peer; undefined for a kind of key that no node has, or an RSA key that is not known yet.
 */
export function nodeIdOf (peerId: PeerId): NodeId | undefined {
  try {
    return peerIdToNodeId(peerId)
  } catch {
    return undefined
  }
}
