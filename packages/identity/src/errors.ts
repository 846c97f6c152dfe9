/**
 * Text that is no node ID, or a key that has none.
 */
export class InvalidNodeIdError extends Error {
  static name = 'InvalidNodeIdError'

  constructor (message = 'Invalid node ID') {
    super(message)
    this.name = 'InvalidNodeIdError'
  }
}

/**
 * Bytes that are no DER, or none of the type that was expected.
 */
export class InvalidDerError extends Error {
  static name = 'InvalidDerError'

  /**
   * @param what - what is wrong
   * @param offset - of the element, from the start of the encoding; 0 where it is not known
   */
  constructor (what: string, readonly offset: number) {
    super(offset === 0 ? what : `${what} (at byte ${offset})`)
    this.name = 'InvalidDerError'
  }
}

/**
 * Why a certificate, or the chain that it came with, is not accepted. The names are stable: they appear in errors,
 * events, metrics and on the wire (see docs/PROTOCOLS.md, "Refusal codes").
 */
export type CertificateRule =
  | 'malformed'
  | 'no-certificate'
  | 'chain-too-long'
  | 'unsupported-key'
  | 'weak-key'
  | 'self-signed'
  | 'untrusted-issuer'
  | 'bad-signature'
  | 'not-a-ca'
  | 'path-length'
  | 'key-usage'
  | 'expired'
  | 'not-yet-valid'
  | 'is-a-ca'
  | 'version'
  | 'serial-number'
  | 'signature-algorithm'
  | 'explicit-curve'
  | 'duplicate-extension'
  | 'unknown-critical-extension'
  | 'extension-criticality'
  | 'missing-extension'
  | 'misplaced-extension'
  | 'empty-name'
  | 'name-constraint'
  | 'unsupported-name-constraint'
  | 'path-too-deep'
  | 'path-too-complex'
  | 'revoked'
  | 'crl-expired'
  | 'crl-unusable'

/**
 * What {@link CertificateRefusedError} says besides its message.
 */
export interface CertificateRefusal {
  /**
   * The rule that failed.
   */
  rule: CertificateRule

  /**
   * Subject of the certificate that failed it, as `CN=node0, O=fisco-bcos`; empty when it could not be read.
   */
  subject: string

  /**
   * Its serial number in lower-case hex; empty when it could not be read.
   */
  serial: string

  /**
   * What the operator can do about it.
   */
  hint: string
}

/**
 * A certificate was judged and not accepted.
 */
export class CertificateRefusedError extends Error implements CertificateRefusal {
  static name = 'CertificateRefusedError'
  readonly rule: CertificateRule
  readonly subject: string
  readonly serial: string
  readonly hint: string

  constructor (what: string, refusal: CertificateRefusal) {
    const who = refusal.subject === '' ? 'certificate' : `certificate of ${refusal.subject} (serial ${refusal.serial})`

    super(`${who}: ${refusal.rule}: ${what}; ${refusal.hint}`)
    this.name = 'CertificateRefusedError'
    this.rule = refusal.rule
    this.subject = refusal.subject
    this.serial = refusal.serial
    this.hint = refusal.hint
  }
}

/**
 * Why a certificate revocation list is not taken; also the values of a label of a metric.
 */
export type CrlRule =
  | 'malformed'
  | 'signature-algorithm'
  | 'bad-signature'
  | 'delta'
  | 'indirect'
  | 'duplicate-extension'
  | 'unknown-critical-extension'
  | 'other-issuer'
  | 'unknown-issuer'
  | 'key-usage'
  | 'future'
  | 'replayed'

/**
 * A certificate revocation list was judged and not taken. The message says why.
 */
export class CrlRefusedError extends Error {
  static name = 'CrlRefusedError'

  /**
   * @param rule - the rule that it fails
   * @param what - what is wrong
   */
  constructor (readonly rule: CrlRule, what: string, options?: ErrorOptions) {
    super(`the CRL is not taken: ${rule}: ${what}`, options)
    this.name = 'CrlRefusedError'
  }
}

/**
 * Why an identity could not be loaded: a rule of {@link CertificateRule}, or one about the files themselves.
 */
export type IdentityRule =
  | CertificateRule
  | 'unreadable'
  | 'not-pem'
  | 'passphrase'
  | 'key-mismatch'
  | 'too-many-anchors'
  | 'crl-refused'
  | 'network-id'
  | 'too-many-crls'

/**
 * The key, certificate or CA file of a node cannot be used. The message names the file, the rule and what to do.
 */
export class IdentityError extends Error {
  static name = 'IdentityError'

  /**
   * @param file - the file (or other source) that is wrong
   * @param rule - the rule that it fails
   * @param what - what is wrong, and what to do
   */
  constructor (readonly file: string, readonly rule: IdentityRule, what: string, options?: ErrorOptions) {
    // a refused certificate says the rule as well: once is enough
    super(`${file}: ${rule}: ${options?.cause instanceof CertificateRefusedError ? what.replace(`: ${rule}: `, ': ') : what}`, options)
    this.name = 'IdentityError'
  }
}
