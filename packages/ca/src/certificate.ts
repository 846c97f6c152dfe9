import { AsnConvert } from '@peculiar/asn1-schema'
import * as asn1 from '@peculiar/asn1-x509'
import { checkDays } from './check.ts'
import { BACKDATE, DAY, DEFAULT_DAYS, ORGANIZATION, SERIAL_BYTES } from './constants.ts'
import { InvalidParametersError } from './errors.ts'
import { keyTypeOf, signatureAlgorithm, signWith } from './keys.ts'
import type { Role } from './extensions.ts'
import type { KeyObject } from 'node:crypto'

const OID_COMMON_NAME = '2.5.4.3'
const OID_ORGANIZATION = '2.5.4.10'
const OID_ORGANIZATIONAL_UNIT = '2.5.4.11'

/**
 * From when until when a certificate is valid.
 */
export interface ValidityOptions {
  /**
   * Days of validity from now on, 1 to 365,000. Cut off where the issuer's own certificate ends: what outlives its
   * issuer does not verify. Ignored where {@link notAfter} is given.
   *
   * @default 36500
   */
  days?: number

  /**
   * First second of validity. It need not lie within the issuer's.
   *
   * @default 5 minutes ago, for nodes whose clock is behind
   */
  notBefore?: Date

  /**
   * Last second of validity, in the years 1950 to 9999. It need not lie within the issuer's.
   *
   * @default `days` from now
   */
  notAfter?: Date

  /**
   * Clock, unix milliseconds.
   *
   * @default the issuer's clock; `Date.now` for a chain CA
   */
  now?(): number
}

/**
 * First and last second of a validity.
 */
export interface Validity {
  notBefore: Date
  notAfter: Date
}

/**
 * Works out a validity.
 *
 * @param now - unix milliseconds
 * @param issuerEnd - when the issuer's certificate ends; undefined for a root
 * @throws InvalidParametersError if it would be empty, or cannot be written
 */
export function validity (options: ValidityOptions, now: number, issuerEnd?: Date): Validity {
  const end = now + checkDays(options.days ?? DEFAULT_DAYS) * DAY
  const notBefore = wholeSecond('notBefore', options.notBefore ?? new Date(now - BACKDATE))
  const notAfter = wholeSecond('notAfter', options.notAfter ?? new Date(Math.min(end, issuerEnd?.getTime() ?? end)))

  if (options.notAfter == null && issuerEnd != null && issuerEnd.getTime() <= now) {
    throw new InvalidParametersError(`the issuer's certificate ended at ${issuerEnd.toISOString()}: renew it first (or give notAfter)`)
  }

  if (notAfter <= notBefore) {
    throw new InvalidParametersError(`notAfter (${notAfter.toISOString()}) must lie after notBefore (${notBefore.toISOString()})`)
  }

  return { notBefore, notAfter }
}

/**
 * A moment as X.509 can write it: the whole second that it lies in.
 *
 * @throws InvalidParametersError outside of the years 1950 to 9999
 */
export function wholeSecond (what: string, date: Date): Date {
  const year = date.getUTCFullYear()

  // RFC 5280 section 4.1.2.5: UTCTime reaches from 1950 to 2049, GeneralizedTime goes on to 9999. NaN fails, too
  if (!(year >= 1950 && year <= 9999)) {
    throw new InvalidParametersError(`${what} must be a date in the years 1950 to 9999`)
  }

  return new Date(Math.floor(date.getTime() / 1000) * 1000)
}

/**
 * The subject that FISCO BCOS's tools give: `/CN=<name>/O=fisco-bcos/OU=<role>`, in UTF8Strings as OpenSSL writes them.
 */
export function subjectName (commonName: string, role: Role): asn1.Name {
  const parts = [[OID_COMMON_NAME, commonName], [OID_ORGANIZATION, ORGANIZATION], [OID_ORGANIZATIONAL_UNIT, role]]

  return new asn1.Name(parts.map(([type, utf8String]) => new asn1.RelativeDistinguishedName([
    new asn1.AttributeTypeAndValue({ type, value: new asn1.AttributeValue({ utf8String }) })
  ])))
}

/**
 * The text of a name's common name, empty if it has none.
 */
export function commonNameOf (name: asn1.Name): string {
  return [...name].flatMap(rdn => [...rdn]).find(attribute => attribute.type === OID_COMMON_NAME)?.value.toString() ?? ''
}

/**
 * Makes a serial number of random bytes: positive, always as long as the next (RFC 5280 section 4.1.2.2).
 *
 * @param random - 16 random bytes, of which two bits are overwritten
 */
export function serialNumber (random: Uint8Array): Uint8Array {
  const serial = Uint8Array.from(random.subarray(0, SERIAL_BYTES))

  // a DER INTEGER is negative if its first bit is set, and must not begin with nine zero bits
  serial[0] = (serial[0] & 0x7f) | 0x40

  return serial
}

/**
 * What {@link signCertificate} writes into a certificate.
 */
export interface CertificateParts extends Validity {
  serial: Uint8Array
  subject: asn1.Name
  issuer: asn1.Name

  /**
   * SubjectPublicKeyInfo, DER.
   */
  publicKey: Uint8Array
  extensions: asn1.Extension[]
}

/**
 * Writes an X.509 v3 certificate and signs it.
 *
 * @returns the certificate, DER
 */
export function signCertificate (parts: CertificateParts, issuerKey: KeyObject): Buffer {
  const algorithm = signatureAlgorithm(keyTypeOf(issuerKey))
  const tbsCertificate = new asn1.TBSCertificate({
    version: asn1.Version.v3,
    serialNumber: toArrayBuffer(parts.serial),
    signature: algorithm,
    issuer: parts.issuer,
    validity: new asn1.Validity(parts),
    subject: parts.subject,
    subjectPublicKeyInfo: AsnConvert.parse(parts.publicKey, asn1.SubjectPublicKeyInfo),
    extensions: new asn1.Extensions(parts.extensions)
  })
  const signature = signWith(issuerKey, Buffer.from(AsnConvert.serialize(tbsCertificate)))

  return Buffer.from(AsnConvert.serialize(new asn1.Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: toArrayBuffer(signature)
  })))
}

/**
 * The bytes as `@peculiar/asn1-x509` takes them.
 */
export function toArrayBuffer (bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
