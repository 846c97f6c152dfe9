import { createHash, X509Certificate } from 'node:crypto'
import { parseCertificate } from './certificate-fields.ts'
import { serialText } from './der-values.ts'
import { CertificateRefusedError, InvalidDerError } from './errors.ts'
import { readExtensions } from './extensions.ts'
import { commonNameOf, describeName } from './name.ts'
import type { CertificateFields } from './certificate-fields.ts'
import type { KnownExtensions } from './extensions.ts'
import type { KeyObject } from 'node:crypto'

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

  /**
   * Its fields as they stand in the DER.
   */
  readonly fields: CertificateFields
  #known?: KnownExtensions | CertificateRefusedError
  #selfSigned?: boolean
  #keyHash?: string
  readonly #signers = new WeakSet<Certificate>()

  /**
   * @param der - one DER encoded certificate, at most 16 KiB
   * @throws CertificateRefusedError with rule `malformed`, or with rule `explicit-curve`: such keys never reach OpenSSL,
   * which would compute with the parameters that a stranger chose (CVE-2022-0778)
   */
  constructor (der: Uint8Array) {
    this.der = der
    this.fields = readFields(der)

    if (this.fields.keyInfo.type === 'ec' && this.fields.keyInfo.curve == null) {
      throw new CertificateRefusedError('the curve of its key is written out in numbers instead of named', {
        rule: 'explicit-curve', subject: this.subject, serial: this.serial, hint: 'make a new key on a named curve (openssl: -pkeyopt ec_param_enc:named_curve) and have it certified'
      })
    }

    try {
      this.x509 = new X509Certificate(der)
      this.publicKey = this.x509.publicKey
    } catch (err) {
      throw malformed(err.message, this)
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
    return commonNameOf(this.fields.subject)
  }

  /**
   * Common name of the issuer: FISCO BCOS's agency name, for a node's certificate. Empty if there is none.
   */
  get issuerCommonName (): string {
    return commonNameOf(this.fields.issuer)
  }

  /**
   * Serial number in lower-case hex, as OpenSSL prints it: of an even length, with a minus sign if it is negative.
   */
  get serial (): string {
    return serialText(this.fields.serial)
  }

  /**
   * SHA-256 of its SubjectPublicKeyInfo, in lower-case hex: names may repeat, this does not.
   */
  get keyHash (): string {
    this.#keyHash ??= createHash('sha256').update(this.fields.publicKey).digest('hex')

    return this.#keyHash
  }

  /**
   * First moment of its validity, unix milliseconds.
   */
  get notBefore (): number {
    return this.fields.notBefore
  }

  /**
   * Last moment of its validity, unix milliseconds.
   */
  get notAfter (): number {
    return this.fields.notAfter
  }

  /**
   * Whether subject and issuer are the same name.
   */
  get selfIssued (): boolean {
    return this.fields.subject.key === this.fields.issuer.key
  }

  /**
   * Whether it is self-issued and its own key verifies it. Costs one verification, once; check the key's size first.
   */
  get selfSigned (): boolean {
    this.#selfSigned ??= this.selfIssued && this.isSignedBy(this)

    return this.#selfSigned
  }

  /**
   * X.509 version: 1, 2 or 3. FISCO BCOS's root certificates are of version 1.
   */
  get version (): number {
    return this.fields.version
  }

  /**
   * The extensions that a judgement looks into.
   *
   * @throws CertificateRefusedError with rule `malformed` if one of them cannot be read
   */
  get extensions (): KnownExtensions {
    this.#known ??= readKnown(this)

    if (this.#known instanceof CertificateRefusedError) {
      throw this.#known
    }

    return this.#known
  }

  /**
   * basicConstraints (RFC 5280 4.2.1.9), or undefined where the certificate has none.
   */
  get basicConstraints (): { ca: boolean, pathLength?: number } | undefined {
    const constraints = this.extensions.basicConstraints

    return constraints == null ? undefined : { ca: constraints.ca, pathLength: constraints.pathLength }
  }

  /**
   * keyUsage (RFC 5280 4.2.1.3) as the names of its bits, or undefined where the certificate has none.
   */
  get keyUsage (): string[] | undefined {
    return this.extensions.keyUsage
  }

  /**
   * extKeyUsage (RFC 5280 4.2.1.12) as OIDs, or undefined where the certificate has none.
   */
  get extendedKeyUsage (): string[] | undefined {
    return this.extensions.extendedKeyUsage
  }

  /**
   * Whether `issuer` has the name that this certificate names as its issuer. Says nothing about the signature.
   */
  namesIssuer (issuer: Certificate): boolean {
    return this.fields.issuer.key === issuer.fields.subject.key
  }

  /**
   * Whether the key of `issuer` verifies this certificate's signature. Check that key's type and size first. A signature that was found good
   * is not verified again.
   */
  isSignedBy (issuer: Certificate): boolean {
    if (this.#signers.has(issuer)) {
      return true
    }

    try {
      const isSigned = this.x509.verify(issuer.publicKey)

      if (isSigned) {
        this.#signers.add(issuer)
      }

      return isSigned
    } catch {
      return false // a key of another type than the signature
    }
  }

  /**
   * Whether both are the same bytes.
   */
  equals (other: Certificate): boolean {
    return Buffer.compare(this.der, other.der) === 0
  }
}

/**
 * The certificates in a PEM file, in its order.
 *
 * @throws CertificateRefusedError with rule `malformed` or `explicit-curve` if a block is no certificate. A text without any block gives an empty list
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

function readFields (der: Uint8Array): CertificateFields {
  try {
    return parseCertificate(der)
  } catch (err) {
    throw err instanceof InvalidDerError ? malformed(err.message) : err
  }
}

function readKnown (certificate: Certificate): KnownExtensions | CertificateRefusedError {
  try {
    return readExtensions(certificate.fields.extensions ?? [])
  } catch (err) {
    return malformed(err.message, certificate)
  }
}

function malformed (why: string, of: { subject: string, serial: string } = { subject: '', serial: '' }): CertificateRefusedError {
  return new CertificateRefusedError(`it cannot be read: ${why}`, {
    rule: 'malformed', subject: of.subject, serial: of.serial, hint: 'it must be one DER encoded X.509 certificate; have it issued again'
  })
}
