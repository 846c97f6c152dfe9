import { createHash } from 'node:crypto'
import { CrlRefusedError, MAX_CRL_BYTES, supersedes } from '@fisco-libp2p/identity'
import { fromString, toString } from 'uint8arrays'
import { CLOCK_INTERVAL, CRL_QUOTA, CRL_REQUEST, CRL_TIMEOUT, CRLS_ENTRY } from './constants.ts'
import { CrlPlanner } from './crl-planner.ts'
import { InvalidAnswerError } from './errors.ts'
import { nodeIdOf } from './node-id-of.ts'
import { decodeNotices, encodeNotices } from './notices.ts'
import type { DirectLike, StatusEventLike, StatusSeqLike } from './components.ts'
import type { CrlOutcome, CrlQuestion } from './crl-planner.ts'
import type { Notice } from './notices.ts'
import type { CrlPosition, CrlRule, NodeId, TrustStore } from '@fisco-libp2p/identity'
import type { Connection, Libp2pEvents, Logger, TypedEventTarget } from '@libp2p/interface'

/**
 * What {@link CrlExchange} is made of.
 */
export interface CrlExchangeInit {
  trust: TrustStore
  statusSeq: StatusSeqLike
  direct: DirectLike
  events: TypedEventTarget<Libp2pEvents>
  getConnections (): Connection[]
  log: Logger

  /**
   * A question for a CRL has ended.
   */
  onOutcome (outcome: CrlOutcome): void
}

const now = (): number => performance.now()

/**
 * Spreads CRLs from neighbour to neighbour: tells in the status which ones are held, gives them to whoever asks, and fetches those that are news.
 */
export class CrlExchange {
  readonly #init: CrlExchangeInit
  readonly #planner: CrlPlanner
  readonly #notices = new WeakMap<Uint8Array, Notice[]>()
  #stopping = new AbortController()
  readonly #asking = new Set<Promise<void>>()
  #timer?: NodeJS.Timeout

  /**
   * When it looks next at what the neighbours tell.
   */
  #lookAt = Infinity

  constructor (init: CrlExchangeInit) {
    this.#init = init
    this.#planner = new CrlPlanner({
      knows: issuer => init.trust.issuer(issuer) != null,
      latest: issuer => this.#latest(issuer)
    })
  }

  start (): void {
    const { trust, statusSeq, direct, events } = this.#init

    this.#stopping = new AbortController()
    direct.handle(CRL_REQUEST, async hash => this.#answer(hash), { maxMessageSize: MAX_CRL_BYTES, quota: CRL_QUOTA })
    trust.addEventListener('trust:crl', this.#onHeld)
    trust.addEventListener('trust:change', this.#look)
    statusSeq.addEventListener('status:change', this.#onStatus)
    events.addEventListener('peer:connect', this.#look)
    this.#announce()
    this.#look()
  }

  async stop (): Promise<void> {
    const { trust, statusSeq, direct, events } = this.#init

    direct.unhandle(CRL_REQUEST)
    trust.removeEventListener('trust:crl', this.#onHeld)
    trust.removeEventListener('trust:change', this.#look)
    statusSeq.removeEventListener('status:change', this.#onStatus)
    events.removeEventListener('peer:connect', this.#look)
    this.#stopping.abort()
    clearTimeout(this.#timer)
    this.#lookAt = Infinity
    await Promise.all(this.#asking)
  }

  readonly #onHeld = (): void => {
    this.#announce()
  }

  readonly #onStatus = ({ detail: { record, previous } }: CustomEvent<StatusEventLike>): void => {
    // most changes are others; certificates that are new may be those of an issuer that was not known
    if (previous?.chain !== record.chain || !sameBytes(previous.entries.get(CRLS_ENTRY), record.entries.get(CRLS_ENTRY))) {
      this.#look()
    }
  }

  #announce (): void {
    const { trust, statusSeq } = this.#init

    if (trust.crls.length > 0) {
      statusSeq.set(CRLS_ENTRY, encodeNotices(trust.crls))
    }
  }

  /**
   * Looks soon at what the neighbours tell: once for all that happens in a turn of the event loop.
   */
  readonly #look = (): void => {
    this.#lookIn(0)
  }

  #lookIn (delay: number): void {
    // never put off: whoever changes its status all the time would keep this node from looking
    if (this.#stopping.signal.aborted || now() + delay >= this.#lookAt) {
      return
    }

    clearTimeout(this.#timer)
    this.#lookAt = now() + delay
    this.#timer = setTimeout(() => { this.#plan() }, delay)
    this.#timer.unref()
  }

  #plan (): void {
    this.#lookAt = Infinity

    const { questions, nextAt } = this.#planner.plan(this.#told(), now(), this.#init.trust.now())

    for (const question of questions) {
      const asking = this.#ask(question).finally(() => {
        this.#asking.delete(asking)
        this.#look()
      })
      this.#asking.add(asking)
    }

    if (nextAt < Infinity) {
      // not further away than the next look at the clock, which may be set
      this.#lookIn(Math.min(Math.max(1, nextAt - now()), CLOCK_INTERVAL))
    }
  }

  /**
   * What each neighbour tells.
   */
  #told (): Array<{ from: NodeId, notices: Notice[] }> {
    const neighbours = new Map(this.#init.getConnections().filter(({ status }) => status === 'open').map(({ remotePeer }) => [remotePeer.toString(), remotePeer]))

    return [...neighbours.values()].flatMap(peerId => {
      const from = nodeIdOf(peerId)
      const entry = from == null ? undefined : this.#init.statusSeq.get(from)?.entries.get(CRLS_ENTRY)

      return from == null || entry == null ? [] : [{ from, notices: this.#read(entry) }]
    })
  }

  #read (entry: Uint8Array): Notice[] {
    const notices = this.#notices.get(entry) ?? decodeNotices(entry)
    this.#notices.set(entry, notices)

    return notices
  }

  async #ask (question: CrlQuestion): Promise<void> {
    const { from, notice } = question
    const outcome = await this.#fetch(question).catch((err: Error) => {
      this.#init.log('the CRL %s of issuer %s that node %s tells of is not taken - %e', notice.hash, notice.issuer, from, err)

      return err instanceof InvalidAnswerError ? 'lied' as const : 'failed' as const
    })

    this.#planner.ended(question, outcome, now())
    this.#init.onOutcome(outcome)
  }

  async #fetch ({ from, notice }: CrlQuestion): Promise<CrlOutcome> {
    const { trust, direct, log } = this.#init
    const der = await direct.request(from, CRL_REQUEST, fromString(notice.hash, 'hex'), { timeout: CRL_TIMEOUT, signal: this.#stopping.signal })

    if (der.byteLength !== notice.size || createHash('sha256').update(der).digest('hex') !== notice.hash) {
      throw new InvalidAnswerError(`the answer has ${der.byteLength} bytes, and is not the CRL that was asked for`)
    }

    try {
      // a copy: the answer may be a view of a larger piece of memory
      const crl = trust.learn(new Uint8Array(der), notice.issuer)
      log('%s came from node %s: it revokes %d certificates', crl.description, from, crl.size)

      // what is said to be newer than it is would be fetched before what is
      return crl.fields.number === notice.number && crl.fields.thisUpdate === notice.thisUpdate ? 'taken' : 'lied'
    } catch (err) {
      if (!(err instanceof CrlRefusedError)) {
        throw err
      }

      log.error('node %s told of a CRL of issuer %s: %s', from, notice.issuer, err.message)

      return outcomeOf(err.rule, supersedes(notice, this.#latest(notice.issuer)))
    }
  }

  #latest (issuer: string): CrlPosition | undefined {
    return this.#init.trust.crls.find(({ issuerKeyHash }) => issuerKeyHash === issuer)?.latest
  }

  async #answer (hash: Uint8Array): Promise<Uint8Array> {
    const wanted = toString(hash.subarray(0, 32), 'hex')
    const found = this.#init.trust.crls.find(({ crl }) => crl.hash === wanted)

    if (found == null) {
      throw new Error('this CRL is not held here, or not any more')
    }

    return found.crl.der
  }
}

function sameBytes (a: Uint8Array = new Uint8Array(), b: Uint8Array = new Uint8Array()): boolean {
  return Buffer.compare(a, b) === 0
}

/**
 * @param news - whether the notice says that it is newer than what is held
 */
function outcomeOf (rule: CrlRule, news: boolean): CrlOutcome {
  switch (rule) {
    case 'future':
      return 'lied' // it would not have been asked for yet
    case 'replayed':
      return news ? 'useless' : 'outdated'
    case 'unknown-issuer':
      return 'failed' // it was forgotten meanwhile, or CRLs of as many issuers as possible are held
    default:
      return 'useless'
  }
}
