import type { Certificate } from './certificate.ts'
import type { NodeId } from './node-id.ts'

/**
 * What a security transport proved about the other end of a connection.
 */
export interface PeerFacts {
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
 * libp2p drops what a connection encrypter returns besides the peer ID. `timeline` is the one object that the raw and
 * the upgraded connection share, so it is the key.
 */
const facts = new WeakMap<object, PeerFacts>()

/**
 * Remembers what was proven about a connection. For security transports.
 */
export function setPeerFacts (connection: { timeline: object }, peer: PeerFacts): void {
  facts.set(connection.timeline, peer)
}

/**
 * What was proven about the other end of a connection: undefined for one that another security transport secured.
 *
 * @param connection - a libp2p connection, upgraded or not
 */
export function getPeerFacts (connection: { timeline: object }): PeerFacts | undefined {
  return facts.get(connection.timeline)
}
