import { Certificate } from '@fisco-libp2p/identity'
import { toString } from 'uint8arrays'
import { MAX_KNOWN_CERTIFICATES } from './constants.ts'

/**
 * Certificates of peers that were accepted. A peer that comes back shows the same ones, and members share those of their agencies: what was
 * read and whose signature was verified is not read and verified again, which takes a third of a handshake's CPU. Whether a chain is
 * trusted, valid now and not revoked is judged each time.
 */
export class CertificateMemory {
  readonly #known = new Map<string, Certificate>()
  readonly #max: number

  /**
   * @param max - how many are remembered
   */
  constructor (max = MAX_KNOWN_CERTIFICATES) {
    this.#max = max
  }

  get size (): number {
    return this.#known.size
  }

  /**
   * The certificate of a DER, the known one if there is one.
   *
   * @throws CertificateRefusedError if it is none
   */
  read (der: Uint8Array): Certificate {
    // a copy: what comes in is often a view of more
    return this.#known.get(keyOf(der)) ?? new Certificate(der.slice())
  }

  /**
   * Remembers certificates of a chain that was accepted; those that were used least recently are forgotten.
   */
  keep (chain: readonly Certificate[]): void {
    for (const certificate of chain) {
      const key = keyOf(certificate.der)
      this.#known.delete(key)
      this.#known.set(key, certificate)
    }

    for (const key of this.#known.keys()) {
      if (this.#known.size <= this.#max) {
        break
      }

      this.#known.delete(key)
    }
  }
}

/**
 * The bytes themselves: hashing them would take longer, and a hash is not what is compared.
 */
function keyOf (der: Uint8Array): string {
  return toString(der, 'latin1')
}
