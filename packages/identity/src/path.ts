import { MAX_PATH_CERTIFICATES } from './constants.ts'
import { checkAlgorithm, checkProfile } from './profile.ts'
import { refusal } from './refuse.ts'
import type { Certificate } from './certificate.ts'
import type { CertificateRefusedError } from './errors.ts'

/**
 * Limits of a {@link PathSearch}.
 */
export interface PathLimits {
  /**
   * Most CA certificates between leaf and anchor, self-issued ones not counted.
   */
  maxDepth: number

  /**
   * Most issuers that are tried.
   */
  maxSteps: number
}

/**
 * A chain of names and signatures from a leaf to an anchor; nothing else is known of it.
 */
export interface CandidatePath {
  /**
   * The leaf and the certificates above it, without the anchor.
   */
  path: Certificate[]
  anchor: Certificate
}

/**
 * Finds all paths from a leaf to anchors, depth first: whoever does not like one asks for the next. It ends: a CA (name
 * and key) stands in a path once, depth and steps are limited.
 */
export class PathSearch {
  readonly #anchors: ReadonlyMap<string, Certificate[]>
  readonly #pool: ReadonlyMap<string, Certificate[]>
  readonly #limits: PathLimits
  readonly #issuers = new Map<Certificate, { anchors: Certificate[], pool: Certificate[] }>()
  readonly #signatures = new Map<Certificate, Map<Certificate, boolean>>()
  readonly #trusted: readonly Certificate[]
  #steps = 0
  #refusal?: CertificateRefusedError
  #reached = -1

  /**
   * @param pool - untrusted certificates, in any order; those that are not needed do no harm
   */
  constructor (anchors: readonly Certificate[], pool: readonly Certificate[], limits: PathLimits) {
    this.#trusted = anchors
    this.#anchors = bySubject(anchors)
    this.#pool = bySubject(pool.filter(certificate => !this.#anchors.get(certificate.fields.subject.key)?.some(anchor => anchor.equals(certificate))))
    this.#limits = limits
  }

  /**
   * Why the search got no further where it got furthest; undefined before it has ended.
   */
  get refusal (): CertificateRefusedError | undefined {
    return this.#refusal
  }

  /**
   * The paths from a leaf. When the steps are used up there are no more, and the refusal says so.
   */
  * from (leaf: Certificate): Generator<CandidatePath> {
    yield * this.#walk([leaf], 0)
  }

  /**
   * @param depth - how many certificates above the leaf are not self-issued
   */
  * #walk (path: Certificate[], depth: number): Generator<CandidatePath> {
    const { anchors, pool } = this.#issuersOf(path[path.length - 1])

    for (const anchor of anchors) {
      if (!this.#step(path)) {
        return
      }

      if (this.#fits(path, anchor)) {
        yield { path, anchor }
      }
    }

    for (const issuer of pool) {
      if (!this.#step(path)) {
        return
      }

      if (stands(issuer, path) || !this.#fits(path, issuer)) {
        continue
      }

      const deeper = depth + (issuer.selfIssued ? 0 : 1)

      if (deeper > this.#limits.maxDepth || path.length === MAX_PATH_CERTIFICATES) {
        this.#note(path.length, refusal(path[0], 'path-too-deep', `more than ${this.#limits.maxDepth} CAs stand between it and a trusted one`, 'have it issued by a CA that is nearer to the root'))
      } else {
        yield * this.#walk([...path, issuer], deeper)
      }
    }

    // of the reasons for a path of this length the first one stays: this one, if nobody has the issuer's name
    if (path.length > this.#reached) {
      this.#note(path.length, this.#untrusted(path))
    }
  }

  /**
   * Counts an issuer that is looked at; false once there were too many.
   */
  #step (path: Certificate[]): boolean {
    if (this.#steps < this.#limits.maxSteps) {
      this.#steps++

      return true
    }

    this.#note(Infinity, refusal(path[0], 'path-too-complex', `no way to a trusted CA was found after ${this.#limits.maxSteps} steps`, 'show the certificates that lead to the root, and no others'))

    return false
  }

  /**
   * Whether `issuer` signed the last certificate of `path`, with a key and by an algorithm that may be used.
   */
  #fits (path: Certificate[], issuer: Certificate): boolean {
    const last = path[path.length - 1]

    try {
      checkProfile(issuer)
      checkAlgorithm(last)
    } catch (err) {
      this.#note(path.length, err)

      return false
    }

    const signed = this.#signed(last, issuer)

    if (!signed) {
      this.#note(path.length, refusal(last, 'bad-signature', `it is not signed by the key of "${issuer.subject}"`, 'another CA of the same name issued it: compare the ca.crt of both nodes'))
    }

    return signed
  }

  #signed (certificate: Certificate, issuer: Certificate): boolean {
    const known = this.#signatures.get(certificate) ?? new Map<Certificate, boolean>()
    const signed = known.get(issuer) ?? certificate.isSignedBy(issuer)

    this.#signatures.set(certificate, known.set(issuer, signed))

    return signed
  }

  /**
   * The issuers by name, those whose key identifier is the one that is asked for first. The identifier is a hint, no
   * more: RFC 5280 section 4.2.1.2 does not want it verified.
   */
  #issuersOf (certificate: Certificate): { anchors: Certificate[], pool: Certificate[] } {
    const known = this.#issuers.get(certificate)
    const name = certificate.fields.issuer.key
    const issuers = known ?? { anchors: ordered(certificate, this.#anchors.get(name)), pool: ordered(certificate, this.#pool.get(name)) }

    this.#issuers.set(certificate, issuers)

    return issuers
  }

  #untrusted (path: Certificate[]): CertificateRefusedError {
    const last = path[path.length - 1]

    if (path.length === 1 && last.selfSigned) {
      return refusal(last, 'self-signed', 'it is self-signed, and not one of the trusted CAs', 'have the certificate issued by an agency of the consortium')
    }

    const trusted = this.#trusted.map(anchor => anchor.subject).join(' | ')
    const what = last.selfSigned
      ? `it is at the head of the chain, and none of the trusted CAs (${trusted})`
      : `its issuer "${last.issuer}" is neither a trusted CA (${trusted}) nor in the chain that was shown`

    return refusal(last, 'untrusted-issuer', what, 'add the agency\'s certificate to the node\'s node.crt, or the CA to the other side\'s ca.crt')
  }

  #note (reached: number, refusal: CertificateRefusedError): void {
    if (reached > this.#reached) {
      this.#reached = reached
      this.#refusal = refusal
    }
  }
}

/**
 * Whether a CA stands in a path already: as the same certificate, or as another one of the same name and key.
 */
function stands (issuer: Certificate, path: Certificate[]): boolean {
  const { subject, publicKey } = issuer.fields

  return path.some((used, i) => used.equals(issuer) || (i > 0 && used.fields.subject.key === subject.key && Buffer.compare(used.fields.publicKey, publicKey) === 0))
}

function ordered (certificate: Certificate, issuers: Certificate[] = []): Certificate[] {
  const wanted = issuers.length < 2 ? undefined : keyId(certificate, 'authority')

  if (wanted == null) {
    return issuers
  }

  const hinted = (issuer: Certificate): boolean => keyId(issuer, 'subject')?.equals(wanted) === true

  return [...issuers.filter(hinted), ...issuers.filter(issuer => !hinted(issuer))]
}

function keyId (certificate: Certificate, of: 'subject' | 'authority'): Buffer | undefined {
  try {
    const { subjectKeyId, authorityKeyId } = certificate.extensions
    const id = of === 'subject' ? subjectKeyId : authorityKeyId?.keyId

    return id == null ? undefined : Buffer.from(id)
  } catch {
    return undefined // what cannot be read is refused when its turn comes
  }
}

function bySubject (certificates: readonly Certificate[]): Map<string, Certificate[]> {
  return Map.groupBy(certificates, certificate => certificate.fields.subject.key)
}
