import { MAX_INCARNATION_LEAD } from '@fisco-libp2p/identity'
import { RecordRefusedError } from './errors.ts'
import { compareVersions, equivocates } from './merge.ts'
import { inRange } from './message.ts'
import { decodeRecord, hashOf, openRecord } from './record.ts'
import { ageOnArrival } from './table.ts'
import type { RecordRefusal } from './errors.ts'
import type { Fetcher, Question } from './fetch.ts'
import type { NodeVersion } from './merge.ts'
import type { Announce, List, StatusMessage, TravellingRecord } from './message.ts'
import type { Outbox } from './outbox.ts'
import type { RecordFields, SealedRecord } from './record.ts'
import type { StatusTable } from './table.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'

/**
 * What an {@link Exchange} works on, and whom it tells.
 */
export interface ExchangeInit {
  identity: Identity
  table: StatusTable
  fetcher: Fetcher
  maxAge: number

  /**
   * One for each neighbour.
   */
  outboxes(): Iterable<Outbox>

  onTaken(sealed: SealedRecord, previous?: SealedRecord): void
  onEquivocation(kept: SealedRecord, other: SealedRecord): void

  /**
   * Somebody has a record of this node that is newer than its own.
   */
  onSuperseded(sealed: SealedRecord): void
  onRefused(rule: RecordRefusal, nodeId: NodeId | undefined, message: string): void
}

/**
 * What a message from a neighbour does to the table, and what it makes this node say: no I/O, the time is an argument. It is
 * the same code that simulations run.
 */
export class Exchange {
  private readonly init: ExchangeInit
  private readonly self: NodeId

  constructor (init: ExchangeInit) {
    this.init = init
    this.self = init.identity.nodeId
  }

  /**
   * Takes a message in.
   *
   * @param from - the neighbour that sent it
   * @returns how many signatures had to be verified for it
   * @throws MalformedStatusError or ForgedRecordError if no honest neighbour sends such a thing
   */
  receive (from: Outbox, message: StatusMessage, now: number): number {
    const verified = (message.records ?? []).filter(record => this.onRecord(from, record, now)).length

    if (message.announce != null) {
      this.onAnnounce(from, message.announce, now)
    }

    if (message.list != null) {
      this.onList(from, message.list, now)
    }

    from.answer(message.request ?? [], now)

    return verified
  }

  /**
   * Has everybody who needs it get the newest record of a node.
   */
  spread (version: NodeVersion): void {
    for (const outbox of this.init.outboxes()) {
      // the owner has its own record
      if (outbox.nodeId !== version.nodeId) {
        outbox.push(version)
      }
    }
  }

  /**
   * Puts questions to the neighbours that they are for.
   */
  ask (questions: Question[]): void {
    for (const { nodeId, source } of questions) {
      for (const outbox of this.init.outboxes()) {
        if (outbox.nodeId === source) {
          outbox.ask(nodeId)
        }
      }
    }
  }

  private onAnnounce (from: Outbox, { numbers, digest }: Announce, now: number): void {
    const asked = numbers.filter(number => this.compare(from, number, now)).length

    // what was asked for may be all that differs: the next announcement tells
    if (asked === 0 && from.lists.due(this.init.table.digest(), digest, now)) {
      from.list()
    }
  }

  private onList (from: Outbox, list: List, now: number): void {
    const named = new Set(list.numbers.map(number => number.nodeId))

    for (const number of list.numbers) {
      this.compare(from, number, now)
    }

    for (const { nodeId } of this.init.table.versions()) {
      if (nodeId !== from.nodeId && !named.has(nodeId) && inRange(list, nodeId)) {
        from.lacks(nodeId, now)
      }
    }
  }

  /**
   * Compares what a neighbour has of a node with the table: the one who has the newer gives it to the other.
   *
   * @returns whether the neighbour was asked
   */
  private compare (from: Outbox, number: NodeVersion, now: number): boolean {
    const held = this.init.table.get(number.nodeId)
    const order = held == null ? 1 : compareVersions(number, held)

    from.learn(number, now)

    if (held != null && order < 0) {
      from.push(held)
    }

    // a record with such a number would be refused
    const useless = number.incarnation > this.init.identity.trust.now() + MAX_INCARNATION_LEAD || this.init.table.isBuried(number, now)
    const ask = order > 0 && !useless && this.init.fetcher.told(number, from.nodeId, now)

    if (ask) {
      from.ask(number.nodeId)
    }

    return ask
  }

  /**
   * @returns whether its signature had to be verified
   */
  private onRecord (from: Outbox, travelling: TravellingRecord, now: number): boolean {
    let nodeId: NodeId | undefined

    try {
      const fields = decodeRecord(travelling.bytes)
      const version = { nodeId: fields.nodeId, incarnation: fields.incarnation, seq: fields.seq, hash: hashOf(travelling.bytes) }
      nodeId = fields.nodeId

      if (this.isNews(version, now)) {
        this.take(from, fields, version, travelling, now)

        return true
      }

      this.compare(from, version, now)

      return false
    } catch (err) {
      if (!(err instanceof RecordRefusedError)) {
        throw err
      }

      this.init.onRefused(err.rule, nodeId, err.message)

      return true
    }
  }

  /**
   * What is known, or older than that, is not worth a verification; two records with the same numbers are.
   */
  private isNews (version: NodeVersion, now: number): boolean {
    const held = this.init.table.get(version.nodeId)

    return held == null ? !this.init.table.isBuried(version, now) : compareVersions(version, held) > 0 || equivocates(version, held)
  }

  private take (from: Outbox, fields: RecordFields, version: NodeVersion, travelling: TravellingRecord, now: number): void {
    const { identity, table, maxAge } = this.init
    const held = table.get(fields.nodeId)
    const sealed = openRecord(fields, travelling, { trust: identity.trust, networkId: identity.networkId, known: held })

    if (fields.nodeId === this.self) {
      this.onOwn(sealed, held)

      return
    }

    const { outcome, previous, equivocation } = table.take(sealed, ageOnArrival(travelling.age, from.nodeId === fields.nodeId, maxAge), now)

    from.learn(version, now)

    if (equivocation != null) {
      this.init.onEquivocation(outcome === 'taken' ? sealed : held ?? sealed, equivocation)
    }

    if (outcome === 'taken') {
      this.ask(this.init.fetcher.arrived(sealed, now))
      this.spread(sealed)
      this.init.onTaken(sealed, previous)
    } else if (outcome === 'aged' || outcome === 'table-full') {
      this.init.onRefused(outcome, fields.nodeId, `The record of node ${fields.nodeId} is not taken: ${outcome}`)
    }
  }

  /**
   * A record of this node that it did not sign in this life: an earlier one has numbers that are ahead, or somebody else has
   * its key.
   */
  private onOwn (sealed: SealedRecord, held: SealedRecord | undefined): void {
    if (held != null && equivocates(sealed, held)) {
      const [kept, other] = compareVersions(sealed, held) > 0 ? [sealed, held] : [held, sealed]
      this.init.onEquivocation(kept, other)
    }

    if (held == null || compareVersions(sealed, held) > 0) {
      this.init.onSuperseded(sealed)
    }
  }
}
