import type { AdmissionRule } from './admission.ts'
import type { CertificateRule } from '@fisco-libp2p/identity'

/**
 * Refusal codes on the wire (docs/PROTOCOLS.md, "Refusal codes"). A number, once given, keeps its meaning.
 */
export const REFUSAL_CODES = {
  unspecified: 0,
  malformed: 1,
  'no-certificate': 2,
  'chain-too-long': 3,
  'unsupported-key': 4,
  'weak-key': 5,
  'self-signed': 6,
  'untrusted-issuer': 7,
  'bad-signature': 8,
  'not-a-ca': 9,
  'path-length': 10,
  'key-usage': 11,
  expired: 12,
  'not-yet-valid': 13,
  'is-a-ca': 14,
  version: 15,
  'serial-number': 16,
  'signature-algorithm': 17,
  'explicit-curve': 18,
  'duplicate-extension': 19,
  'unknown-critical-extension': 20,
  'extension-criticality': 21,
  'missing-extension': 22,
  'misplaced-extension': 23,
  'empty-name': 24,
  'name-constraint': 25,
  'unsupported-name-constraint': 26,
  'path-too-deep': 27,
  'path-too-complex': 28,
  revoked: 29,
  'crl-expired': 30,
  'crl-unusable': 31,
  'chain-mismatch': 32,
  'unexpected-peer': 33,
  'other-network': 34,
  'unsupported-version': 35,
  'tls-downgrade': 36,
  'clock-skew': 37,
  denied: 38,
  draining: 39,
  overloaded: 40
} as const satisfies Record<CertificateRule, number> & Record<string, number>

/**
 * Codes from here on are told with a text. Those below are of certificates: a peer whose chain was not accepted learns the
 * code alone, nothing of what this node trusts.
 */
export const FIRST_CODE_WITH_TEXT = 32

/**
 * Why one side ended a handshake: a name of {@link REFUSAL_CODES}.
 */
export type RefusalRule = keyof typeof REFUSAL_CODES

/**
 * Why a handshake ended without a refusal.
 */
export type FailureRule = 'tls-failure' | 'closed' | 'timeout' | 'not-tls' | 'no-alpn' | AdmissionRule

/**
 * The handshake was ended by one of both sides for a reason.
 */
export class HandshakeRefusedError extends Error {
  static name = 'HandshakeRefusedError'

  /**
   * @param rule - why
   * @param refusedBy - by which side
   * @param text - the reason in words; of the remote's words at most 512 characters are kept
   */
  constructor (readonly rule: RefusalRule, readonly refusedBy: 'us' | 'them', readonly text: string) {
    super(refusedBy === 'us' ? `we refused the peer: ${text}` : `the peer refused us: ${text}`)
    // as js-libp2p calls it: that the end which did not expect this peer says so before it fails itself must not hide that from who looks at the name
    this.name = rule === 'unexpected-peer' ? 'UnexpectedPeerError' : 'HandshakeRefusedError'
  }
}

/**
 * The handshake failed before either side could judge the other: TLS itself, the connection, or time.
 */
export class HandshakeFailedError extends Error {
  static name = 'HandshakeFailedError'

  constructor (readonly rule: FailureRule, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'HandshakeFailedError'
  }
}

/**
 * The name of a refusal code: `unspecified` for numbers that this version does not know.
 */
export function ruleOfCode (code: number): RefusalRule {
  const found = Object.entries(REFUSAL_CODES).find(([, number]) => number === code)

  return (found?.[0] ?? 'unspecified') as RefusalRule
}

/**
 * What a refusal that came without a text means to the side that was refused.
 */
export function explainRefusal (rule: RefusalRule): string {
  return `${rule}: ${MEANINGS[rule] ?? 'it does not accept this node\'s certificate'}; its log has the details`
}

const MEANINGS: Partial<Record<RefusalRule, string>> = {
  malformed: 'it cannot read this node\'s certificate, or what this node sent',
  'no-certificate': 'it got no certificate from this node: set key and cert in [network_security]',
  'self-signed': 'this node\'s certificate is self-signed: have it issued by an agency of the consortium',
  'untrusted-issuer': 'this node\'s certificate does not lead to a CA that it trusts: this node is of another consortium, or its node.crt lacks the agency\'s certificate',
  'bad-signature': 'a CA of the name that it trusts, but with another key, issued this node\'s certificate: compare the ca.crt of both',
  expired: 'this node\'s certificate, or one above it, has expired by its clock: have it renewed, or check both clocks',
  'not-yet-valid': 'this node\'s certificate, or one above it, is not valid yet by its clock: check both clocks',
  revoked: 'a CA has revoked this node\'s certificate, or one above it: ask the CA for a new one',
  'crl-expired': 'the CRL of this node\'s CA that it was given is out of date: its operator must give it a new one',
  'crl-unusable': 'it cannot use the CRL of this node\'s CA that it was given: its operator must give it a good one',
  'key-usage': 'this node\'s certificate, or one above it, may not be used like that: have it issued without such limits'
}
