import { X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import * as asn1 from '@peculiar/asn1-x509'
import { commonNameOf } from './certificate.ts'
import { InvalidParametersError } from './errors.ts'
import { keyToPem, keyTypeOf, readKey } from './keys.ts'
import type { CertificateAuthority } from './authority.ts'
import type { KeySource } from './keys.ts'

/**
 * What {@link openAuthority} reads.
 */
export interface AuthorityPem {
  /**
   * The CA's private key, PEM.
   */
  key: KeySource

  /**
   * The passphrase of {@link key}, where that is encrypted.
   */
  passphrase?: string

  /**
   * The CA's certificate, and behind it those of the CAs above it, PEM.
   */
  cert: string

  /**
   * The root, PEM, where `cert` does not end with it.
   */
  root?: string

  /**
   * Clock, unix milliseconds.
   *
   * @default Date.now
   */
  now?(): number
}

/**
 * Takes up a CA that exists already, one that FISCO BCOS's tools made for instance, to issue with it.
 *
 * @throws PassphraseError if the key is encrypted, and the passphrase is missing or wrong
 * @throws InvalidParametersError if key and certificate do not belong together, or it is no CA
 */
export function openAuthority (pem: AuthorityPem): CertificateAuthority {
  const key = readKey(pem.key, pem.passphrase)
  const chain = certificatesOf(`${pem.cert}\n${pem.root ?? ''}`)
  const [own] = chain

  if (own == null) {
    throw new InvalidParametersError('cert holds no certificate in PEM')
  }

  if (!own.checkPrivateKey(key)) {
    throw new InvalidParametersError(`key does not belong to the certificate of ${singleLine(own.subject)}: take both from the same folder`)
  }

  const fields = AsnConvert.parse(own.raw, asn1.Certificate).tbsCertificate
  const extension = fields.extensions?.find(extension => extension.extnID === asn1.id_ce_basicConstraints)
  const constraints = extension == null ? undefined : AsnConvert.parse(extension.extnValue.buffer, asn1.BasicConstraints)
  const isRoot = isSelfIssued(own)
  const root = chain.find(isSelfIssued)

  // the root of FISCO BCOS's tools is an X.509 v1 certificate, without basicConstraints
  if (constraints == null ? !isRoot : !constraints.cA) {
    throw new InvalidParametersError(`${singleLine(own.subject)} is not a CA: its certificate lacks CA:TRUE`)
  }

  if (root == null) {
    throw new InvalidParametersError(`the chain of ${singleLine(own.subject)} does not end in a root: give the root, too`)
  }

  return {
    name: commonNameOf(fields.subject),
    role: isRoot ? 'chain' : 'agency',
    keyType: keyTypeOf(key),
    key: keyToPem(key),
    cert: isRoot ? own.toString() : chain.filter(certificate => !isSelfIssued(certificate)).map(String).join(''),
    leaf: own.toString(),
    root: root.toString(),
    der: own.raw,
    serial: own.serialNumber,
    notBefore: fields.validity.notBefore.getTime(),
    notAfter: fields.validity.notAfter.getTime(),
    pathLength: constraints?.pathLenConstraint,
    now: pem.now ?? Date.now
  }
}

function certificatesOf (pem: string): X509Certificate[] {
  try {
    return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(block => new X509Certificate(block))
  } catch (err) {
    throw new InvalidParametersError(`a certificate cannot be read: ${err.message}`, { cause: err })
  }
}

function isSelfIssued (certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer
}

function singleLine (name: string): string {
  return name.replaceAll('\n', ', ')
}
