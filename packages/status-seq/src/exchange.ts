import { MAX_INCARNATION_LEAD } from '@fisco-libp2p/identity'
import { CHAIN_COST, HASH_BYTES, RECORDS_PER_COMPARISON } from './constants.ts'
import { RecordRefusedError } from './errors.ts'
import { compareVersions, equivocates } from './merge.ts'
import { namesNeighbour } from './neighbourhood.ts'
import { digestOf, EVERYTHING, rangesOf } from './ranges.ts'
import { decodeRecord, hashOf } from './record.ts'
import { ageOnArrival } from './table.ts'
import type { RecordRefusal } from './errors.ts'
import type { Fetcher, Question } from './fetch.ts'
import type { NodeVersion } from './merge.ts'
import type { Announce, Compare, List, StatusMessage, TravellingRecord } from './message.ts'
import type { Notary } from './notary.ts'
import type { Outbox } from './outbox.ts'
import type { Range } from './ranges.ts'
import type { RecordFields, SealedRecord } from './record.ts'
import type { StatusTable } from './table.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * An announcement names no hash; its numbers tell whether it is newer.
 */
const UNKNOWN_HASH = 'f'.repeat(2 * HASH_BYTES)

/**
 * What an {@link Exchange} works on, and whom it tells.
 */
export interface ExchangeInit {
  notary: Notary
  table: StatusTable
  fetcher: Fetcher
  maxAge: number

  /**
   * One for each neighbour.
   */
  outboxes(): Iterable<Outbox>

  onTaken(sealed: SealedRecord, previous: SealedRecord | undefined, now: number): void
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
    this.self = init.notary.nodeId
  }

  /**
   * Takes a message in.
   *
   * @param from - the neighbour that sent it
   * @returns how many signatures had to be verified for it; a chain that was judged for nothing counts as {@link CHAIN_COST} of them
   * @throws MalformedStatusError or ForgedRecordError if no honest neighbour sends such a thing
   */
  receive (from: Outbox, message: StatusMessage, now: number): number {
    const verified = (message.records ?? []).reduce((sum, record) => sum + this.onRecord(from, record, now), 0)

    if (message.announce != null) {
      this.onAnnounce(from, message.announce, now)
    }

    // what comes after one that is too many is too much as well
    message.lists?.every(list => this.onList(from, list, now))
    message.compares?.every(compare => this.onCompare(from, compare, now))
    from.answer(message.request ?? [], now)

    return verified
  }

  /**
   * Has every neighbour that needs it get the newest record of a node. The owner has it, and has sent it to those that it names as its neighbours.
   */
  spread (sealed: SealedRecord): void {
    for (const outbox of this.init.outboxes()) {
      if (sealed.nodeId === this.self || (outbox.nodeId !== sealed.nodeId && !namesNeighbour(sealed.record, outbox.nodeId))) {
        outbox.push(sealed)
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

  private onAnnounce (from: Outbox, { incarnation, seq, digest }: Announce, now: number): void {
    const held = this.init.table.get(from.nodeId)
    const hash = held?.incarnation === incarnation && held.seq === seq ? held.hash : UNKNOWN_HASH
    const asked = this.compare(from, { nodeId: from.nodeId, incarnation, seq, hash }, now)
    const ours = this.init.table.digest()

    if (ours === digest) {
      from.agrees(now)
    } else if (!asked && from.repairs.due(ours, digest, now)) {
      // what was asked for may be all that differs: the next announcement tells
      from.compare(EVERYTHING)
    }
  }

  /**
   * @returns whether it was looked at
   */
  private onCompare (from: Outbox, compare: Compare, now: number): boolean {
    const ranges = rangesOf(compare)

    if (!from.mayCompare(this.costOf(ranges), now)) {
      return false
    }

    for (const [i, range] of ranges.entries()) {
      if (digestOf(this.init.table.records(range)) !== compare.parts[i].digest) {
        from.compare(range)
      }
    }

    return true
  }

  /**
   * A range costs what lies in it: neighbours that compare everything need that once, and then only parts of it.
   */
  private costOf (ranges: readonly Range[]): number {
    return ranges.reduce((sum, range) => sum + 1 + this.init.table.count(range) / RECORDS_PER_COMPARISON, 0)
  }

  /**
   * @returns whether it was looked at
   */
  private onList (from: Outbox, list: List, now: number): boolean {
    if (!from.mayCompare(this.costOf([list]), now)) {
      return false
    }

    const named = new Set(list.numbers.map(number => number.nodeId))

    for (const number of list.numbers) {
      this.compare(from, number, now)
    }

    for (const { nodeId } of this.init.table.records(list)) {
      if (nodeId !== from.nodeId && !named.has(nodeId)) {
        from.lacks(nodeId, now)
      }
    }

    return true
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
    const useless = number.incarnation > this.init.notary.now() + MAX_INCARNATION_LEAD || this.init.table.isBuried(number, now)
    const ask = order > 0 && !useless && this.init.fetcher.told(number, from.nodeId, now)

    if (ask) {
      from.ask(number.nodeId)
    }

    return ask
  }

  /**
   * @returns what it cost, in signatures
   */
  private onRecord (from: Outbox, travelling: TravellingRecord, now: number): number {
    let nodeId: NodeId | undefined

    try {
      const fields = decodeRecord(travelling.bytes)
      const version = { nodeId: fields.nodeId, incarnation: fields.incarnation, seq: fields.seq, hash: hashOf(travelling.bytes) }
      nodeId = fields.nodeId

      if (this.isNews(version, now) && this.hasChain(travelling, version)) {
        return this.take(from, fields, version, travelling, now)
      }

      this.compare(from, version, now)

      return 0
    } catch (err) {
      if (!(err instanceof RecordRefusedError)) {
        throw err
      }

      this.init.onRefused(err.rule, nodeId, err.message)

      return err.rule === 'untrusted' ? CHAIN_COST : 1
    }
  }

  /**
   * What is known, or older than that, is not worth a verification; two records with the same numbers are.
   */
  private isNews (version: NodeVersion, now: number): boolean {
    const held = this.init.table.get(version.nodeId)

    return held == null ? !this.init.table.isBuried(version, now) : compareVersions(version, held) > 0 || equivocates(version, held)
  }

  /**
   * A neighbour that thinks that this node has seen the chain, and is wrong, is asked: answers carry it.
   */
  private hasChain ({ chain }: TravellingRecord, { nodeId }: NodeVersion): boolean {
    return chain.length > 0 || this.init.table.get(nodeId) != null
  }

  /**
   * @returns what it cost, in signatures: a chain is judged once for each node, as a rule
   */
  private take (from: Outbox, fields: RecordFields, version: NodeVersion, travelling: TravellingRecord, now: number): number {
    const { notary, table, maxAge } = this.init
    const held = table.get(fields.nodeId)
    const signed = travelling.chain.length === 0 && held != null ? { ...travelling, chain: held.chain } : travelling
    const sealed = notary.open(fields, signed, held)

    const cost = held?.chain === sealed.chain ? 1 : CHAIN_COST

    if (fields.nodeId === this.self) {
      this.onOwn(sealed, held)

      return cost
    }

    const { outcome, previous, equivocation } = table.take(sealed, ageOnArrival(travelling.age, from.nodeId === fields.nodeId, maxAge), now)

    from.learn(version, now)
    from.learnChain(sealed)

    if (equivocation != null) {
      this.init.onEquivocation(outcome === 'taken' ? sealed : held ?? sealed, equivocation)
    }

    if (outcome === 'taken') {
      this.ask(this.init.fetcher.arrived(sealed, now))
      this.spread(sealed)
      this.init.onTaken(sealed, previous, now)
    } else if (outcome === 'aged' || outcome === 'table-full') {
      this.init.onRefused(outcome, fields.nodeId, `The record of node ${fields.nodeId} is not taken: ${outcome}`)
    }

    return outcome === 'taken' && previous == null ? 1 : cost
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
