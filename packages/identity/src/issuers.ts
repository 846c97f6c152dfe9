import { MAX_ISSUER_CERTIFICATES, MAX_ISSUERS, MAX_SUBORDINATE_ISSUERS } from './constants.ts'
import type { Certificate } from './certificate.ts'

/**
 * Remembers CAs below the trusted ones that were seen in accepted paths, by the hashes of their keys; one key may have several certificates, since anybody who may
 * certify CAs can certify it, too. Those that a trusted CA has certified itself are kept apart from those further below: an agency that may make any number of CAs
 * must not make other agencies be forgotten.
 */
export class Issuers {
  readonly #agencies = new Map<string, Certificate[]>()
  readonly #subordinates = new Map<string, Certificate[]>()

  /**
   * The certificates that are remembered of a key.
   */
  of (keyHash: string): readonly Certificate[] {
    return this.#agencies.get(keyHash) ?? this.#subordinates.get(keyHash) ?? []
  }

  /**
   * Whether a key is that of a CA which no trusted CA has certified itself.
   */
  isSubordinate (keyHash: string): boolean {
    return this.#subordinates.has(keyHash) && !this.#agencies.has(keyHash)
  }

  /**
   * All certificates.
   */
  all (): Certificate[] {
    return [...this.#agencies.values(), ...this.#subordinates.values()].flat()
  }

  /**
   * Remembers a CA; those that were seen least recently are forgotten.
   *
   * @param subordinate - whether another CA than a trusted one has certified it
   * @returns whether it was not known
   */
  meet (issuer: Certificate, subordinate: boolean): boolean {
    const [issuers, max] = subordinate ? [this.#subordinates, MAX_SUBORDINATE_ISSUERS] : [this.#agencies, MAX_ISSUERS]
    const known = issuers.get(issuer.keyHash) ?? []
    const isKnown = known.some(certificate => certificate.equals(issuer))

    issuers.delete(issuer.keyHash)
    issuers.set(issuer.keyHash, isKnown || known.length >= MAX_ISSUER_CERTIFICATES ? known : [...known, issuer])

    for (const keyHash of issuers.keys()) {
      if (issuers.size <= max) {
        break
      }

      issuers.delete(keyHash)
    }

    return !isKnown
  }
}
