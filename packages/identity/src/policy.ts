import type { Certificate } from './certificate.ts'

/**
 * By which rules chains under an anchor are judged (docs/PROTOCOLS.md, "Judging a chain").
 */
export type PolicyName = 'rfc5280' | 'fisco'

/**
 * A policy for all anchors, or `auto`: `fisco` for an anchor that is of X.509 v1 or has no basicConstraints, as FISCO
 * BCOS's tools make it with OpenSSL up to 3.1, and `rfc5280` for all others.
 */
export type PolicyChoice = PolicyName | 'auto'

/**
 * What a policy lets pass that RFC 5280 does not: nothing but these four.
 */
export interface Relaxations {
  /**
   * The anchor may be of X.509 v1, or have no basicConstraints: it is a CA because the operator says so.
   */
  anchorWithoutBasicConstraints: boolean

  /**
   * basicConstraints of a CA need not be critical (RFC 5280 section 4.2.1.9).
   */
  nonCriticalBasicConstraints: boolean

  /**
   * subjectKeyIdentifier and authorityKeyIdentifier may be absent (sections 4.2.1.1 and 4.2.1.2).
   */
  absentKeyIdentifiers: boolean

  /**
   * keyUsage may be absent in a CA's certificate (section 4.2.1.3).
   */
  absentKeyUsage: boolean
}

/**
 * The policies by name.
 */
export const POLICIES: Record<PolicyName, Relaxations> = {
  rfc5280: { anchorWithoutBasicConstraints: false, nonCriticalBasicConstraints: false, absentKeyIdentifiers: false, absentKeyUsage: false },
  fisco: { anchorWithoutBasicConstraints: true, nonCriticalBasicConstraints: true, absentKeyIdentifiers: true, absentKeyUsage: true }
}

/**
 * Whether a text names a policy, or `auto`.
 */
export function isPolicyChoice (text: string): text is PolicyChoice {
  return text === 'auto' || Object.hasOwn(POLICIES, text)
}

/**
 * The policy for chains under an anchor. It follows from the anchor, which the operator chose, never from the chain,
 * which a stranger shows.
 *
 * @throws CertificateRefusedError if the anchor's extensions cannot be read
 */
export function policyFor (anchor: Certificate, choice: PolicyChoice = 'auto'): PolicyName {
  if (choice !== 'auto') {
    return choice
  }

  return anchor.version < 3 || anchor.basicConstraints == null ? 'fisco' : 'rfc5280'
}
