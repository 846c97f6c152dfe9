import { CRL_EXPIRY_DAYS, EXPIRY_DAYS, EXPIRY_ENTRY, EXPIRY_INTERVAL } from './constants.ts'
import type { StatusEventLike, StatusSeqLike } from './components.ts'
import type { CertificateExpiring, CertificateTerm } from './control.ts'
import type { Certificate, Identity, NodeId } from '@fisco-libp2p/identity'

/**
 * Milliseconds of a day.
 */
const DAY = 24 * 60 * 60 * 1000

/**
 * For how long a node stays in the calendar whose certificate has ended, and how many of them do.
 */
const ENDED_FOR = 30 * DAY
const MAX_ENDED = 1_000

/**
 * What {@link Expiry} is made of.
 */
export interface ExpiryInit {
  identity: Identity
  statusSeq?: StatusSeqLike
  onExpiring (expiring: CertificateExpiring): void
}

/**
 * Tells ahead of time whose certificates end, of this node, of the others, and of CRLs that must not be out of date; each once at 30, 7 and 1 days, and when it has ended.
 */
export class Expiry {
  readonly #init: ExpiryInit

  /**
   * What was told last, of whom.
   */
  readonly #told = new Map<string, { notAfter: number, days: number }>()

  // nodes whose status is not kept any more because their certificates have ended
  readonly #ended = new Map<NodeId, CertificateTerm>()
  #timer?: NodeJS.Timeout

  constructor (init: ExpiryInit) {
    this.#init = init
  }

  start (): void {
    this.#init.identity.addEventListener('identity:renewed', this.#look)
    this.#init.identity.trust.addEventListener('trust:change', this.#look)
    this.#init.statusSeq?.addEventListener('status:change', this.#onStatus)
    this.#init.statusSeq?.addEventListener('status:gone', this.#onGone)
    this.#look()
  }

  stop (): void {
    this.#init.identity.removeEventListener('identity:renewed', this.#look)
    this.#init.identity.trust.removeEventListener('trust:change', this.#look)
    this.#init.statusSeq?.removeEventListener('status:change', this.#onStatus)
    this.#init.statusSeq?.removeEventListener('status:gone', this.#onGone)
    clearTimeout(this.#timer)
    this.#told.clear()
    this.#ended.clear()
  }

  /**
   * When everybody's certificates end, the first ones first: this node's, and those of the others by what they have signed; for some time also those that have ended.
   */
  calendar (): CertificateTerm[] {
    const { trust } = this.#init.identity
    const ended = [...this.#ended.values()].filter(({ notAfter }) => notAfter > trust.now() - ENDED_FOR)

    return [...this.#present(), ...ended].sort((a, b) => a.notAfter - b.notAfter)
  }

  /**
   * This node's, and those of the nodes whose status is kept.
   */
  #present (): CertificateTerm[] {
    const { identity: { nodeId: self }, statusSeq } = this.#init
    const others = (statusSeq?.snapshot() ?? []).filter(({ nodeId }) => nodeId !== self).map(record => this.#term(record.nodeId, record.chain))

    return [this.#own(), ...others]
  }

  #own (): CertificateTerm {
    const { nodeId, chain } = this.#init.identity

    return this.#term(nodeId, chain)
  }

  /**
   * By the chain that came with a node's record, and by the trusted CA above it. What a node says of its end is for those who cannot judge chains.
   */
  #term (nodeId: NodeId, chain: readonly Certificate[]): CertificateTerm {
    const { identity } = this.#init
    const anchors = identity.trust.anchors.filter(anchor => chain[chain.length - 1].namesIssuer(anchor))
    const first = [...chain, ...anchors].reduce((first, certificate) => certificate.notAfter < first.notAfter ? certificate : first)

    return { nodeId, name: chain[0].commonName, agency: chain[0].issuerCommonName, certificate: first.subject, notAfter: first.notAfter, own: nodeId === identity.nodeId }
  }

  readonly #onStatus = ({ detail: { record } }: CustomEvent<StatusEventLike>): void => {
    if (record.nodeId !== this.#init.identity.nodeId) {
      this.#ended.delete(record.nodeId)
      this.#tell(record.nodeId, this.#term(record.nodeId, record.chain))
    }
  }

  readonly #onGone = ({ detail: { nodeId, record, reason } }: CustomEvent<StatusEventLike & { reason: string }>): void => {
    if (reason === 'expired') {
      const term = this.#term(record.nodeId, record.chain)
      this.#tell(nodeId, term)
      this.#ended.set(nodeId, term)
      const [oldest] = this.#ended.keys()

      if (this.#ended.size > MAX_ENDED) {
        this.#ended.delete(oldest)
      }
    }

    this.#told.delete(nodeId)
  }

  readonly #look = (): void => {
    const own = this.#own()

    this.#init.statusSeq?.set(EXPIRY_ENTRY, new TextEncoder().encode(String(own.notAfter)))
    this.#arm(own.notAfter)
    this.#present().sort((a, b) => a.notAfter - b.notAfter).forEach(term => { this.#tell(term.nodeId, term) })

    for (const { crl, name, softFail } of this.#init.identity.trust.configuredCrls) {
      // another one may have come from others
      const held = this.#init.identity.trust.crls.filter(held => held.crl.fields.issuer.key === crl.fields.issuer.key)
      const last = [crl, ...held.map(held => held.crl)].reduce((last, other) => (other.fields.nextUpdate ?? Infinity) > (last.fields.nextUpdate ?? Infinity) ? other : last)
      const { nextUpdate } = last.fields

      if (nextUpdate != null && softFail !== true) {
        this.#tell(`crl ${name} ${crl.issuer}`, { nodeId: own.nodeId, name: own.name, agency: own.agency, certificate: `${name} (${last.description})`, notAfter: nextUpdate, own: true }, CRL_EXPIRY_DAYS)
      }
    }
  }

  /**
   * Looks again after some time, and at the moment at which this node's own certificate ends.
   */
  #arm (notAfter: number): void {
    const left = notAfter + 1 - this.#init.identity.trust.now()

    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#look, left > 0 ? Math.min(left, EXPIRY_INTERVAL) : EXPIRY_INTERVAL)
    this.#timer.unref()
  }

  #tell (key: string, term: CertificateTerm, steps: readonly number[] = EXPIRY_DAYS): void {
    const left = term.notAfter - this.#init.identity.trust.now()
    const days = left < 0 ? 0 : steps.findLast(days => left <= days * DAY)
    const told = this.#told.get(key)

    if (days == null) {
      this.#told.delete(key)
    } else if (told?.notAfter !== term.notAfter || told.days > days) {
      this.#told.set(key, { notAfter: term.notAfter, days })
      this.#init.onExpiring({ ...term, days })
    }
  }
}
