import { MAX_ISSUERS, MAX_REVOKED_SERIALS, MAX_SUBORDINATE_ISSUERS } from './constants.ts'
import { latestOf, supersedes } from './crl-position.ts'
import { checkIssuer, maySignCrls } from './crl.ts'
import { CrlRefusedError } from './errors.ts'
import { refusal } from './refuse.ts'
import type { Certificate } from './certificate.ts'
import type { CrlPosition } from './crl-position.ts'
import type { Crl } from './crl.ts'

/**
 * A CRL that the operator configured. From then on certificates of its issuer are accepted only as long as there is one that is
 * not out of date.
 */
export interface CrlSource {
  crl: Crl

  /**
   * What it is called in errors: its file.
   */
  name: string

  /**
   * Accept certificates of its issuer also when it is out of date, or not signed by the issuer's key? What it revokes is revoked all the same.
   *
   * @default false
   */
  softFail?: boolean
}

/**
 * One certificate that is not accepted, whatever CRLs say.
 */
export interface SerialDenial {
  /**
   * SHA-256 of the issuer's SubjectPublicKeyInfo, lower-case hex.
   */
  issuerKeyHash: string

  /**
   * Serial number, as `Certificate.serial` has it.
   */
  serial: string
}

/**
 * The newest CRL of an issuer.
 */
export interface HeldCrl {
  /**
   * SHA-256 of the issuer's SubjectPublicKeyInfo, lower-case hex.
   */
  issuerKeyHash: string
  crl: Crl

  /**
   * The highest number and the latest time that any CRL of this issuer had which was held.
   */
  latest: CrlPosition

  /**
   * Whether the issuer is neither a trusted CA nor one that a trusted CA has certified itself.
   */
  subordinate: boolean

  /**
   * Everything that this issuer has ever revoked, as far as it is known: what is revoked stays so.
   */
  serials: ReadonlySet<string>
}

interface IssuerState extends HeldCrl {
  serials: Set<string>
}

/**
 * What is revoked, by the key of the issuer: names may repeat. CRLs that were configured and CRLs that were learnt add to one memory,
 * which never shrinks; only the configured ones can make a certificate unacceptable by being out of date.
 */
export class Revocations {
  #sources: readonly CrlSource[] = []
  #denied = new Set<string>()
  readonly #issuers = new Map<string, IssuerState>()
  readonly #signed = new WeakMap<Crl, Map<string, boolean>>()

  get held (): readonly HeldCrl[] {
    return [...this.#issuers.values()]
  }

  get sources (): readonly CrlSource[] {
    return this.#sources
  }

  /**
   * Replaces what is configured.
   */
  configure (sources: readonly CrlSource[], denied: readonly SerialDenial[]): void {
    this.#sources = sources
    this.#denied = new Set(denied.map(denial => keyOf(denial.issuerKeyHash, denial.serial)))
  }

  /**
   * Takes up the configured CRLs of an issuer that is trusted.
   *
   * @param subordinate - see {@link HeldCrl}
   * @returns those that were not held before
   */
  meet (issuer: Certificate, subordinate: boolean): HeldCrl[] {
    return this.#of(issuer).flatMap(({ crl }) => {
      const known = this.#issuers.get(issuer.keyHash)
      const isNews = supersedes(crl.fields, known?.latest) || revokesMore(crl, known)

      return isNews && this.#usable(crl, issuer) ? [this.#absorb(issuer.keyHash, crl, subordinate)] : []
    })
  }

  /**
   * Takes a CRL that came from elsewhere.
   *
   * @param subordinate - see {@link HeldCrl}
   * @param now - unix milliseconds
   * @returns whether it revokes anything that was not revoked before
   * @throws CrlRefusedError if it is not of this issuer, of the future, or not newer than those that were held
   */
  learn (crl: Crl, issuer: Certificate, subordinate: boolean, now: number): boolean {
    checkIssuer(crl, issuer, now)
    const known = this.#issuers.get(issuer.keyHash)

    if (!supersedes(crl.fields, known?.latest)) {
      throw new CrlRefusedError('replayed', `${crl.description} is not newer than the ${known?.crl.description} that is held, and all before it`)
    }

    const [count, max] = [this.held.filter(held => held.subordinate === subordinate).length, subordinate ? MAX_SUBORDINATE_ISSUERS : MAX_ISSUERS]

    if (known == null && count >= max) {
      throw new CrlRefusedError('unknown-issuer', `CRLs of ${max} ${subordinate ? 'CAs below agencies' : 'issuers'} are held already: configure the one of "${crl.issuer}"`)
    }

    // not by their number, which stays the same where old ones are forgotten
    const revokes = revokesMore(crl, known)
    this.#absorb(issuer.keyHash, crl, subordinate)

    return revokes
  }

  /**
   * Puts back what was held before a restart. It is not verified again.
   */
  restore ({ issuerKeyHash, crl, serials, latest, subordinate }: HeldCrl): void {
    const known = this.#issuers.get(issuerKeyHash)

    this.#issuers.set(issuerKeyHash, {
      issuerKeyHash,
      crl: known == null || supersedes(crl.fields, known.latest) ? crl : known.crl,
      latest: latestOf(latestOf(latest, crl.fields), known?.latest),
      subordinate: known?.subordinate ?? subordinate,
      serials: new Set([...serials, ...crl.fields.serials, ...known?.serials ?? []].slice(-MAX_REVOKED_SERIALS))
    })
  }

  /**
   * Judges the certificates of a path, each under its issuer.
   *
   * @param path - the leaf first
   * @param anchor - the issuer of the last one
   * @param now - unix milliseconds
   * @returns until when that holds if nothing else is revoked: the first nextUpdate of a CRL that must not be out of date; unix milliseconds, or Infinity
   * @throws CertificateRefusedError
   */
  judge (path: readonly Certificate[], anchor: Certificate, now: number): number {
    return Math.min(...path.map((certificate, i) => this.#judge(certificate, path[i + 1] ?? anchor, now)))
  }

  #judge (certificate: Certificate, issuer: Certificate, now: number): number {
    const { serial } = certificate
    const { keyHash } = issuer
    const state = this.#issuers.get(keyHash)

    if (this.#denied.has(keyOf(keyHash, serial))) {
      throw refusal(certificate, 'revoked', `its serial number is on the deny list of this node (serial ${keyHash}:${serial})`, 'remove it from there to accept it')
    }

    if (state?.serials.has(serial) === true) {
      throw refusal(certificate, 'revoked', `its issuer "${issuer.subject}" has revoked it`, 'have a new certificate issued, for a new key if the old one was stolen')
    }

    const sources = this.#of(issuer)
    const usable = sources.filter(({ crl }) => this.#usable(crl, issuer))

    // beside one that can be used, another one is of a CA of the same name
    return (usable.length > 0 ? usable : sources).reduce((until, source) => Math.min(until, judgeFreshness(source, usable.length > 0, certificate, state?.crl ?? source.crl, now)), Infinity)
  }

  #of (issuer: Certificate): readonly CrlSource[] {
    return this.#sources.length === 0 ? this.#sources : this.#sources.filter(({ crl }) => crl.namesIssuer(issuer))
  }

  #usable (crl: Crl, issuer: Certificate): boolean {
    const known = this.#signed.get(crl) ?? new Map<string, boolean>()
    const signed = known.get(issuer.keyHash) ?? crl.isSignedBy(issuer)
    this.#signed.set(crl, known.set(issuer.keyHash, signed))

    // other certificates of the same key may say otherwise
    return signed && maySignCrls(issuer)
  }

  /**
   * The serial numbers of the latest CRL are the last to be forgotten.
   */
  #absorb (issuerKeyHash: string, crl: Crl, subordinate: boolean): IssuerState {
    const known = this.#issuers.get(issuerKeyHash)
    const newest = known == null || supersedes(crl.fields, known.latest) ? crl : known.crl
    const serials = known?.serials ?? new Set<string>()

    for (const serial of crl.fields.serials) {
      serials.delete(serial)
      serials.add(serial)
    }

    for (const serial of serials) {
      if (serials.size <= MAX_REVOKED_SERIALS) {
        break
      }

      serials.delete(serial)
    }

    const state = { issuerKeyHash, crl: newest, latest: latestOf(crl.fields, known?.latest), subordinate: subordinate && known?.subordinate !== false, serials }
    this.#issuers.set(issuerKeyHash, state)

    return state
  }
}

function judgeFreshness ({ crl, name, softFail = false }: CrlSource, usable: boolean, certificate: Certificate, newest: Crl, now: number): number {
  if (softFail) {
    return Infinity
  }

  if (!usable) {
    throw refusal(certificate, 'crl-unusable', `${name} (${crl.description}) is not signed by the key of its issuer "${certificate.issuer}", so it cannot be known whether it is revoked`, 'get the right CRL from the issuer, or accept them without it: crl_soft_fail.N=true in config.ini, with the number of this CRL (softFail in a program)')
  }

  // another one may have come from others: it can only prolong what the operator has said
  const nextUpdate = Math.max(crl.fields.nextUpdate ?? Infinity, newest.fields.nextUpdate ?? Infinity)

  if (now > nextUpdate) {
    throw refusal(certificate, 'crl-expired', `${name} (${crl.description}) ended at ${new Date(nextUpdate).toISOString()}, so it cannot be known whether it is revoked`, 'get a new CRL from the issuer, or accept them without it: crl_soft_fail.N=true in config.ini, with the number of this CRL (softFail in a program)')
  }

  return nextUpdate
}

function revokesMore ({ fields }: Crl, known?: HeldCrl): boolean {
  return [...fields.serials].some(serial => known?.serials.has(serial) !== true)
}

function keyOf (issuerKeyHash: string, serial: string): string {
  return `${issuerKeyHash}:${serial}`
}
