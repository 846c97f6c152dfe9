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
  'chain-mismatch': 32,
  'unexpected-peer': 33,
  'other-network': 34,
  'unsupported-version': 35,
  'tls-downgrade': 36,
  'clock-skew': 37,
  denied: 38
} as const satisfies Record<CertificateRule, number> & Record<string, number>

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
    this.name = 'HandshakeRefusedError'
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
