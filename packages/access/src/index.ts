/**
 * @packageDocumentation
 *
 * Who may be connected. Two lists of node IDs with the meaning that FISCO BCOS gives them (`[certificate_blacklist]` and
 * `[certificate_whitelist]` of `config.ini`): a node on the deny list is refused, always; as soon as the allow list has
 * an entry, every node that is not on it is refused too. The lists are asked before a dial and when a peer has proven
 * its identity, in both directions, and can be replaced while the node runs.
 *
 * An entry that is no node ID is an error that names it. It is never skipped: an allow list whose entries are all wrong
 * must not mean that everybody may come in.
 *
 * @example Keep a node out
 *
 * ```typescript
 * import { accessGater } from '@fisco-libp2p/access'
 * import { loadIdentity } from '@fisco-libp2p/identity'
 * import { createLibp2p } from 'libp2p'
 *
 * const identity = await loadIdentity({
 *   key: 'conf/node.key',
 *   cert: 'conf/node.crt',
 *   ca: 'conf/ca.crt'
 * })
 * const access = accessGater({ identity, deny: ['5ee8c3…'] })
 * const node = await createLibp2p({
 *   privateKey: identity.privateKey,
 *   connectionGater: access
 * })
 *
 * // later, without a restart
 * access.update({ deny: [] })
 * console.info(node.getConnections().length)
 * ```
 *
 * The gater sees new connections. What is connected already, {@link accessControl} watches over: whenever the lists change, a CRL comes, the trusted CAs change or time
 * goes by, every connection is judged again, and closed if it would not be accepted any more.
 *
 * @example Take trust back while the node runs
 *
 * ```typescript
 * import { accessControl, accessGater } from '@fisco-libp2p/access'
 * import { loadIdentity } from '@fisco-libp2p/identity'
 * import { createLibp2p } from 'libp2p'
 *
 * const identity = await loadIdentity({
 *   key: 'conf/node.key',
 *   cert: 'conf/node.crt',
 *   ca: 'conf/ca.crt',
 *   crls: [{ file: 'conf/agency.crl' }]
 * })
 * const node = await createLibp2p({
 *   privateKey: identity.privateKey,
 *   connectionGater: accessGater({ identity }),
 *   services: {
 *     access: accessControl()
 *   }
 * })
 *
 * node.services.access.addEventListener('access:closed', ({ detail }) => {
 *   console.info(`${detail.nodeId} was disconnected (${detail.rule}): ${detail.message}`)
 * })
 *
 * for (const { name, certificate, notAfter } of node.services.access.calendar()) {
 *   console.info(name, certificate, new Date(notAfter))
 * }
 * ```
 *
 * With `statusSeq` and `direct` (`@fisco-libp2p/status-seq`, `@fisco-libp2p/direct`) as services, CRLs spread from node to node; with `peers`, a node that is
 * disconnected hears why.
 */

import { AccessControlService } from './access-control.ts'
import { AccessGater } from './gater.ts'
import type { AccessComponents } from './components.ts'
import type { AccessControl } from './control.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { ComponentLogger, ConnectionGater, PeerId, TypedEventTarget } from '@libp2p/interface'

export { CLOCK_REQUEST, CRL_REQUEST, CRLS_ENTRY, EXPIRY_DAYS, EXPIRY_ENTRY, MAX_CLOCK_SKEW, MAX_LIST_ENTRIES, MAX_NOTICES } from './constants.ts'
export { CrlPlanner } from './crl-planner.ts'
export { AccessClosedError } from './errors.ts'
export { decodeNotices, encodeNotices } from './notices.ts'

export type { AccessComponents, DirectLike, PeersLike, StatusEventLike, StatusRecordLike, StatusSeqLike } from './components.ts'
export type { AccessClosed, AccessControl, AccessControlEvents, CertificateExpiring, CertificateTerm, ClockSkew } from './control.ts'
export type { CrlOutcome, CrlQuestion, PlannerInit } from './crl-planner.ts'
export type { Notice } from './notices.ts'

/**
 * The two lists. Node IDs are read as people write them: upper or lower case, with or without `0x`.
 */
export interface AccessListsUpdate {
  /**
   * Only these nodes may be connected. In force as soon as it has an entry; an empty list allows everybody.
   */
  allow?: readonly string[]

  /**
   * These nodes may not be connected, also if they are on the allow list.
   */
  deny?: readonly string[]
}

/**
 * Options of {@link accessGater}.
 */
export interface AccessGaterInit extends AccessListsUpdate {
  /**
   * This node itself, which no list applies to: a deny list that is the same on all nodes may contain the node that
   * reads it, an allow list need not.
   */
  identity?: Pick<Identity, 'nodeId' | 'peerId'>

  /**
   * Where refusals and changes are logged, as `fisco-libp2p:access`.
   *
   * @default the log of the connection that is refused
   */
  logger?: ComponentLogger
}

/**
 * The rule by which a node is refused.
 */
export type AccessRule = 'denied' | 'not-allowed'

/**
 * The node may be connected.
 */
export interface AccessGranted {
  allowed: true
}

/**
 * The node may not be connected.
 */
export interface AccessRefused {
  allowed: false
  rule: AccessRule

  /**
   * Which node, by which list, and what to do about it.
   */
  message: string
}

/**
 * What the lists say about a node.
 */
export type AccessVerdict = AccessGranted | AccessRefused

/**
 * A connection that was refused.
 */
export interface AccessRefusal {
  peerId: PeerId

  /**
   * Unknown only before a dial to a peer with an RSA key that is not on a list.
   */
  nodeId?: NodeId
  direction: 'inbound' | 'outbound'
  rule: AccessRule
  message: string

  /**
   * The other end's address; not known before a dial.
   */
  address?: string
}

/**
 * Events of {@link AccessLists}.
 */
export interface AccessEvents {
  /**
   * The lists were replaced. Connections that exist are not touched by the gater, which only sees new ones; {@link accessControl}
   * asks again for each.
   */
  'access:change': CustomEvent<undefined>

  /**
   * A connection was refused.
   */
  'access:refused': CustomEvent<AccessRefusal>
}

/**
 * The lists in force.
 */
export interface AccessLists extends TypedEventTarget<AccessEvents> {
  /**
   * Node IDs, in lower case and without repetitions. Empty: everybody is allowed.
   */
  readonly allow: readonly NodeId[]

  /**
   * Node IDs, in lower case and without repetitions.
   */
  readonly deny: readonly NodeId[]

  /**
   * Connections refused since the start, by rule and direction.
   */
  readonly refusals: Readonly<Record<AccessRule, Readonly<Record<'inbound' | 'outbound', number>>>>

  /**
   * What the lists say about a node. Changes nothing and counts nothing.
   *
   * @param node - its node ID or its PeerId
   * @throws InvalidNodeIdError if the text is no node ID
   */
  allows (node: NodeId | PeerId): AccessVerdict

  /**
   * Replaces the lists, both at once. A list that is left out stays as it is.
   *
   * @throws InvalidParametersError if an entry is no node ID; both lists stay as they were
   */
  update (lists: AccessListsUpdate): void
}

/**
 * A connection gater for `createLibp2p` that keeps to an allow and a deny list.
 *
 * @throws InvalidParametersError naming each entry that is no node ID
 */
export function accessGater (init: AccessGaterInit = {}): ConnectionGater & AccessLists {
  return new AccessGater(init)
}

/**
 * Settings of {@link accessControl}.
 */
export interface AccessControlInit {
  /**
   * What becomes of peers that have shown no certificate, because the node has a transport or an encrypter beside TLS under the consortium's CA: `refuse` aborts such a
   * connection as soon as it is open; `allow` leaves it, and every protocol of the node is open to whoever is there. The node warns of that.
   *
   * @default 'refuse'
   */
  uncertified?: 'refuse' | 'allow'
}

/**
 * Takes trust back while the node runs: a libp2p service that judges every connection again whenever something changes by which it was accepted, spreads
 * what is revoked through the network, keeps it through restarts, and tells ahead of time whose certificates end.
 *
 * @throws InvalidParametersError (from the function that it returns) if the node has no identity
 */
export function accessControl (init: AccessControlInit = {}): (components: AccessComponents) => AccessControl {
  return (components) => new AccessControlService(components, init)
}
