import { refusal } from './refuse.ts'
import type { Certificate } from './certificate.ts'
import type { Relaxations } from './policy.ts'

/**
 * Where in a path a certificate stands.
 */
export type Position = 'leaf' | 'intermediate' | 'anchor'

const REISSUE = 'have it issued again by a CA that follows RFC 5280'
const OR_FISCO = 'or, if FISCO BCOS\'s tools issued it, set the policy fisco'

/**
 * Checks what must hold of a certificate where it stands: whether it is a CA, and, if it is, whether all is there that
 * a CA's certificate must have. What a policy may relax is here and nowhere else.
 *
 * @throws CertificateRefusedError
 */
export function checkPosition (certificate: Certificate, position: Position, relaxed: Relaxations): void {
  const issues = position !== 'leaf'

  if (issues) {
    checkIsCa(certificate, position === 'anchor' && relaxed.anchorWithoutBasicConstraints)
  }

  if (issues || certificate.extensions.basicConstraints?.ca === true) {
    checkCa(certificate, relaxed)
  } else {
    checkEndEntity(certificate)
  }

  // RFC 5280 section 4.2.1.1: in all certificates, except one that its own key signed
  if (certificate.extensions.authorityKeyId?.keyId == null && !relaxed.absentKeyIdentifiers && !certificate.selfSigned) {
    throw refusal(certificate, 'missing-extension', 'it has no authorityKeyIdentifier with a key identifier', `${REISSUE}, ${OR_FISCO}`)
  }
}

/**
 * RFC 5280 section 6.1.4 (k) and (n).
 */
function checkIsCa (certificate: Certificate, byOperator: boolean): void {
  const { basicConstraints, keyUsage } = certificate.extensions

  if (basicConstraints == null && !byOperator) {
    throw refusal(certificate, 'not-a-ca', 'it has no basicConstraints, yet it issued a certificate of the chain', `issue the CA's certificate with CA:TRUE, ${OR_FISCO} (for a trusted CA)`)
  }

  if (basicConstraints?.ca === false) {
    throw refusal(certificate, 'not-a-ca', 'it is not a CA, yet it issued a certificate of the chain', 'the CA of the consortium must issue the agency\'s certificate with CA:TRUE')
  }

  if (keyUsage?.includes('keyCertSign') === false) {
    throw refusal(certificate, 'key-usage', 'its keyUsage does not allow keyCertSign', 'reissue the CA certificate with keyCertSign')
  }
}

function checkCa (certificate: Certificate, relaxed: Relaxations): void {
  const { basicConstraints, keyUsage, subjectKeyId } = certificate.extensions

  if (basicConstraints?.critical === false && !relaxed.nonCriticalBasicConstraints) {
    throw refusal(certificate, 'extension-criticality', 'its basicConstraints are not critical, and must be in a CA\'s certificate', `${REISSUE}, ${OR_FISCO}`)
  }

  if (keyUsage == null && !relaxed.absentKeyUsage) {
    throw refusal(certificate, 'missing-extension', 'it has no keyUsage, which a CA\'s certificate must have', `${REISSUE}, ${OR_FISCO}`)
  }

  // section 4.2.1.9: a limit for the CAs below it only where it may have some
  if (basicConstraints?.pathLength != null && keyUsage?.includes('keyCertSign') === false) {
    throw refusal(certificate, 'key-usage', 'it limits the CAs below it, and its keyUsage does not allow keyCertSign', REISSUE)
  }

  if (subjectKeyId == null && !relaxed.absentKeyIdentifiers) {
    throw refusal(certificate, 'missing-extension', 'it has no subjectKeyIdentifier, which a CA\'s certificate must have', `${REISSUE}, ${OR_FISCO}`)
  }

  // section 4.1.2.6
  if (certificate.fields.subject.rdns.length === 0) {
    throw refusal(certificate, 'empty-name', 'it is a CA, and its subject is empty', REISSUE)
  }
}

function checkEndEntity (certificate: Certificate): void {
  const { basicConstraints, keyUsage, nameConstraints, subjectAltName } = certificate.extensions

  // section 4.2.1.3
  if (keyUsage?.includes('keyCertSign') === true) {
    throw refusal(certificate, 'key-usage', 'its keyUsage allows keyCertSign, and it is not a CA', REISSUE)
  }

  // sections 4.2.1.9 and 4.2.1.10
  if (basicConstraints?.pathLength != null || nameConstraints != null) {
    throw refusal(certificate, 'misplaced-extension', `it has ${nameConstraints != null ? 'name constraints' : 'a path length'}, and it is not a CA`, REISSUE)
  }

  // section 4.1.2.6: then the other names are all that it certifies, and must not be passed over
  if (certificate.fields.subject.rdns.length === 0 && subjectAltName == null) {
    throw refusal(certificate, 'empty-name', 'its subject is empty, and it has no other name', REISSUE)
  }

  if (certificate.fields.subject.rdns.length === 0 && subjectAltName?.critical === false) {
    throw refusal(certificate, 'extension-criticality', 'its subject is empty, and its subjectAltName is not critical', REISSUE)
  }
}
