import type { Certificate } from './certificate.ts'
import type { NodeId } from './node-id.ts'
import type { Verdict } from './validate.ts'
import type { PeerId } from '@libp2p/interface'

/**
 * What a security transport proved about the other end of a connection.
 */
export interface PeerCertificate {
  nodeId: NodeId

  /**
   * Common name of its certificate.
   */
  name: string

  /**
   * Common name of the issuer of its certificate.
   */
  agency: string

  /**
   * SHA-256 of the issuer's SubjectPublicKeyInfo, in hex: names may repeat, this does not.
   */
  agencyKeyHash: string

  /**
   * Serial number of its certificate, in lower-case hex.
   */
  serial: string

  /**
   * First and last moment of its validity, unix milliseconds.
   */
  notBefore: number
  notAfter: number

  /**
   * Its certificate, then the CAs up to, and without, the anchor.
   */
  chain: readonly Certificate[]

  /**
   * The peer's incarnation, see `Incarnation`.
   */
  incarnation: number

  /**
   * TLS version, `TLSv1.2` or `TLSv1.3`.
   */
  tlsVersion: string

  /**
   * Cipher suite by its IANA name.
   */
  cipher: string
}

/**
 * How a connection was secured: what is not read off the certificate.
 */
export type SecuredBy = Pick<PeerCertificate, 'incarnation' | 'tlsVersion' | 'cipher'>

/**
 * The facts of a chain that was accepted.
 *
 * @param verdict - of the trust store
 */
export function describePeer (nodeId: NodeId, { path, anchor }: Verdict, secured: SecuredBy): PeerCertificate {
  const [leaf, issuer = anchor] = path

  return {
    nodeId,
    name: leaf.commonName,
    agency: leaf.issuerCommonName,
    agencyKeyHash: issuer.keyHash,
    serial: leaf.serial,
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    chain: path,
    ...secured
  }
}

/**
 * A handshake that one of both sides ended.
 */
export interface HandshakeRejection {
  direction: 'inbound' | 'outbound'

  /**
   * The other end's address, as a multiaddr.
   */
  address: string

  /**
   * Which side refused.
   */
  refusedBy: 'us' | 'them'

  /**
   * The rule that failed: a refusal code of docs/PROTOCOLS.md.
   */
  rule: string

  message: string

  /**
   * The other end's node ID, where it was proven before the refusal.
   */
  nodeId?: NodeId
}

/**
 * The other end of a handshake has proven who it is, its certificate is good, and no list is against it. Whoever
 * has another reason not to take it now says so before the event is over.
 */
export interface HandshakeVerification {
  direction: 'inbound' | 'outbound'
  nodeId: NodeId
  peerId: PeerId

  /**
   * The other end's address, as a multiaddr.
   */
  address: string

  /**
   * What it says of its incarnation. A node's own ID with a number that this process never had is another process with its key.
   */
  incarnation: number

  /**
   * Refuses the peer for now; the first reason counts.
   *
   * @param rule - `draining`: this node stops; `overloaded`: it has no room for this peer
   * @param text - what the peer is told, at most 512 characters of it
   */
  refuse (rule: 'draining' | 'overloaded', text: string): void
}

/**
 * libp2p drops what a connection encrypter returns besides the peer ID. `timeline` is the one object that the raw and
 * the upgraded connection share, so it is the key.
 */
const facts = new WeakMap<object, PeerCertificate>()

/**
 * Remembers what was proven about a connection. For security transports.
 */
export function setPeerCertificate (connection: { timeline: object }, peer: PeerCertificate): void {
  facts.set(connection.timeline, peer)
}

/**
 * What was proven about the other end of a connection: undefined for one that another security transport secured.
 *
 * @param connection - a libp2p connection, upgraded or not
 */
export function getPeerCertificate (connection: { timeline: object }): PeerCertificate | undefined {
  return facts.get(connection.timeline)
}
