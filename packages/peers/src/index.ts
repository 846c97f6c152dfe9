/**
 * @packageDocumentation
 *
 * Connections that come back. Give it the addresses of the other nodes, with or without their peer IDs, and it keeps
 * them connected for as long as the node runs: it dials at once, then again and again with growing, jittered delays up
 * to a ceiling, and starts over when a link that was good is lost. It never gives up on an address.
 *
 * It also sees to it that there is one connection to each peer: when two nodes dial each other at the same moment, both
 * keep the same one of the two connections.
 *
 * @example Keep two nodes connected
 *
 * ```typescript
 * import { peers } from '@fisco-libp2p/peers'
 * import { createLibp2p } from 'libp2p'
 *
 * const node = await createLibp2p({
 *   services: {
 *     peers: peers({
 *       addresses: ['/ip4/10.0.0.2/tcp/30300', '/dns4/node3.example.com/tcp/30300']
 *     })
 *   }
 * })
 *
 * node.services.peers.addEventListener('peer:up', (evt) => {
 *   const { nodeId, name, agency } = evt.detail
 * })
 *
 * for (const peer of node.services.peers.list()) {
 *   if (peer.state === 'waiting') {
 *     const inMilliseconds = peer.until - Date.now()
 *   }
 * }
 * ```
 */

import { PeersService } from './peers.ts'
import type { Member, PeerDownDetail, PeerRefusedDetail, PeerRetryDetail, PeerStatus } from './status.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, ComponentLogger, Libp2pEvents, Metrics, PeerId, PeerStore, PrivateKey, Startable, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'

export {
  DEFAULT_DIAL_TIMEOUT,
  DEFAULT_MAX_ADDRESSES,
  DEFAULT_MAX_CONCURRENT_DIALS,
  DEFAULT_LINK_TIMEOUT,
  DEFAULT_MAX_DELAY,
  DEFAULT_MAX_MEMBERS,
  DEFAULT_MIN_DELAY,
  DEFAULT_REFUSED_DELAY,
  DEFAULT_STABLE_AFTER,
  DRAIN_LIMIT,
  DRAIN_TIMEOUT,
  LINK_PROTOCOL,
  MAX_ADDRESSES,
  MAX_DELAY,
  MAX_MEMBERS,
  MAX_REFUSED_DELAY,
  MIN_LINK_TIMEOUT,
  PEER_TAG
} from './constants.ts'
export { ConnectionReplacedError, SilentLinkError, TooManyAddressesError } from './errors.ts'
export { RetrySchedule } from './schedule.ts'

export type { ExpulsionReason } from './link-frame.ts'
export type { RetryScheduleInit } from './schedule.ts'
export type { ConnectedPeer, ConnectingPeer, Member, PeerDownDetail, PeerDownReason, PeerRefusedDetail, PeerRetryDetail, PeerStatus, PeerStatusCommon, RefusedPeer, SelfPeer, WaitingPeer } from './status.ts'

/**
 * Options of {@link peers}. Times are milliseconds.
 */
export interface PeersInit {
  /**
   * The peers to keep connected: multiaddrs, with `/p2p/...` at the end if only that node is to be accepted there. Host
   * names are resolved anew at each dial. The node's own address does no harm.
   *
   * @default []
   */
  addresses?: ReadonlyArray<string | Multiaddr>

  /**
   * How many addresses there may be, 1 to 1,000.
   *
   * @default 100, as FISCO BCOS's `max_nodes_limit`
   */
  maxAddresses?: number

  /**
   * Ceiling of the delay after the first failed dial; it doubles with each further one. 1 to `maxDelay`.
   *
   * @default 500
   */
  minDelay?: number

  /**
   * Ceiling of every delay, 1 to 3,600,000.
   *
   * @default 30000
   */
  maxDelay?: number

  /**
   * A link that lived this long is dialled again at once, and with delays from the beginning. 1 to 3,600,000.
   *
   * @default 5000
   */
  stableAfter?: number

  /**
   * How long a dial may take, handshake included, 1 to 3,600,000. libp2p's own limit for one address
   * (`connectionManager.addressDialTimeout`, 6 s) applies as well.
   *
   * @default 10000
   */
  dialTimeout?: number

  /**
   * How many addresses are dialled at the same time, 1 to 1,000.
   *
   * @default 32
   */
  maxConcurrentDials?: number

  /**
   * A link on which nothing was heard for so long, although it was asked, is dead and is cut: the cable was pulled, or the
   * peer's process hangs. 1,000 to 3,600,000.
   *
   * @default 15000
   */
  linkTimeout?: number

  /**
   * How long a peer that refused this node for good (it is on a deny list, its certificate is revoked, the networks differ) is
   * left alone, unless something changes on this side before that. A change on the other side cannot be seen from here, so it
   * is asked again after this time; the time is drawn between half of it and the whole. 1 to 86,400,000.
   *
   * @default 600000
   */
  refusedDelay?: number

  /**
   * How many nodes may be connected, 1 to 10,000. Configured peers always may: when there are more, those that are not
   * configured have to go, the latest first.
   *
   * @default 200
   */
  maxMembers?: number

  /**
   * How many of them may be nodes that are not configured, 0 to `maxMembers`.
   *
   * @default maxMembers
   */
  maxUnconfigured?: number

  /**
   * A number from 0 up to 1, for the jitter.
   *
   * @default Math.random
   */
  random? (): number

  /**
   * The clock, unix milliseconds.
   *
   * @default Date.now
   */
  now? (): number

  /**
   * Who this node is: tells why a handshake failed, lets this service refuse peers in the handshake, and says when other
   * certificates are trusted.
   *
   * @default the identity that the node's private key comes from; without one, refusals look like other failures
   */
  identity?: Pick<Identity, 'addEventListener' | 'removeEventListener'> & Partial<Pick<Identity, 'trust'>>
}

/**
 * What the service needs of the node.
 */
export interface PeersComponents {
  peerId: PeerId
  privateKey: PrivateKey
  connectionManager: Pick<ConnectionManager, 'getConnections' | 'openConnection'>
  registrar: Pick<Registrar, 'handle' | 'unhandle'>
  events: TypedEventTarget<Libp2pEvents>

  /**
   * Where it tells that its lists were replaced (`access:change`), peers that they refused are dialled again then, and not before.
   */
  connectionGater?: object
  peerStore: Pick<PeerStore, 'merge'>
  logger: ComponentLogger
  metrics?: Metrics
}

/**
 * Events of {@link Peers}.
 */
export interface PeersEvents {
  /**
   * A node is connected that was not. Once for each link, whatever number of connections it consists of.
   */
  'peer:up': CustomEvent<Member>

  /**
   * A node is not connected any more. Exactly one for each `peer:up`; `stop()` ends all links.
   */
  'peer:down': CustomEvent<PeerDownDetail>

  /**
   * A configured address will be dialled again.
   */
  'peer:retry': CustomEvent<PeerRetryDetail>

  /**
   * A configured peer was refused, or refused this node. Once for each reason, not again at each dial.
   */
  'peer:refused': CustomEvent<PeerRefusedDetail>
}

/**
 * Keeps configured peers connected.
 */
export interface Peers extends Startable, TypedEventTarget<PeersEvents> {
  /**
   * Adds a peer and dials it.
   *
   * @returns false if it was there already
   * @throws InvalidParametersError if the address cannot be dialled
   * @throws TooManyAddressesError if there are `maxAddresses`
   */
  add (address: string | Multiaddr): boolean

  /**
   * Removes a peer, and closes its link unless another address leads to the same node.
   *
   * @returns false if it was not there
   * @throws InvalidParametersError if it is no address
   */
  remove (address: string | Multiaddr, options?: AbortOptions): Promise<boolean>

  /**
   * Dials now what waits: a configured address, or all of them. What was refused for good is asked again.
   *
   * @returns false if the address is not configured
   * @throws InvalidParametersError if it is no address
   */
  retry (address?: string | Multiaddr): boolean

  /**
   * Tells a node that it may not be connected any more, and why, and closes its link: what is under way on it has 250 ms, then it is cut. Whether
   * it may come back is for the connection gater and the security transport to say.
   *
   * @param rule - by which it may not: `denied`, `not-allowed`, or a rule of certificates
   * @returns false if it is not connected
   */
  expel (peerId: PeerId, rule: string): Promise<boolean>

  /**
   * The configured peers, in the order in which they were added.
   */
  list (): PeerStatus[]

  /**
   * All nodes that are connected.
   */
  members (): Member[]

  /**
   * Resolves when a node is connected: at once if it is. Whoever dials whom, and whether it is configured here or not. To be awaited before the first request of
   * a program, as links are made behind `start()`; a request to a node that is not connected fails at once.
   *
   * @param nodeId - in any case, with or without `0x`
   * @throws InvalidNodeIdError if the text is no node ID
   * @throws InvalidParametersError if it is this node's own
   * @throws NotStartedError if this node is stopped before
   * @throws AbortError if the signal is aborted; without a signal it waits as long as that takes
   */
  connected (nodeId: NodeId, options?: AbortOptions): Promise<Member>
}

/**
 * A libp2p service that keeps connections to its peers.
 *
 * @throws InvalidParametersError naming the option that is wrong
 */
export function peers (init: PeersInit = {}): (components: PeersComponents) => Peers {
  return (components) => new PeersService(components, init)
}
