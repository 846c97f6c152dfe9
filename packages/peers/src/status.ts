import type { ExpulsionReason } from './link-frame.ts'
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
   * The node that is there, or was when it was last connected, or refused after it had proven who it is.
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

  /**
   * The other end's address on this link; of an inbound one the port is one that the peer does not listen on.
   */
  remoteAddress: string

  /**
   * Round trip of the latest heartbeat, in milliseconds; unknown before the first one.
   */
  rtt?: number
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
 * One of both nodes refused the other. It is dialled on, as certificates are renewed and clocks corrected; what was refused for
 * good (`final`) is left alone for long, or until something changes on this side.
 */
export interface RefusedPeer extends PeerStatusCommon {
  state: 'refused'

  /**
   * A refusal code of docs/PROTOCOLS.md, or `connection-gater` if this node's connection gater refused without one.
   */
  rule: string
  refusedBy: 'us' | 'them'

  /**
   * Whether another dial leads to the same answer until somebody changes a list, a certificate or a configuration.
   */
  final: boolean

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

  /**
   * Whether a configured address leads to it, as far as is known.
   */
  configured: boolean
  direction: 'inbound' | 'outbound'

  /**
   * The other end's address; of an inbound connection its port is one that the peer does not listen on.
   */
  address: string

  /**
   * Round trip of the latest heartbeat, in milliseconds; unknown before the first one.
   */
  rtt?: number

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

  /**
   * Why: `closed` by the other end or by somebody on this side; `lost` without a word; `silent` for longer than `linkTimeout`;
   * `draining` when the other end said that it stops; `overloaded` when it has no room for this node; `stopped` when this
   * service stops; the others when one of both ends may not be connected to the other any more.
   */
  reason: PeerDownReason
}

/**
 * Why a link went down, see {@link PeerDownDetail}.
 */
export type PeerDownReason = 'closed' | 'lost' | 'silent' | 'draining' | 'overloaded' | 'stopped' | ExpulsionReason

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

  /**
   * Whether it is left alone, see {@link RefusedPeer}.
   */
  final: boolean
  message: string

  /**
   * The peer's node ID, where it was proven before the refusal.
   */
  nodeId?: NodeId
}
