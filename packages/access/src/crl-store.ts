import { Crl } from '@fisco-libp2p/identity'
import { Key } from 'interface-datastore'
import { toString } from 'uint8arrays'
import type { HeldCrl, TrustStore } from '@fisco-libp2p/identity'
import type { Logger } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

const PREFIX = '/fisco/crl'

/**
 * What is written for an issuer.
 */
interface StoredCrl {
  /**
   * The newest CRL, DER in base64.
   */
  crl: string

  /**
   * Serial numbers that only earlier ones had.
   */
  earlier: string[]

  /**
   * As in `HeldCrl`; the number in decimal.
   */
  latest: { number?: string, thisUpdate: number }
  subordinate: boolean
}

/**
 * Keeps what is revoked through restarts: a node must not accept again what it has seen revoked, nor take an older CRL for a new one.
 */
export class CrlStore {
  readonly #trust: TrustStore
  readonly #datastore: Datastore
  readonly #log: Logger

  /**
   * Each write waits for the one before.
   */
  #writing: Promise<void> = Promise.resolve()

  constructor (trust: TrustStore, datastore: Datastore, log: Logger) {
    this.#trust = trust
    this.#datastore = datastore
    this.#log = log
  }

  /**
   * Reads what was kept, and keeps what comes from now on.
   */
  async start (): Promise<void> {
    for await (const { key, value } of this.#datastore.query({ prefix: PREFIX })) {
      try {
        this.#trust.restore(readStored(key.name(), JSON.parse(toString(value))))
      } catch (err) {
        this.#log.error('what was kept of CRLs under %s cannot be read and is left out: others have it, or the issuer does - %e', key, err)
      }
    }

    // what was configured and held before this service started
    this.#trust.crls.forEach(held => { this.#write(held) })
    this.#trust.addEventListener('trust:crl', this.#onHeld)
  }

  /**
   * When everything is written.
   */
  async stop (): Promise<void> {
    this.#trust.removeEventListener('trust:crl', this.#onHeld)
    await this.#writing
  }

  readonly #onHeld = ({ detail }: CustomEvent<HeldCrl>): void => {
    this.#write(detail)
  }

  #write ({ issuerKeyHash, crl, serials, latest, subordinate }: HeldCrl): void {
    const stored: StoredCrl = {
      crl: Buffer.from(crl.der).toString('base64'),
      earlier: [...serials].filter(serial => !crl.fields.serials.has(serial)),
      latest: { number: latest.number?.toString(), thisUpdate: latest.thisUpdate },
      subordinate
    }

    this.#writing = this.#writing.then(async () => {
      await this.#datastore.put(new Key(`${PREFIX}/${issuerKeyHash}`), new TextEncoder().encode(JSON.stringify(stored)))
    }).catch(err => {
      this.#log.error('%s could not be kept: after a restart it must be learnt again - %e', crl.description, err)
    })
  }
}

/**
 * @throws Error if it cannot be read
 */
function readStored (issuerKeyHash: string, { crl, earlier, latest, subordinate }: StoredCrl): HeldCrl {
  return {
    issuerKeyHash,
    crl: new Crl(new Uint8Array(Buffer.from(crl, 'base64'))),
    serials: new Set(earlier.map(String)),
    latest: { number: latest.number == null ? undefined : BigInt(latest.number), thisUpdate: Number(latest.thisUpdate) },
    subordinate
  }
}
