import { constants, createHash, verify } from 'node:crypto'
import { MAX_CRL_LEAD } from './constants.ts'
import { parseCrl, parseCrlSignature } from './crl-fields.ts'
import { CrlRefusedError, InvalidDerError } from './errors.ts'
import { describeName } from './name.ts'
import { isStrong } from './profile.ts'
import type { Certificate } from './certificate.ts'
import type { CrlFields, CrlSignature } from './crl-fields.ts'

/**
 * A certificate revocation list (RFC 5280 section 5): all certificates that one CA has revoked. Complete lists only: delta and indirect
 * ones, and what has critical parts that are not understood, are refused.
 */
export class Crl {
  readonly der: Uint8Array

  /**
   * SHA-256 of it, lower-case hex.
   */
  readonly hash: string
  readonly fields: CrlFields
  readonly #signature: CrlSignature

  /**
   * @param der - one DER encoded CRL, at most 1 MiB
   * @param issuer - the CA that must have signed it. Where it is given, nothing but the frame of the list is read before the signature is found good
   * @throws CrlRefusedError
   */
  constructor (der: Uint8Array, issuer?: Certificate) {
    this.der = der
    this.#signature = readable(() => parseCrlSignature(der))

    if (issuer != null && !this.isSignedBy(issuer)) {
      throw new CrlRefusedError('bad-signature', `it is not signed by the key of "${issuer.subject}"`)
    }

    if (!isStrong(this.#signature)) {
      throw new CrlRefusedError('signature-algorithm', `its signature algorithm (${this.#signature.algorithmId}) is weak or not known here`)
    }

    this.fields = readable(() => parseCrl(this.#signature))
    this.hash = createHash('sha256').update(der).digest('hex')
  }

  /**
   * Name of its issuer, bounded and without control characters.
   */
  get issuer (): string {
    return describeName(this.fields.issuer)
  }

  /**
   * How many certificates it revokes.
   */
  get size (): number {
    return this.fields.serials.size
  }

  /**
   * What it is called in errors and logs: issuer, number, time.
   */
  get description (): string {
    return `CRL ${this.fields.number == null ? '' : `number ${this.fields.number} `}of "${this.issuer}" (${new Date(this.fields.thisUpdate).toISOString()})`
  }

  /**
   * Whether it may be of this CA: the names are the same, and the key identifiers where both have one. Says nothing about the signature.
   */
  namesIssuer (issuer: Certificate): boolean {
    const { authorityKeyId } = this.fields

    if (this.fields.issuer.key !== issuer.fields.subject.key) {
      return false
    }

    const { subjectKeyId } = issuer.extensions

    return authorityKeyId == null || subjectKeyId == null || Buffer.compare(authorityKeyId, subjectKeyId) === 0
  }

  /**
   * Whether the key of a CA verifies it.
   */
  isSignedBy ({ publicKey }: Certificate): boolean {
    const { signed, signature, algorithmId, algorithmHash } = this.#signature
    const algorithm = ALGORITHMS[algorithmId]
    const hash = algorithm?.hash === undefined ? PSS_HASHES[algorithmHash ?? ''] : algorithm.hash

    // node:crypto goes by the key alone, whatever the list says of its signature
    if (algorithm?.key !== publicKey.asymmetricKeyType || hash === undefined) {
      return false
    }

    try {
      return verify(hash, signed, algorithmId === RSA_PSS ? { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : publicKey, signature)
    } catch {
      return false // a signature that the key cannot have made
    }
  }
}

const RSA_PSS = '1.2.840.113549.1.1.10'

/**
 * By OID: the type of key that makes such signatures, and the hash; null where the algorithm has its own, undefined where its parameters say it.
 */
const ALGORITHMS: Partial<Record<string, { key: string, hash?: string | null }>> = {
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.3.101.112': { key: 'ed25519', hash: null },
  [RSA_PSS]: { key: 'rsa' }
}

/**
 * Hashes by themselves, from the parameters of RSASSA-PSS.
 */
const PSS_HASHES: Partial<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512'
}

/**
 * The CRLs in a file: one in DER, or any number in PEM.
 *
 * @throws CrlRefusedError if there is none, or one of them cannot be read
 */
export function crlsFromFile (bytes: Uint8Array): Crl[] {
  const text = Buffer.from(bytes).toString('latin1')
  const blocks = text.match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g) ?? []

  if (blocks.length === 0 && bytes[0] !== 0x30) {
    throw new CrlRefusedError('malformed', 'it holds no CRL, neither in PEM (BEGIN X509 CRL) nor in DER: is it the right file?')
  }

  // one that is cut off would be missed: what it revokes, and that its issuer has one at all
  if (text.split('-----BEGIN X509 CRL-----').length - 1 !== blocks.length) {
    throw new CrlRefusedError('malformed', 'a CRL in it is cut off, or is no base64')
  }

  return blocks.length === 0 ? [new Crl(bytes)] : blocks.map(block => new Crl(Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64')))
}

/**
 * Whether a CA's certificate lets it sign CRLs: RFC 5280 section 4.2.1.3; a CA without keyUsage may do everything.
 */
export function maySignCrls (issuer: Certificate): boolean {
  return issuer.keyUsage?.includes('crlSign') !== false
}

/**
 * Checks a CRL against the CA that is said to have issued it, and the clock.
 *
 * @param now - unix milliseconds
 * @throws CrlRefusedError
 */
export function checkIssuer (crl: Crl, issuer: Certificate, now: number): void {
  if (!crl.namesIssuer(issuer)) {
    throw new CrlRefusedError('other-issuer', `it is of "${crl.issuer}", not of "${issuer.subject}"`)
  }

  if (!maySignCrls(issuer)) {
    throw new CrlRefusedError('key-usage', `the certificate of "${issuer.subject}" does not allow it to sign CRLs`)
  }

  checkTime(crl, now)
}

/**
 * Checks that a CRL is not of the future.
 *
 * @param now - unix milliseconds
 * @throws CrlRefusedError
 */
export function checkTime ({ fields }: Crl, now: number): void {
  if (fields.thisUpdate > now + MAX_CRL_LEAD) {
    throw new CrlRefusedError('future', `it says that it was made at ${new Date(fields.thisUpdate).toISOString()}, and it is ${new Date(now).toISOString()}: check the clocks of its CA and of this node`)
  }
}

function readable <T> (read: () => T): T {
  try {
    return read()
  } catch (err) {
    throw err instanceof InvalidDerError ? new CrlRefusedError('malformed', `it cannot be read: ${err.message}`) : err
  }
}
