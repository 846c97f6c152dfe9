/**
 * @packageDocumentation
 *
 * The status of every node of a consortium's network, on every node. A node sets named entries; together they are its
 * record, which it signs and numbers. Neighbours get a changed record at once and pass it on; on a timer they compare what
 * they know, and who sees a new number asks for the record. So nodes that are not connected to each other know of each
 * other, nobody can speak for another, and a node that restarted counts as newer at once.
 *
 * @example Tell others something, and hear from them
 *
 * ```typescript
 * import { loadIdentity } from '@fisco-libp2p/identity'
 * import { statusSeq } from '@fisco-libp2p/status-seq'
 * import { caTls } from '@fisco-libp2p/tls'
 * import { tcp } from '@libp2p/tcp'
 * import { yamux } from '@libp2p/yamux'
 * import { createLibp2p } from 'libp2p'
 *
 * const identity = await loadIdentity({ key: 'conf/node.key', cert: 'conf/node.crt', ca: 'conf/ca.crt' })
 * const node = await createLibp2p({
 *   privateKey: identity.privateKey,
 *   transports: [tcp()],
 *   connectionEncrypters: [caTls({ identity })],
 *   streamMuxers: [yamux()],
 *   services: {
 *     statusSeq: statusSeq({ identity })
 *   }
 * })
 *
 * node.services.statusSeq.addEventListener('status:change', ({ detail }) => {
 *   detail.nodeId // who
 *   detail.record.entries.get('height') // what
 * })
 *
 * node.services.statusSeq.set('height', Uint8Array.of(42))
 *
 * for (const record of node.services.statusSeq) {
 *   record.certificate.commonName // 'node0', 'node1' …
 * }
 * ```
 */

import { StatusSeq as StatusSeqClass } from './status-seq.ts'
import type { NodeDescription } from './description.ts'
import type { SealedRecord, SignedRecord, StatusRecord } from './record.ts'
import type { Identity, incarnationOf, NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, ComponentLogger, Libp2pEvents, Metrics, NodeInfo, PeerId, PrivateKey } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { TypedEventTarget } from 'main-event'

export { ADDRESSES_ENTRY, DEFAULT_INTERVAL, DEFAULT_MAX_AGE, DEFAULT_MAX_NODES, MAX_ENTRIES, MAX_FRAME_BYTES, MAX_NAME_BYTES, MAX_RECORD_BYTES, MAX_VALUE_BYTES, NEIGHBOURS_ENTRY, PUSH_INTERVAL, RECORD_VERSION, RESERVED_PREFIX, STATUS_SEQ_PROTOCOL, VERSION_ENTRY } from './constants.ts'
export { ForgedRecordError, InvalidEntryError, MalformedStatusError, RecordRefusedError, RECORD_REFUSALS } from './errors.ts'
export { describeRecord } from './description.ts'
export { StatusEngine } from './engine.ts'
export { Exchange } from './exchange.ts'
export { Fetcher } from './fetch.ts'
export { encodeFrame, FrameDecoder } from './frame.ts'
export { compareVersions, equivocates, newest } from './merge.ts'
export { decodeMessage, encodeMessage } from './message.ts'
export { linksAfter, linksOf, namesNeighbour, neighboursEntry, reachable } from './neighbourhood.ts'
export { identityNotary } from './notary.ts'
export { Outbox } from './outbox.ts'
export { digestOf, EVERYTHING, inRange, rangesOf, split, within } from './ranges.ts'
export { Reader } from './reader.ts'
export { decodeRecord, encodeRecord, hashOf, openRecord, sealRecord } from './record.ts'
export { AnnouncePace, jittered, pickNeighbours, RepairSchedule, reopenDelay, TokenBucket } from './schedule.ts'
export { ageOnArrival, StatusTable } from './table.ts'
export { Writer } from './writer.ts'

export type { RecordRefusal } from './errors.ts'
export type { ExchangeInit } from './exchange.ts'
export type { Question } from './fetch.ts'
export type { NodeVersion, Version } from './merge.ts'
export type { NodeDescription } from './description.ts'
export type { EngineInit, EngineObserver } from './engine.ts'
export type { Announce, Compare, List, StatusMessage, TravellingRecord } from './message.ts'
export type { Notary } from './notary.ts'
export type { Part, Range } from './ranges.ts'
export type { ReaderInit } from './reader.ts'
export type { RecordContext, RecordFields, SealedRecord, SignedRecord, StatusRecord } from './record.ts'
export type { Candidate } from './schedule.ts'
export type { Outcome, TableInit, Taken } from './table.ts'
export type { WriterInit } from './writer.ts'

/**
 * Settings of {@link statusSeq}.
 */
export interface StatusSeqInit {
  /**
   * Who this node is.
   *
   * @default the identity whose `privateKey` was given to `createLibp2p`
   */
  identity?: Identity

  /**
   * Milliseconds that set the pace of timed announcements, 10 to 60,000: after news the first comes after a quarter of it, and as long as there are
   * none the pauses double, up to eight of it.
   *
   * @default 1000
   */
  interval?: number

  /**
   * Milliseconds after which a node is dropped that is not connected to this one, nor by way of others, and has not signed a new record: at least
   * eight intervals, at most 24 hours, and equal on all nodes of a network.
   *
   * @default 600000
   */
  maxAge?: number

  /**
   * Most nodes, this one included, whose records are kept; 1 to 100,000. Records of further ones are refused.
   *
   * @default 1000
   */
  maxNodes?: number
}

/**
 * What {@link statusSeq} needs of a libp2p node.
 */
export interface StatusSeqComponents {
  registrar: Registrar
  connectionManager: ConnectionManager
  events: TypedEventTarget<Libp2pEvents>
  peerId: PeerId
  privateKey: PrivateKey

  /**
   * Where this node listens.
   */
  addressManager: Pick<AddressManager, 'getAddresses'>

  /**
   * The software that this node is.
   */
  nodeInfo: Pick<NodeInfo, 'name' | 'version'>

  /**
   * Where the incarnation is kept: an `interface-datastore`.
   */
  datastore: Parameters<typeof incarnationOf>[0]['datastore']
  logger: ComponentLogger
  metrics?: Metrics
}

/**
 * A node's status is new.
 */
export interface StatusChange {
  nodeId: NodeId
  record: StatusRecord

  /**
   * The one before, if any was known.
   */
  previous?: StatusRecord

  /**
   * Whether it is this node's own.
   */
  local: boolean
}

/**
 * A node's status is no longer kept.
 */
export interface StatusGone {
  nodeId: NodeId

  /**
   * The last that was known.
   */
  record: StatusRecord

  /**
   * - `aged`: it has been out of the network, and has not signed anything new, for `maxAge`
   * - `expired`: a certificate of its chain has expired
   * - `untrusted`: the trust store no longer accepts its chain
   */
  reason: 'aged' | 'expired' | 'untrusted'
}

/**
 * Somebody held a valid record of this node that was newer than its own: its datastore was lost and its clock set back, or
 * another process runs with its key.
 */
export interface StatusSelfSuperseded {
  nodeId: NodeId

  /**
   * The record that was found.
   */
  found: StatusRecord

  /**
   * The incarnation that this node has now.
   */
  incarnation: number
}

/**
 * Two processes use the key of one node.
 */
export interface ClonedIdentity {
  nodeId: NodeId

  /**
   * The incarnation of the process that was noticed: of this node's own key, the one that is not this process; of another
   * node's, the older one.
   */
  incarnation: number

  /**
   * Where it was seen, a multiaddr; of an inbound connection the port is one that it does not listen on. Absent where it was
   * noticed by a record.
   */
  address?: string

  /**
   * What it says of itself, where it was noticed by a record.
   */
  found?: StatusRecord
}

/**
 * A node's key signed two different records with the same numbers.
 */
export interface StatusEquivocation {
  nodeId: NodeId

  /**
   * The one that every node keeps: the one with the smaller SHA-256.
   */
  kept: SealedRecord
  other: SignedRecord
}

/**
 * Events of {@link StatusSeq}.
 */
export interface StatusSeqEvents {
  /**
   * The entries, the certificates or the incarnation of a node's record are new, or the node is. Numbers that only say that a node
   * still lives change `get()` and `snapshot()` without an event.
   */
  'status:change': CustomEvent<StatusChange>
  'status:gone': CustomEvent<StatusGone>
  'status:self-superseded': CustomEvent<StatusSelfSuperseded>

  /**
   * This node was superseded twice within 60 s, or made a handshake with its own key that is not with itself: the key is in use
   * elsewhere. Find the other process and stop it, or have a new key certified. At most once in 60 s.
   */
  'identity:cloned': CustomEvent<ClonedIdentity>

  /**
   * The key of another node is in use twice: of two processes that are there by turns, the one that was started first has come
   * back twice within 60 s. Once an hour for each node.
   */
  'node:cloned': CustomEvent<ClonedIdentity>
  'status:equivocation': CustomEvent<StatusEquivocation>
}

/**
 * The status of all nodes.
 */
export interface StatusSeq extends TypedEventTarget<StatusSeqEvents>, Iterable<StatusRecord> {
  /**
   * Sets an entry of the own record. It travels at once, or 100 ms after the one before. Before `start()` it is kept until then.
   *
   * @param name - 1 to 64 bytes of UTF-8 without control characters; `fisco/…` is the stack's own
   * @param value - at most 16 KiB; the whole record, with the entries of the stack, at most 256 entries and 64 KiB
   * @throws InvalidEntryError
   */
  set(name: string, value: Uint8Array): void

  /**
   * Removes an entry of the own record. Nothing happens if there is none.
   */
  delete(name: string): void

  /**
   * The newest record of a node, this one included; undefined if none is known, and of this node before it is started.
   */
  get(nodeId: NodeId): StatusRecord | undefined

  /**
   * The newest records of all nodes, this one included, by ascending node ID.
   */
  snapshot(): StatusRecord[]

  /**
   * The newest records of all nodes, and from then on each that is new, in the order in which they become known. Who reads slowly gets the newest of each node, not
   * every one between. Ends when the signal is aborted, or the loop is left.
   *
   * @example
   *
   * ```typescript
   * import type { StatusSeq } from '@fisco-libp2p/status-seq'
   *
   * async function watch (status: StatusSeq): Promise<void> {
   *   for await (const record of status.changes()) {
   *     console.info(record.nodeId, record.seq)
   *   }
   * }
   * ```
   */
  changes(options?: AbortOptions): AsyncIterableIterator<StatusRecord>

  /**
   * Which nodes are connected with which, as far as both ends of a link say so in their status. The same map until it changes.
   */
  links(): ReadonlyMap<NodeId, ReadonlySet<NodeId>>

  /**
   * What a record says of its owner in the entries of the stack: software, addresses, neighbours. Total.
   */
  describe(record: Pick<StatusRecord, 'entries'>): NodeDescription
}

/**
 * Makes a node tell its status, and know that of others.
 *
 * @throws InvalidParametersError (from the function that it returns) if a setting is out of range, or the node has no identity
 */
export function statusSeq (init: StatusSeqInit = {}): (components: StatusSeqComponents) => StatusSeq {
  return (components) => new StatusSeqClass(components, init)
}
