import { createPrivateKey } from 'node:crypto'
import { AsnConvert, AsnIntegerBigIntConverter } from '@peculiar/asn1-schema'
import * as asn1 from '@peculiar/asn1-x509'
import { toArrayBuffer, wholeSecond } from './certificate.ts'
import { checkCrlDays } from './check.ts'
import { DAY, DEFAULT_CRL_DAYS } from './constants.ts'
import { InvalidParametersError } from './errors.ts'
import { extension, subjectKeyId } from './extensions.ts'
import { keyTypeOf, signatureAlgorithm, signWith } from './keys.ts'
import type { CertificateAuthority } from './authority.ts'

/**
 * Why a certificate is revoked (RFC 5280 section 5.3.1), by the names that OpenSSL gives the reasons. `unspecified`
 * is written as no reason.
 */
export type CrlReason = 'unspecified' | 'keyCompromise' | 'CACompromise' | 'affiliationChanged' | 'superseded' | 'cessationOfOperation' |
  'certificateHold' | 'privilegeWithdrawn' | 'AACompromise'

const { CRLReasons, KeyUsageFlags } = asn1
const REASONS: Record<CrlReason, asn1.CRLReasons> = {
  unspecified: CRLReasons.unspecified,
  keyCompromise: CRLReasons.keyCompromise,
  CACompromise: CRLReasons.cACompromise,
  affiliationChanged: CRLReasons.affiliationChanged,
  superseded: CRLReasons.superseded,
  cessationOfOperation: CRLReasons.cessationOfOperation,
  certificateHold: CRLReasons.certificateHold,
  privilegeWithdrawn: CRLReasons.privilegeWithdrawn,
  AACompromise: CRLReasons.aACompromise
}

/**
 * First number that needs more than the 20 octets which RFC 5280 allows (sections 4.1.2.2 and 5.2.3).
 */
const NUMBER_END = 1n << 159n

/**
 * A revoked certificate, as a CRL lists it.
 */
export interface CrlEntry {
  /**
   * Serial number in hex, of either letter case: 1 to 40 digits.
   */
  serial: string

  /**
   * When it was revoked, in the years 1950 to 9999.
   */
  date: Date

  /**
   * Why.
   *
   * @default 'unspecified'
   */
  reason?: CrlReason
}

/**
 * Options of {@link createCrl}.
 */
export interface CrlOptions {
  /**
   * All revoked certificates of this CA, each once. None is a list, too.
   */
  revoked: readonly CrlEntry[]

  /**
   * Number of this CRL, 1 to 2^159 - 1: greater than that of any other that this CA has signed.
   */
  number: bigint

  /**
   * Days until the next CRL is there at the latest, 1 to 3,650. Ignored where {@link nextUpdate} is given.
   *
   * @default 30
   */
  days?: number

  /**
   * When this CRL was made, in the years 1950 to 9999.
   *
   * @default now, by the CA's clock
   */
  thisUpdate?: Date

  /**
   * When the next one is there at the latest, in the years 1950 to 9999.
   *
   * @default `days` after `thisUpdate`
   */
  nextUpdate?: Date
}

/**
 * A signed CRL.
 */
export interface CertificateRevocationList {
  readonly pem: string
  readonly der: Uint8Array
  readonly number: bigint

  /**
   * Whole seconds, as they stand in the CRL.
   */
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

/**
 * Writes an X.509 v2 CRL (RFC 5280 section 5) and signs it: a whole one, for all certificates of this CA.
 *
 * @throws InvalidParametersError for what cannot be written, and for a CA whose certificate does not let it sign CRLs
 */
export function createCrl (authority: CertificateAuthority, options: CrlOptions): CertificateRevocationList {
  const own = AsnConvert.parse(authority.der, asn1.Certificate).tbsCertificate
  const key = createPrivateKey(authority.key)
  const algorithm = signatureAlgorithm(keyTypeOf(key))
  const number = checkNumber(options.number)
  const thisUpdate = wholeSecond('thisUpdate', options.thisUpdate ?? new Date(authority.now()))
  const days = checkCrlDays(options.days ?? DEFAULT_CRL_DAYS)
  const nextUpdate = wholeSecond('nextUpdate', options.nextUpdate ?? new Date(thisUpdate.getTime() + days * DAY))
  const revoked = revokedCertificates(options.revoked)

  if (nextUpdate <= thisUpdate) {
    throw new InvalidParametersError(`nextUpdate (${nextUpdate.toISOString()}) must lie after thisUpdate (${thisUpdate.toISOString()})`)
  }

  checkMaySign(authority, own)

  const tbsCertList = new asn1.TBSCertList({
    version: asn1.Version.v2,
    signature: algorithm,
    issuer: own.subject,
    thisUpdate: new asn1.Time(thisUpdate),
    nextUpdate: new asn1.Time(nextUpdate),
    // RFC 5280 section 5.1.2.6: absent, and not empty, where nothing is revoked
    revokedCertificates: revoked.length === 0 ? undefined : revoked,
    crlExtensions: crlExtensions(number, subjectKeyId(own))
  })
  const der = Buffer.from(AsnConvert.serialize(new asn1.CertificateList({
    tbsCertList,
    signatureAlgorithm: algorithm,
    signature: toArrayBuffer(signWith(key, Buffer.from(AsnConvert.serialize(tbsCertList))))
  })))

  return { pem: toPem(der), der, number, thisUpdate, nextUpdate }
}

/**
 * Whether a text is the name of a reason.
 */
export function isCrlReason (text: string): text is CrlReason {
  return Object.hasOwn(REASONS, text)
}

/**
 * The number of a CRL in PEM; undefined if it has none, or cannot be read.
 */
export function crlNumberOf (pem: string): bigint | undefined {
  try {
    const [, base64 = ''] = pem.match(/-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/) ?? []
    const { crlExtensions = [] } = AsnConvert.parse(Buffer.from(base64, 'base64'), asn1.CertificateList).tbsCertList
    const number = crlExtensions.find(({ extnID }) => extnID === asn1.id_ce_cRLNumber)

    // behind the tag and the length, one byte each as it has 20 bytes at most
    return number == null ? undefined : BigInt(`0x${Buffer.from(number.extnValue.buffer).subarray(2).toString('hex')}`)
  } catch {
    return undefined
  }
}

function checkNumber (number: bigint): bigint {
  if (typeof number !== 'bigint' || number < 1n || number >= NUMBER_END) {
    throw new InvalidParametersError(`number must be a bigint from 1 to 2^159 - 1, not ${String(number)}`)
  }

  return number
}

function checkMaySign (authority: CertificateAuthority, own: asn1.TBSCertificate): void {
  const usage = own.extensions?.find(({ extnID }) => extnID === asn1.id_ce_keyUsage)

  // the CAs of FISCO BCOS's tools have no keyUsage, which forbids nothing
  if (usage != null && (AsnConvert.parse(usage.extnValue.buffer, asn1.KeyUsage).toNumber() & KeyUsageFlags.cRLSign) === 0) {
    throw new InvalidParametersError(`${authority.role} "${authority.name}" may not sign CRLs: its certificate has keyUsage without cRLSign; have it issued anew`)
  }
}

function revokedCertificates (entries: readonly CrlEntry[]): asn1.RevokedCertificate[] {
  const seen = new Set<bigint>()

  return entries.map(({ serial, date, reason = 'unspecified' }) => {
    if (!/^[0-9a-f]{1,40}$/i.test(serial)) {
      throw new InvalidParametersError(`serial must be 1 to 40 hex digits, not ${JSON.stringify(serial)}`)
    }

    const value = BigInt(`0x${serial}`)

    if (seen.has(value)) {
      throw new InvalidParametersError(`serial ${serial} is in the list of revoked certificates twice: give each once`)
    }

    seen.add(value)

    return new asn1.RevokedCertificate({
      userCertificate: toArrayBuffer(integerContent(value)),
      revocationDate: new asn1.Time(wholeSecond(`the revocation date of ${serial}`, date)),
      crlEntryExtensions: reasonExtensions(reason)
    })
  })
}

/**
 * RFC 5280 section 5.3.1: the reason should be absent rather than unspecified.
 */
function reasonExtensions (reason: CrlReason): asn1.Extension[] | undefined {
  if (!isCrlReason(reason)) {
    throw new InvalidParametersError(`reason must be one of ${Object.keys(REASONS).join(', ')}, not ${JSON.stringify(reason)}`)
  }

  return reason === 'unspecified' ? undefined : [extension(asn1.id_ce_cRLReasons, false, new asn1.CRLReason(REASONS[reason]))]
}

function crlExtensions (number: bigint, issuerKeyId?: Uint8Array): asn1.Extension[] {
  // asn1.CRLNumber takes a number, which ends at 2^53
  const crlNumber = extension(asn1.id_ce_cRLNumber, false, AsnIntegerBigIntConverter.toASN(number))

  return issuerKeyId == null
    ? [crlNumber]
    : [extension(asn1.id_ce_authorityKeyIdentifier, false, new asn1.AuthorityKeyIdentifier({ keyIdentifier: new asn1.KeyIdentifier(issuerKeyId) })), crlNumber]
}

/**
 * Content of a DER INTEGER: as few bytes as can be, the first bit is the sign.
 */
function integerContent (value: bigint): Buffer {
  const hex = value.toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`

  return Buffer.from(even[0] >= '8' ? `00${even}` : even, 'hex')
}

function toPem (der: Buffer): string {
  return `-----BEGIN X509 CRL-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END X509 CRL-----\n`
}
