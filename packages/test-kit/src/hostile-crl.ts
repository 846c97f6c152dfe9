import { createPrivateKey, sign } from 'node:crypto'
import { AsnConvert, AsnIntegerBigIntConverter, OctetString } from '@peculiar/asn1-schema'
import * as asn1 from '@peculiar/asn1-x509'
import type { CertificateAuthority } from '@fisco-libp2p/ca'

/**
 * An extension of a CRL, or of an entry of one.
 */
export interface HostileExtension {
  id: string
  critical?: boolean

  /**
   * DER.
   *
   * @default an ASN.1 NULL
   */
  value?: Uint8Array
}

/**
 * What {@link hostileCrl} writes; what is not given is as an honest CA writes it.
 */
export interface HostileCrlParts {
  /**
   * Serial numbers in hex.
   *
   * @default none
   */
  revoked?: readonly string[]

  /**
   * Extensions of each entry.
   */
  entryExtensions?: readonly HostileExtension[]

  /**
   * Extensions of the list, behind its number and the identifier of the key.
   */
  extensions?: readonly HostileExtension[]

  /**
   * Number of the list; null for none.
   *
   * @default 1n
   */
  number?: bigint | null

  /**
   * Leave out the identifier of the issuer's key?
   *
   * @default false
   */
  noKeyId?: boolean

  /**
   * Write no version? Of version 1 is what has neither version nor extensions.
   *
   * @default false
   */
  noVersion?: boolean

  /**
   * @default a minute ago
   */
  thisUpdate?: Date

  /**
   * When the next one is due; null for no such field.
   *
   * @default in a day
   */
  nextUpdate?: Date | null

  /**
   * The CA whose name and key identifier it carries.
   *
   * @default the one that signs
   */
  as?: CertificateAuthority

  /**
   * Name of the issuer, DER, whichever CA it is.
   */
  issuerName?: Uint8Array

  /**
   * OID of the signature algorithm that is named inside of what is signed, and behind it. The signature is of the usual kind for the key.
   */
  innerAlgorithm?: string
  outerAlgorithm?: string
}

/**
 * OIDs of extensions that no complete, direct CRL has.
 */
export const HOSTILE_EXTENSIONS = {
  delta: '2.5.29.27',
  distributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  unknown: '1.3.6.1.4.1.99999.1'
} as const

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const NULL = Uint8Array.of(5, 0)
const ALGORITHMS: Record<CertificateAuthority['keyType'], string> = {
  secp256k1: '1.2.840.10045.4.3.2',
  p256: '1.2.840.10045.4.3.2',
  ed25519: '1.3.101.112',
  rsa: '1.2.840.113549.1.1.11'
}

/**
 * Writes and signs a CRL that no honest CA would: any part of it can be wrong. Nothing is checked.
 *
 * @param signer - whose key signs
 * @returns DER
 */
export function hostileCrl (signer: CertificateAuthority, parts: HostileCrlParts = {}): Uint8Array {
  const key = createPrivateKey(signer.key)
  const issuer = AsnConvert.parse((parts.as ?? signer).der, asn1.Certificate).tbsCertificate
  const extensions = [...honestExtensions(issuer, parts), ...(parts.extensions ?? []).map(toAsn)].map(der)
  const { revoked = [], entryExtensions = [] } = parts
  const now = Date.now()
  const date = der(new asn1.Time(new Date(now - MINUTE)))
  const reasons = entryExtensions.length === 0 ? [] : [sequence(...entryExtensions.map(toAsn).map(der))]
  const algorithmId = parts.innerAlgorithm ?? ALGORITHMS[signer.keyType]
  const tbs = sequence(
    ...(parts.noVersion === true ? [] : [Uint8Array.of(2, 1, asn1.Version.v2)]),
    der(algorithm(algorithmId)),
    parts.issuerName ?? der(issuer.subject),
    der(new asn1.Time(parts.thisUpdate ?? new Date(now - MINUTE))),
    ...(parts.nextUpdate === null ? [] : [der(new asn1.Time(parts.nextUpdate ?? new Date(now + DAY)))]),
    ...(revoked.length === 0 ? [] : [sequence(...revoked.map(serial => sequence(der(AsnIntegerBigIntConverter.toASN(BigInt(`0x${serial}`))), date, ...reasons)))]),
    ...(extensions.length === 0 ? [] : [element(0xa0, sequence(...extensions))])
  )

  return sequence(
    tbs,
    der(algorithm(parts.outerAlgorithm ?? algorithmId)),
    element(0x03, Uint8Array.of(0), sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', tbs, key))
  )
}

function honestExtensions (issuer: asn1.TBSCertificate, { noVersion, noKeyId, number = 1n }: HostileCrlParts): asn1.Extension[] {
  const found = issuer.extensions?.find(({ extnID }) => extnID === asn1.id_ce_subjectKeyIdentifier)
  const keyId = found == null || noKeyId === true ? [] : [AsnConvert.parse(found.extnValue.buffer, asn1.SubjectKeyIdentifier)]

  return noVersion === true
    ? []
    : [
        ...keyId.map(id => extension(asn1.id_ce_authorityKeyIdentifier, false, der(new asn1.AuthorityKeyIdentifier({ keyIdentifier: new asn1.KeyIdentifier(id.buffer) })))),
        ...(number === null ? [] : [extension(asn1.id_ce_cRLNumber, false, der(AsnIntegerBigIntConverter.toASN(number)))])
      ]
}

function toAsn ({ id, critical = false, value = NULL }: HostileExtension): asn1.Extension {
  return extension(id, critical, value)
}

function extension (extnID: string, critical: boolean, value: Uint8Array): asn1.Extension {
  return new asn1.Extension({ extnID, critical, extnValue: new OctetString(value) })
}

/**
 * RFC 4055 section 5: NULL behind the OIDs of RSA, nothing behind all others.
 */
function algorithm (oid: string): asn1.AlgorithmIdentifier {
  return new asn1.AlgorithmIdentifier({ algorithm: oid, parameters: oid.startsWith('1.2.840.113549.1.1.') ? null : undefined })
}

function der (value: unknown): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(value))
}

function sequence (...contents: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...contents)
}

/**
 * By hand: the library reads again what it writes, and so has limits of its own.
 */
function element (tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents)
  const hex = content.byteLength.toString(16)
  const octets = Buffer.from(hex.padStart(hex.length + hex.length % 2, '0'), 'hex')
  const header = content.byteLength < 0x80 ? octets : [0x80 | octets.byteLength, ...octets]

  return Buffer.concat([Uint8Array.of(tag, ...header), content])
}
