import { CertificateRefusedError } from './errors.ts'
import { printable } from './name.ts'
import type { Certificate } from './certificate.ts'
import type { CertificateRule } from './errors.ts'

/**
 * A refusal of a certificate, with whose it is.
 *
 * @param what - what is wrong
 * @param hint - what to do about it
 */
export function refusal (certificate: Certificate, rule: CertificateRule, what: string, hint: string): CertificateRefusedError {
  return new CertificateRefusedError(what, { rule, subject: certificate.subject, serial: printable(certificate.serial), hint })
}
