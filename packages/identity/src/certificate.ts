import { X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import * as asn1 from '@peculiar/asn1-x509'
import { MAX_CHAIN_BYTES, MAX_NAME_LENGTH } from './constants.ts'
import { CertificateRefusedError } from './errors.ts'
import type { KeyObject } from 'node:crypto'

const OID_COMMON_NAME = '2.5.4.3'
const SHORT_NAMES: Record<string, string> = { [OID_COMMON_NAME]: 'CN', '2.5.4.10': 'O', '2.5.4.11': 'OU', '2.5.4.6': 'C', '2.5.4.8': 'ST', '2.5.4.7': 'L' }

/**
 * One X.509 certificate: its DER, OpenSSL's view of it (key, signature) and the fields that a judgement needs, read
 * from the DER. Names are for people; identity is always {@link publicKey}.
 */
export class Certificate {
  /**
   * The certificate as it was received.
   */
  readonly der: Uint8Array

  /**
   * OpenSSL's view. Never call `toLegacyObject()` on it: Node 24 and later crash on secp256k1.
   */
  readonly x509: X509Certificate

  /**
   * The key that it certifies.
   */
  readonly publicKey: KeyObject

  private readonly fields: asn1.TBSCertificate

  /**
   * @param der - one DER encoded certificate, at most 16 KiB
   * @throws CertificateRefusedError with rule `malformed`
   */
  constructor (der: Uint8Array) {
    if (der.byteLength > MAX_CHAIN_BYTES) {
      throw malformed(`it has ${der.byteLength} bytes, more than ${MAX_CHAIN_BYTES}`)
    }

    try {
      this.der = der
      this.x509 = new X509Certificate(der)
      this.publicKey = this.x509.publicKey
      this.fields = AsnConvert.parse(der, asn1.Certificate).tbsCertificate
    } catch (err) {
      throw malformed(err.message)
    }
  }

  /**
   * Subject as `CN=node0, O=fisco-bcos, OU=node`, bounded and without control characters.
   */
  get subject (): string {
    return describeName(this.fields.subject)
  }

  /**
   * Issuer, as {@link subject}.
   */
  get issuer (): string {
    return describeName(this.fields.issuer)
  }

  /**
   * Common name of the subject: FISCO BCOS's node name. Empty if there is none.
   */
  get commonName (): string {
    return commonName(this.fields.subject)
  }

  /**
   * Common name of the issuer: FISCO BCOS's agency name, for a node's certificate. Empty if there is none.
   */
  get issuerCommonName (): string {
    return commonName(this.fields.issuer)
  }

  /**
   * Serial number in lower-case hex.
   */
  get serial (): string {
    return this.x509.serialNumber.toLowerCase()
  }

  /**
   * First moment of its validity, unix milliseconds.
   */
  get notBefore (): number {
    return this.fields.validity.notBefore.getTime().getTime()
  }

  /**
   * Last moment of its validity, unix milliseconds.
   */
  get notAfter (): number {
    return this.fields.validity.notAfter.getTime().getTime()
  }

  /**
   * Whether subject and issuer are the same name.
   */
  get selfIssued (): boolean {
    return equalDer(this.fields.subject, this.fields.issuer)
  }

  /**
   * X.509 version: 1, 2 or 3. FISCO BCOS's root certificates are of version 1.
   */
  get version (): number {
    return this.fields.version + 1
  }

  /**
   * basicConstraints (RFC 5280 4.2.1.9), or undefined where the certificate has none.
   */
  get basicConstraints (): { ca: boolean, pathLength?: number } | undefined {
    const constraints = this.extension(asn1.id_ce_basicConstraints, asn1.BasicConstraints)

    return constraints == null ? undefined : { ca: constraints.cA, pathLength: constraints.pathLenConstraint }
  }

  /**
   * keyUsage (RFC 5280 4.2.1.3) as the names of its bits, or undefined where the certificate has none.
   */
  get keyUsage (): string[] | undefined {
    return this.extension(asn1.id_ce_keyUsage, asn1.KeyUsage)?.toJSON()
  }

  /**
   * extKeyUsage (RFC 5280 4.2.1.12) as OIDs, or undefined where the certificate has none.
   */
  get extendedKeyUsage (): string[] | undefined {
    const usage = this.extension(asn1.id_ce_extKeyUsage, asn1.ExtendedKeyUsage)

    return usage == null ? undefined : [...usage]
  }

  /**
   * Whether `issuer` has the name that this certificate names as its issuer. Says nothing about the signature.
   */
  namesIssuer (issuer: Certificate): boolean {
    return equalDer(this.fields.issuer, issuer.fields.subject)
  }

  /**
   * Whether both are the same bytes.
   */
  equals (other: Certificate): boolean {
    return Buffer.compare(this.der, other.der) === 0
  }

  private extension <T> (id: string, type: new () => T): T | undefined {
    const extension = this.fields.extensions?.find(e => e.extnID === id)

    if (extension == null) {
      return undefined
    }

    try {
      return AsnConvert.parse(extension.extnValue.buffer, type)
    } catch (err) {
      throw malformed(`its extension ${id} cannot be read: ${err.message}`)
    }
  }
}

/**
 * The certificates in a PEM file, in its order.
 *
 * @throws CertificateRefusedError with rule `malformed` if a block is no certificate. A text without any block gives an empty list
 */
export function certificatesFromPem (pem: string): Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []

  return blocks.map(block => new Certificate(Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64')))
}

/**
 * Certificates as PEM, one block after the other.
 */
export function certificatesToPem (certificates: Certificate[]): string {
  return certificates.map(certificate => certificate.x509.toString()).join('')
}

function malformed (why: string): CertificateRefusedError {
  return new CertificateRefusedError(`it cannot be read: ${why}`, {
    rule: 'malformed', subject: '', serial: '', hint: 'it must be one DER encoded X.509 certificate'
  })
}

function equalDer (a: asn1.Name, b: asn1.Name): boolean {
  return Buffer.compare(Buffer.from(AsnConvert.serialize(a)), Buffer.from(AsnConvert.serialize(b))) === 0
}

function commonName (name: asn1.Name): string {
  const attribute = [...name].flatMap(rdn => [...rdn]).find(attribute => attribute.type === OID_COMMON_NAME)

  return attribute == null ? '' : printable(attribute.value.toString())
}

function describeName (name: asn1.Name): string {
  return [...name].slice(0, 8).flatMap(rdn => [...rdn].slice(0, 2)).map(attribute => {
    return `${SHORT_NAMES[attribute.type] ?? attribute.type}=${printable(attribute.value.toString())}`
  }).join(', ')
}

/**
 * Text that somebody else wrote, made fit for a log line: no control characters, no bidirectional overrides, bounded.
 */
export function printable (text: string, maxLength = MAX_NAME_LENGTH): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is removed here
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '?')

  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean
}
