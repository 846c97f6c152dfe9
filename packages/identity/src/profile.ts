import { MAX_RSA_BITS, MAX_RSA_EXPONENT_BITS, MAX_SERIAL_BYTES, MIN_RSA_BITS } from './constants.ts'
import { KNOWN_EXTENSIONS } from './extensions.ts'
import { refusal } from './refuse.ts'
import type { Certificate } from './certificate.ts'

const CA_CURVES = ['secp256k1', 'P-256', 'P-384', 'P-521']

/**
 * Signatures that are accepted: with SHA-2 of at least 256 bits. MD5 and SHA-1 let others forge certificates.
 */
const SIGNATURE_ALGORITHMS = [
  '1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4', // ecdsa-with-SHA256, SHA384, SHA512
  '1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13', // sha256, sha384, sha512WithRSAEncryption
  '1.3.101.112' // Ed25519
]
const RSA_PSS = '1.2.840.113549.1.1.10'
const PSS_HASHES = ['2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2', '2.16.840.1.101.3.4.2.3']

/**
 * Extensions that RFC 5280 section 4.2 allows in one form only: critical, or not critical.
 */
const CRITICALITY: Record<string, { name: string, critical: boolean }> = {
  '2.5.29.35': { name: 'authorityKeyIdentifier', critical: false },
  '2.5.29.14': { name: 'subjectKeyIdentifier', critical: false },
  '2.5.29.9': { name: 'subjectDirectoryAttributes', critical: false },
  '2.5.29.46': { name: 'freshestCRL', critical: false },
  '1.3.6.1.5.5.7.1.1': { name: 'authorityInfoAccess', critical: false },
  '1.3.6.1.5.5.7.1.11': { name: 'subjectInfoAccess', critical: false },
  '2.5.29.30': { name: 'nameConstraints', critical: true },
  '2.5.29.36': { name: 'policyConstraints', critical: true },
  '2.5.29.54': { name: 'inhibitAnyPolicy', critical: true }
}

const REISSUE = 'have it issued again, by a CA that follows RFC 5280'

/**
 * Checks what must hold of a certificate by itself, wherever it stands in a chain and under every policy. No signature
 * is verified here, and the key is checked here: before its first use.
 *
 * @throws CertificateRefusedError
 */
export function checkProfile (certificate: Certificate): void {
  checkVersion(certificate)
  checkSerial(certificate)
  checkKey(certificate)

  // RFC 5280 section 4.1.1.2: the field outside of the signature says the same as the one inside
  if (Buffer.compare(certificate.fields.algorithm, certificate.fields.signedAlgorithm) !== 0) {
    throw refusal(certificate, 'signature-algorithm', 'it names two different signature algorithms', REISSUE)
  }

  // RFC 5280 section 4.1.2.4
  if (certificate.fields.issuer.rdns.length === 0) {
    throw refusal(certificate, 'empty-name', 'the name of its issuer is empty', REISSUE)
  }

  checkExtensions(certificate)
}

function checkVersion (certificate: Certificate): void {
  const { version, uniqueIds, extensions } = certificate.fields

  // RFC 5280 sections 4.1.2.1 and 4.1.2.8
  if ((extensions != null && version < 3) || (uniqueIds && version < 2)) {
    throw refusal(certificate, 'version', `it says that it is of X.509 v${version}, and has fields that came later`, REISSUE)
  }
}

function checkSerial (certificate: Certificate): void {
  const { serial } = certificate.fields
  const value = serial[0] === 0 ? serial.subarray(1) : serial

  // RFC 5280 section 4.1.2.2; the octet 00 before a first bit that is set is part of the encoding, and counts
  if (serial[0] >= 0x80 || value.byteLength === 0 || serial.byteLength > MAX_SERIAL_BYTES) {
    throw refusal(certificate, 'serial-number', `its serial number is not a positive number of at most ${MAX_SERIAL_BYTES} bytes`, REISSUE)
  }
}

function checkKey (certificate: Certificate): void {
  const key = certificate.fields.keyInfo

  if (key.type === 'other' || (key.type === 'ec' && !CA_CURVES.includes(key.curve ?? ''))) {
    throw refusal(certificate, 'unsupported-key', `its key is of type ${key.type === 'ec' ? key.curve : key.algorithm}`, 'use secp256k1, Ed25519 or RSA for nodes; a CA or agency may also use P-256, P-384 or P-521')
  }

  if (key.type === 'rsa' && (key.bits < MIN_RSA_BITS || key.bits > MAX_RSA_BITS)) {
    throw refusal(certificate, 'weak-key', `its RSA key has ${key.bits} bits`, `use ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`)
  }

  if (key.type === 'rsa' && (key.exponentBits === 0 || key.exponentBits > MAX_RSA_EXPONENT_BITS)) {
    throw refusal(certificate, 'weak-key', `the public exponent of its RSA key is even, 1, or longer than ${MAX_RSA_EXPONENT_BITS} bits`, 'use the exponent 65537')
  }
}

/**
 * Checks the algorithm of a signature on which a judgement relies. That of an anchor is none: nobody but the operator
 * vouches for it, and FISCO BCOS's root is signed with SHA-1 where OpenSSL 1.0.2 made it.
 *
 * @throws CertificateRefusedError
 */
export function checkAlgorithm (certificate: Certificate): void {
  const { algorithmId } = certificate.fields

  if (!isStrong(certificate.fields)) {
    throw refusal(certificate, 'signature-algorithm', `its signature algorithm (${algorithmId}) is weak or not known here`, 'have it issued again with SHA-256 (openssl: -sha256) and ECDSA, RSA or Ed25519')
  }
}

/**
 * Whether a signature algorithm is one that is accepted.
 */
export function isStrong ({ algorithmId, algorithmHash }: { algorithmId: string, algorithmHash?: string }): boolean {
  return SIGNATURE_ALGORITHMS.includes(algorithmId) || (algorithmId === RSA_PSS && PSS_HASHES.includes(algorithmHash ?? ''))
}

function checkExtensions (certificate: Certificate): void {
  const extensions = certificate.fields.extensions ?? []
  const seen = new Set<string>()

  for (const { id, critical } of extensions) {
    const rule = CRITICALITY[id]

    // RFC 5280 section 4.2
    if (seen.has(id)) {
      throw refusal(certificate, 'duplicate-extension', `it has the extension ${rule?.name ?? id} twice`, REISSUE)
    }

    seen.add(id)

    if (rule != null && rule.critical !== critical) {
      throw refusal(certificate, 'extension-criticality', `its extension ${rule.name} is ${critical ? '' : 'not '}critical, and must ${critical ? 'not ' : ''}be`, REISSUE)
    }

    if (critical && !KNOWN_EXTENSIONS.includes(id)) {
      throw refusal(certificate, 'unknown-critical-extension', `it has the critical extension ${rule?.name ?? id}, which is not understood here`, 'have it issued again without it, or with the extension not critical')
    }
  }

  checkContents(certificate)
}

function checkContents (certificate: Certificate): void {
  const { keyUsage, nameConstraints } = certificate.extensions

  // RFC 5280 section 4.2.1.3
  if (keyUsage?.length === 0) {
    throw refusal(certificate, 'key-usage', 'its keyUsage allows nothing', REISSUE)
  }

  const names = [...nameConstraints?.permitted ?? [], ...nameConstraints?.excluded ?? []]
  const unsupported = names.find(({ form }) => form !== 'dns' && form !== 'ip' && form !== 'directory')

  // RFC 5280 section 4.2.1.10: what cannot be processed must be refused
  if (unsupported != null || nameConstraints?.distances === true) {
    throw refusal(certificate, 'unsupported-name-constraint', unsupported == null ? 'its name constraints have a minimum or maximum' : `it constrains names of the form ${unsupported.form}`,
      'constrain DNS names, IP addresses and directory names only, each without minimum and maximum')
  }
}
