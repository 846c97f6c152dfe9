/**
 * @packageDocumentation
 *
 * The security transport of a permissioned network: mutual TLS in which each side proves the key of a certificate that
 * the consortium's CA issued, and a dial succeeds only when both sides have accepted each other. A peer that is refused
 * hears why.
 *
 * `caTlsTcp` opens a connection to a node that has accepted this one before as soon as this end has accepted it: what is sent at the event
 * `connection:open` goes out at once. The dial waits for both; if the other end has changed its mind, the connection closes and the dial fails.
 *
 * @example Secure a libp2p node by its certificate
 *
 * ```typescript
 * import { loadIdentity } from '@fisco-libp2p/identity'
 * import { caTls } from '@fisco-libp2p/tls'
 * import { tcp } from '@libp2p/tcp'
 * import { yamux } from '@libp2p/yamux'
 * import { createLibp2p } from 'libp2p'
 *
 * const identity = await loadIdentity({ key: 'conf/node.key', cert: 'conf/node.crt', ca: 'conf/ca.crt' })
 *
 * const node = await createLibp2p({
 *   privateKey: identity.privateKey,
 *   addresses: { listen: ['/ip4/0.0.0.0/tcp/30300'] },
 *   transports: [tcp()],
 *   connectionEncrypters: [caTls({ identity })],
 *   streamMuxers: [yamux()]
 * })
 *
 * identity.addEventListener('handshake:rejected', (evt) => {
 *   console.info(evt.detail.address, evt.detail.rule, evt.detail.message)
 * })
 * ```
 */

import { CaTlsTcp } from './ca-tls-tcp.ts'
import { CaTls } from './ca-tls.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { ComponentLogger, ConnectionEncrypter, ConnectionGater, Metrics, PeerId, Transport, Upgrader } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export { addressKey, Admission } from './admission.ts'
export { CA_TLS_PROTOCOL } from './constants.ts'
export { HandshakeFailedError, HandshakeRefusedError, REFUSAL_CODES } from './errors.ts'
export { guessProtocol, looksLikeTls } from './first-bytes.ts'
export { decodeFrame, encodeFrame } from './frame.ts'
export { LogLimiter } from './log-limiter.ts'
export { connectTls, createTlsListener } from './socket-api.ts'
export { isTlsAddress } from './tls-address.ts'

export type { AdmissionInit, AdmissionRule, Ticket } from './admission.ts'
export type { FailureRule, RefusalRule } from './errors.ts'
export type { ConfirmMessage, Frame } from './frame.ts'
export type { ProvenPeer } from './judge.ts'
export type { ConnectTlsOptions, TlsListenerOptions, TlsPeer, TlsPort } from './socket-api.ts'

/**
 * Settings of {@link caTls}.
 */
export interface CaTlsInit {
  /**
   * Whose key and certificate are shown, and whose CAs judge.
   */
  identity: Identity

  /**
   * Milliseconds within which a handshake must be done, 1 to 60,000.
   *
   * @default 10000
   */
  timeout?: number

  /**
   * Gets the session keys of every connection, as lines of an NSS key log, to decrypt captures with. Whoever has them reads
   * all traffic: the node warns when it is built with it.
   *
   * @default none
   */
  keyLog? (line: Uint8Array): void
}

/**
 * What {@link caTls} takes from its node.
 */
export interface CaTlsComponents {
  peerId: PeerId
  datastore: Datastore
  logger: ComponentLogger
  connectionGater?: ConnectionGater
  metrics?: Metrics

  /**
   * Asked for the stream muxers when a handshake begins, not before.
   */
  upgrader?: Pick<Upgrader, 'getStreamMuxers'>
}

/**
 * The connection encrypter `/fisco/tls/1.0.0`.
 *
 * @throws InvalidParametersError when the node is built with another key than the identity's
 */
export function caTls (init: CaTlsInit): (components: CaTlsComponents) => ConnectionEncrypter {
  return (components) => new CaTls(components, init)
}

/**
 * Settings of {@link caTlsTcp}.
 */
export interface CaTlsTcpInit extends CaTlsInit {
  /**
   * How many members the network has, at most: what may come in at once follows from it. 1 to 100,000.
   *
   * @default 200
   */
  members?: number

  /**
   * Whether an IP address is one of a configured peer: a quarter of all handshakes under way is kept for those.
   *
   * @default none is
   */
  isReserved? (ip: string): boolean
}

/**
 * The transport for addresses like `/ip4/10.0.0.2/tcp/30300/tls` (also `ip6`, `dns`, `dns4`, `dns6`): TLS from the first byte, the stream muxer chosen by ALPN. It needs
 * no connection encrypter beside it.
 *
 * @throws InvalidParametersError when the node is built with another key than the identity's, or a setting is out of range
 */
export function caTlsTcp (init: CaTlsTcpInit): (components: CaTlsComponents) => Transport {
  return (components) => new CaTlsTcp(components, init)
}
