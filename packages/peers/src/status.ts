import type { NodeId } from '@fisco-libp2p/identity'
import type { PeerId } from '@libp2p/interface'

/**
 * What is known of a peer at any time.
 */
export interface PeerStatusCommon {
  /**
   * The configured address.
   */
  address: string

  /**
   * The node that is there, or was when it was last connected.
   */
  nodeId?: NodeId

  /**
   * Its name, if a security transport with certificates is used.
   */
  name?: string

  /**
   * The agency that issued its certificate, likewise.
   */
  agency?: string

  /**
   * Since when it is in this state, unix milliseconds.
   */
  since: number

  /**
   * Dials in a row that did not lead to a stable link.
   */
  attempts: number

  /**
   * Why it is not connected. At most 512 characters; they may come from the other end.
   */
  lastError?: string
}

/**
 * A dial is under way, or waits for others to end.
 */
export interface ConnectingPeer extends PeerStatusCommon {
  state: 'connecting'
}

/**
 * There is a connection.
 */
export interface ConnectedPeer extends PeerStatusCommon {
  state: 'connected'
  nodeId: NodeId

  /**
   * Which end dialled it: `outbound` if this node did.
   */
  direction: 'inbound' | 'outbound'
}

/**
 * The last dial failed or the link was lost; the next dial comes at a known time. Also the state while the node is not
 * started.
 */
export interface WaitingPeer extends PeerStatusCommon {
  state: 'waiting'

  /**
   * Time of the next dial, unix milliseconds.
   */
  until: number
}

/**
 * One of both nodes refused the other. It is dialled on: certificates are renewed and lists change.
 */
export interface RefusedPeer extends PeerStatusCommon {
  state: 'refused'

  /**
   * A refusal code of docs/PROTOCOLS.md, or `connection-gater` if this node's connection gater refused without one.
   */
  rule: string
  refusedBy: 'us' | 'them'

  /**
   * Time of the next dial, unix milliseconds.
   */
  until: number
}

/**
 * The address leads to this node itself. It is not dialled again before the next start.
 */
export interface SelfPeer extends PeerStatusCommon {
  state: 'self'
}

/**
 * A configured peer.
 */
export type PeerStatus = ConnectingPeer | ConnectedPeer | WaitingPeer | RefusedPeer | SelfPeer

/**
 * A node that is connected, configured or not.
 */
export interface Member {
  nodeId: NodeId
  peerId: PeerId

  /**
   * Its name, if a security transport with certificates is used.
   */
  name?: string

  /**
   * The agency that issued its certificate, likewise.
   */
  agency?: string
  direction: 'inbound' | 'outbound'

  /**
   * The other end's address; of an inbound connection its port is one that the peer does not listen on.
   */
  address: string

  /**
   * Unix milliseconds.
   */
  since: number
}

/**
 * A link went down.
 */
export interface PeerDownDetail {
  nodeId: NodeId
  peerId: PeerId
}

/**
 * An address will be dialled again.
 */
export interface PeerRetryDetail {
  address: string

  /**
   * Dials in a row that did not lead to a stable link.
   */
  attempts: number

  /**
   * Milliseconds until then.
   */
  delay: number
  error: string
}

/**
 * One of both nodes refused the other.
 */
export interface PeerRefusedDetail {
  address: string
  rule: string
  refusedBy: 'us' | 'them'
  message: string

  /**
   * The peer's node ID, where it was proven before the refusal.
   */
  nodeId?: NodeId
}
