/**
 * @packageDocumentation
 *
 * A running node seen from outside: a small HTTP API with JSON on a unix socket that only the node's own user may open.
 * `fisco-p2p info` and `fisco-p2p peers` use it; docs/ADMIN.md describes it.
 *
 * @example Give a node an admin socket
 *
 * ```typescript
 * import { admin } from '@fisco-libp2p/admin'
 * import { loadIdentity } from '@fisco-libp2p/identity'
 * import { nodeDefaults } from '@fisco-libp2p/node'
 * import { createLibp2p } from 'libp2p'
 *
 * const identity = await loadIdentity({ key: 'conf/node.key', cert: 'conf/node.crt', ca: 'conf/ca.crt' })
 * const defaults = nodeDefaults({ identity, listen: ['/ip4/0.0.0.0/tcp/30300/tls'] })
 *
 * const node = await createLibp2p({
 *   ...defaults,
 *   services: { ...defaults.services, admin: admin({ socket: 'admin.sock', identity }) }
 * })
 * ```
 */

import { AdminService } from './admin.ts'
import type { SentEntry } from './topics.ts'
import type { ComponentLogger, PeerId, Startable } from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'

export { MAX_SOCKET_PATH } from './constants.ts'
export { AdminSocketError } from './errors.ts'

export type { NodeInfo, PeerEntry, TrafficEntry } from './json.ts'
export type { StatusEntry } from './status-json.ts'
export type { ClockEntry, CrlEntry, ExpiryEntry, TrustEntry } from './trust.ts'
export type { ListenEntry, SentEntry, TopicEntry } from './topics.ts'

/**
 * Who the node is.
 */
export interface AdminIdentity {
  nodeId: string
  peerId: PeerId
  name: string
  agency: string

  /**
   * 32 bytes.
   */
  networkId: Uint8Array

  /**
   * Whom it trusts, and what is revoked.
   */
  trust: {
    anchors: ReadonlyArray<{ subject: string, keyHash: string, notAfter: number }>
    crls: ReadonlyArray<{ issuerKeyHash: string, crl: AdminCrl, serials: ReadonlySet<string> }>
    configuredCrls: ReadonlyArray<{ crl: AdminCrl, name: string, softFail?: boolean }>
  }
}

/**
 * A certificate revocation list.
 */
export interface AdminCrl {
  issuer: string

  /**
   * How many certificates it revokes.
   */
  size: number

  /**
   * Times are unix milliseconds.
   */
  fields: { number?: bigint, thisUpdate: number, nextUpdate?: number }
}

/**
 * What watches over who is trusted.
 */
export interface AdminAccess {
  calendar (): Array<{ nodeId: string, name: string, agency: string, certificate: string, notAfter: number, own: boolean }>
  clock (): { offset: number } | undefined
  clockOffsets (): ReadonlyMap<string, number>
}

/**
 * A configured peer, as `@fisco-libp2p/peers` lists it.
 */
export interface AdminPeer {
  address: string
  state: string
  since: number
  attempts: number
  nodeId?: string
  name?: string
  agency?: string
  lastError?: string
  direction?: string
  remoteAddress?: string
  rtt?: number
  until?: number
  rule?: string
  refusedBy?: string
  final?: boolean
}

/**
 * A connected node, likewise.
 */
export interface AdminMember {
  nodeId: string
  peerId: PeerId
  name?: string
  agency?: string
  configured: boolean
  direction: string
  address: string
  rtt?: number
  since: number
}

/**
 * Messages and the bytes in them.
 */
export interface AdminTrafficCount {
  messages: number
  bytes: number
}

/**
 * What unicast sent to a node and received from it, by handler, as `@fisco-libp2p/direct` tells it.
 */
export interface AdminStatistics {
  nodeId: string
  handlers: Record<string, { sent: AdminTrafficCount, received: AdminTrafficCount }>
}

/**
 * The status of a node, as `@fisco-libp2p/status-seq` tells it.
 */
export interface AdminStatus {
  nodeId: string
  incarnation: number
  seq: number
  entries: ReadonlyMap<string, Uint8Array>
  certificate: { commonName: string, notAfter: number }
  chain: ReadonlyArray<{ commonName: string, notAfter: number }>
}

/**
 * A message to a topic, or a broadcast, as `@fisco-libp2p/topics` gives it.
 */
export interface AdminTopicMessage {
  topic?: string
  data: Uint8Array
  author: string
  incarnation: number
  sequence: number
}

/**
 * What is used of `@fisco-libp2p/topics`.
 */
export interface AdminTopics {
  following (): string[]
  followedBy (nodeId: string): string[]
  restricted (): string[]
  follow (topic: string, listener: (message: AdminTopicMessage) => void, options: { delivery?: 'besteffort' | 'reliable' }): void
  unfollow (topic: string, listener: (message: AdminTopicMessage) => void): void
  publish (topic: string, data: Uint8Array, options: { delivery?: 'besteffort' | 'reliable', acks?: 'all' | number, timeout?: number }): Promise<SentEntry>
  publishTo (topic: string, nodeIds: readonly string[], data: Uint8Array, options: { acks?: 'all' | number, timeout?: number }): Promise<SentEntry>
  broadcast (data: Uint8Array, options: { acks?: 'all' | number, timeout?: number }): Promise<SentEntry>
  addEventListener (type: 'broadcast:message' | 'topic:gap', listener: (evt: CustomEvent) => void): void
  removeEventListener (type: 'broadcast:message' | 'topic:gap', listener: (evt: CustomEvent) => void): void
}

/**
 * A change of the configured peers that is to outlive the node.
 */
export interface PeersChange {
  /**
   * Multiaddrs.
   */
  add?: string[]
  remove?: string[]
}

/**
 * Settings of {@link admin}.
 */
export interface AdminInit {
  /**
   * Path of the unix socket, at most 103 bytes. The file is made with mode 0600 when the node starts and removed when it stops.
   */
  socket: string
  identity: AdminIdentity

  /**
   * Writes a change of the configured peers to where the node will find it at its next start.
   *
   * @default requests that ask for it are answered with an error
   */
  save? (change: PeersChange): Promise<void>

  /**
   * Reads the node's files again, and says what came of it.
   *
   * @default requests that ask for it are answered with an error
   */
  reload? (): Promise<ReloadEntry>
}

/**
 * What came of reading a node's files again.
 */
export interface ReloadEntry {
  /**
   * What is new: `lists`, `certificate`, `anchors`, `revocations`.
   */
  changed: string[]

  /**
   * Why something was left as it was, and what else there is to know.
   */
  errors: string[]
  warnings: string[]
}

/**
 * What {@link admin} takes from its node; the services are looked up when it starts.
 */
export interface AdminComponents {
  logger: ComponentLogger
  addressManager: Pick<AddressManager, 'getAddresses'>

  /**
   * The configured peers.
   */
  peers: {
    list (): AdminPeer[]
    members (): AdminMember[]
    add (address: string): boolean
    remove (address: string): Promise<boolean>
    retry (address?: string): boolean
  }

  /**
   * Who follows what, and messages to them, if the node has topics.
   */
  topics?: AdminTopics

  /**
   * The status of all nodes, if the node has it.
   */
  statusSeq?: {
    snapshot (): AdminStatus[]
    get (nodeId: string): AdminStatus | undefined
    links (): ReadonlyMap<string, ReadonlySet<string>>
    describe (record: Pick<AdminStatus, 'entries'>): { version: string, addresses: string[], neighbours: number }
  }

  /**
   * What was sent and received, if the node has unicast.
   */
  direct?: { statistics (): AdminStatistics[] }

  /**
   * Whose certificates end when, and how clocks differ, if the node watches over them.
   */
  access?: AdminAccess
}

/**
 * The admin API of a node.
 */
export interface Admin extends Startable {
  /**
   * Path of its socket.
   */
  readonly socket: string
}

/**
 * A libp2p service that answers to the node's operator.
 *
 * @throws InvalidParametersError if the path of the socket is empty or too long
 * @throws AdminSocketError at the start, if another node listens there or the file is no socket
 */
export function admin (init: AdminInit): (components: AdminComponents) => Admin {
  return (components) => new AdminService(components, init)
}
