import type { NodeId } from '@fisco-libp2p/identity'
import type { PeerId, TypedEventTarget } from '@libp2p/interface'

/**
 * A connection that was closed because its other end may not be connected any more.
 */
export interface AccessClosed {
  peerId: PeerId

  /**
   * Unknown only for a kind of key that no node has.
   */
  nodeId?: NodeId

  /**
   * `denied`, `not-allowed`, or the rule of certificates: `revoked`, `expired`, `untrusted-issuer`, and so on.
   */
  rule: string
  message: string
  address: string
}

/**
 * When the first certificate ends of those that a node shows.
 */
export interface CertificateTerm {
  nodeId: NodeId

  /**
   * Common names of its certificate, and of that one's issuer.
   */
  name: string
  agency: string

  /**
   * Subject of the certificate that ends first, the node's own or that of a CA above it; for a CRL, its file and description.
   */
  certificate: string

  /**
   * When it ends, unix milliseconds.
   */
  notAfter: number

  /**
   * Whether it is this node's.
   */
  own: boolean
}

/**
 * A certificate ends soon, or has ended.
 */
export interface CertificateExpiring extends CertificateTerm {
  /**
   * 30, 7 or 1: at most so many days are left. 0: it has ended.
   */
  days: number
}

/**
 * How this node's clock stands to those of its neighbours.
 */
export interface ClockSkew {
  /**
   * By how many milliseconds the neighbours' clocks are ahead of this one: the median of them.
   */
  offset: number

  /**
   * How many neighbours were asked.
   */
  neighbours: number

  /**
   * Whether that is more than five seconds.
   */
  skewed: boolean
}

/**
 * Events of {@link AccessControl}.
 */
export interface AccessControlEvents {
  /**
   * A connection is closed, by what the lists or the trust store say now, or because its certificates have ended.
   */
  'access:closed': CustomEvent<AccessClosed>

  /**
   * A certificate, this node's or another one's, ends within 30, 7 or 1 days, or has ended; or a CRL that was configured and must not be out of
   * date ends within 7 or 1. Once for each.
   */
  'certificate:expiring': CustomEvent<CertificateExpiring>

  /**
   * This node's own certificate is not accepted any more, by its own lights: others refuse it.
   */
  'certificate:refused': CustomEvent<{ rule: string, message: string }>

  /**
   * This node's clock differs from those of its neighbours by more than five seconds, or does no longer.
   */
  'clock:skew': CustomEvent<ClockSkew>
}

/**
 * Takes trust back while the node runs, see {@link accessControl}.
 */
export interface AccessControl extends TypedEventTarget<AccessControlEvents> {
  /**
   * When everybody's certificates end, the first ones first: this node's, and those of the others as far as their status is known.
   */
  calendar (): CertificateTerm[]

  /**
   * How this node's clock stands to those of its neighbours; undefined as long as none has answered.
   */
  clock (): ClockSkew | undefined

  /**
   * By how many milliseconds the clock of each neighbour is ahead of this node's, as far as it was asked.
   */
  clockOffsets (): ReadonlyMap<NodeId, number>
}
