import { AGE_INTERVALS, NEIGHBOURS_DELAY, NEIGHBOURS_ENTRY, PUSH_INTERVAL } from './constants.ts'
import { equalEntries } from './entries.ts'
import { InvalidEntryError } from './errors.ts'
import { Exchange } from './exchange.ts'
import { Fetcher } from './fetch.ts'
import { neighboursEntry, reachable } from './neighbourhood.ts'
import { Outbox } from './outbox.ts'
import { OwnStatus } from './own.ts'
import { AnnouncePace, pickNeighbours } from './schedule.ts'
import { Standings } from './standing.ts'
import { StatusTable } from './table.ts'
import type { RecordRefusal } from './errors.ts'
import type { StatusGone } from './index.ts'
import type { StatusMessage } from './message.ts'
import type { Notary } from './notary.ts'
import type { SealedRecord, StatusRecord } from './record.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Whom a {@link StatusEngine} tells what has happened.
 */
export interface EngineObserver {
  /**
   * A record was taken from a neighbour.
   */
  taken (sealed: SealedRecord): void

  /**
   * What a node says is new.
   */
  changed (record: StatusRecord, previous: StatusRecord | undefined, local: boolean): void
  gone (sealed: SealedRecord, reason: StatusGone['reason']): void
  equivocated (kept: SealedRecord, other: SealedRecord): void

  /**
   * Somebody has a record of this node that is newer than its own.
   */
  superseded (sealed: SealedRecord): void
  refused (rule: RecordRefusal, nodeId: NodeId | undefined, message: string): void
}

/**
 * What a {@link StatusEngine} works with.
 */
export interface EngineInit {
  notary: Notary
  observer: EngineObserver

  /**
   * Milliseconds.
   */
  interval: number

  /**
   * Milliseconds.
   */
  maxAge: number
  maxNodes: number

  /**
   * 0 up to 1.
   */
  random (): number
}

/**
 * All rules of the protocol without I/O: the time is an argument, messages are taken from outboxes and handed in, and `nextAt` says when
 * {@link StatusEngine.advance} is to be called. A node with streams and timers runs it, and so do simulations.
 */
export class StatusEngine {
  readonly table: StatusTable
  private readonly init: EngineInit
  private readonly self: NodeId
  private readonly own: OwnStatus
  private readonly fetcher: Fetcher
  private readonly exchange: Exchange
  private readonly outboxes = new Map<NodeId, Outbox>()
  private readonly standings = new Standings()
  private busy = new Set<Outbox>()
  private readonly pace: AnnouncePace
  private running = false
  private publishedAt = -Infinity
  private publishAt = Infinity
  private neighboursAt = Infinity
  private housekeepingAt = Infinity
  private ageAt = Infinity
  private witnessAt = -Infinity

  constructor (init: EngineInit) {
    const { notary, observer, interval, maxAge, maxNodes, random } = init

    this.init = init
    this.self = notary.nodeId
    this.own = new OwnStatus(notary)
    this.table = new StatusTable({ maxAge, maxNodes })
    this.fetcher = new Fetcher(maxNodes)
    this.pace = new AnnouncePace(interval, random)
    this.exchange = new Exchange({
      notary,
      maxAge,
      table: this.table,
      fetcher: this.fetcher,
      outboxes: () => this.outboxes.values(),
      onTaken: (sealed, previous, now) => { this.onTaken(sealed, previous, now) },
      onEquivocation: (kept, other) => { observer.equivocated(kept, other) },
      onSuperseded: sealed => { observer.superseded(sealed) },
      onRefused: (rule, nodeId, message) => { observer.refused(rule, nodeId, message) }
    })
  }

  /**
   * When there is something to do next; infinity while nothing is.
   */
  get nextAt (): number {
    return this.running ? Math.min(this.publishAt, this.neighboursAt, this.housekeepingAt, this.ageAt, this.pace.due) : Infinity
  }

  /**
   * This node's record as others will see it.
   */
  get record (): StatusRecord {
    return this.own.record
  }

  /**
   * Begins to speak, in an incarnation; begins anew, in another one, if it speaks already.
   */
  begin (incarnation: number, now: number): void {
    const previous = this.running ? this.own.record : undefined

    this.running = true
    this.housekeepingAt = Math.min(this.housekeepingAt, now + this.init.interval)
    this.ageAt = Math.min(this.ageAt, now + AGE_INTERVALS * this.init.interval)
    this.own.begin(incarnation)
    this.publish(now)
    this.init.observer.changed(this.own.record, previous, true)
  }

  /**
   * Forgets everything but the own entries.
   */
  end (): void {
    this.running = false
    this.publishAt = this.neighboursAt = this.housekeepingAt = this.ageAt = Infinity
    this.table.clear()
    this.fetcher.clear()
  }

  /**
   * @throws InvalidEntryError
   */
  set (name: string, value: Uint8Array, now: number): void {
    const previous = this.own.record

    if (this.own.set(name, value)) {
      this.onOwnChange(previous, now)
    }
  }

  /**
   * Sets an entry of the stack's own. Where applications have left no room for it there is none, rather than an old one.
   */
  tell (name: string, value: Uint8Array, now: number): void {
    try {
      this.set(name, value, now)
    } catch (err) {
      if (!(err instanceof InvalidEntryError)) {
        throw err
      }

      this.delete(name, now)
    }
  }

  delete (name: string, now: number): void {
    const previous = this.own.record

    if (this.own.delete(name)) {
      this.onOwnChange(previous, now)
    }
  }

  /**
   * A neighbour is connected.
   *
   * @returns what is to be said to it
   */
  join (nodeId: NodeId, now: number): Outbox {
    const outbox = new Outbox(nodeId, this.self, this.table, outbox => { this.busy.add(outbox) }, this.standings.of(nodeId))

    this.outboxes.set(nodeId, outbox)
    this.onNeighbours(now)

    return outbox
  }

  /**
   * A neighbour is no longer connected.
   */
  leave (nodeId: NodeId, now: number): void {
    this.outboxes.delete(nodeId)
    this.table.witness(nodeId, now)
    this.exchange.ask(this.fetcher.left(nodeId, nodeId => this.table.get(nodeId), now))
    this.onNeighbours(now)
  }

  /**
   * Takes a message of a neighbour in.
   *
   * @returns how many signatures had to be verified for it
   * @throws MalformedStatusError or ForgedRecordError if no honest neighbour sends such a thing
   */
  receive (from: Outbox, message: StatusMessage, now: number): number {
    return this.exchange.receive(from, message, now)
  }

  /**
   * The neighbours for whom there is more to say since this was called last.
   */
  takeBusy (): Iterable<Outbox> {
    const { busy } = this
    this.busy = new Set()

    return busy
  }

  /**
   * Does what is due. Then there may be more to say.
   */
  advance (now: number): void {
    if (now >= this.neighboursAt) {
      this.neighboursAt = Infinity
      this.tell(NEIGHBOURS_ENTRY, neighboursEntry(this.outboxes.keys()), now)
    }

    if (now >= this.publishAt) {
      this.publish(now)
    }

    if (now >= this.housekeepingAt) {
      this.housekeepingAt = now + this.init.interval
      this.exchange.ask(this.fetcher.expired(nodeId => this.table.get(nodeId), now))
    }

    if (now >= this.ageAt) {
      this.ageAt = now + AGE_INTERVALS * this.init.interval
      this.age(now)
    }

    if (now >= this.pace.due) {
      this.pace.made(now)

      for (const outbox of pickNeighbours([...this.outboxes.values()], now, () => this.init.random())) {
        outbox.comparedAt = now
        outbox.announce()
      }
    }
  }

  /**
   * Trusted certificates have changed: drops the nodes that are no longer trusted.
   */
  judge (): void {
    for (const sealed of this.others()) {
      if (!this.init.notary.trusts(sealed)) {
        this.drop(sealed, 'untrusted', 0)
      }
    }
  }

  /**
   * This node has other certificates: its record travels again, with them.
   */
  renew (now: number): void {
    const previous = this.own.record

    this.own.renumber()
    this.onOwnChange(previous, now)
  }

  private onOwnChange (previous: StatusRecord, now: number): void {
    if (this.running) {
      this.init.observer.changed(this.own.record, previous, true)
      // changes of one turn of the event loop travel together, later ones wait for their time
      this.publishAt = Math.min(this.publishAt, Math.max(now, this.publishedAt + PUSH_INTERVAL))
    }
  }

  private onNeighbours (now: number): void {
    this.neighboursAt = Math.min(this.neighboursAt, now + NEIGHBOURS_DELAY * this.init.interval)
  }

  /**
   * Signs the own record and hands it out.
   */
  private publish (now: number): void {
    const sealed = this.own.seal()

    this.publishAt = Infinity
    this.publishedAt = now
    this.table.take(sealed, 0, now)
    this.exchange.spread(sealed)
    this.pace.news(now)
  }

  private onTaken (sealed: SealedRecord, previous: SealedRecord | undefined, now: number): void {
    const { observer } = this.init

    this.pace.news(now)
    observer.taken(sealed)

    if (previous == null || previous.incarnation !== sealed.incarnation || previous.record.chain !== sealed.record.chain || !equalEntries(previous.record.entries, sealed.record.entries)) {
      observer.changed(sealed.record, previous?.record, false)
    }
  }

  private age (now: number): void {
    const { maxAge, notary } = this.init

    this.table.witness(this.self, now)

    // well before anybody is dropped, and rarely: whoever is connected, directly or by others, is in the network
    if (now >= this.witnessAt && this.table.aged(maxAge / 4, now).length > 0) {
      this.witnessAt = now + maxAge / 60
      reachable(this.others().map(({ record }) => record), new Set(this.outboxes.keys())).forEach(nodeId => { this.table.witness(nodeId, now) })
    }

    this.table.aged(maxAge, now).forEach(sealed => { this.drop(sealed, 'aged', now) })
    this.table.expired(notary.now()).forEach(sealed => { this.drop(sealed, 'expired', now) })
  }

  private others (): SealedRecord[] {
    return this.table.records().filter(({ nodeId }) => nodeId !== this.self)
  }

  private drop (sealed: SealedRecord, reason: StatusGone['reason'], now: number): void {
    if (sealed.nodeId === this.self) {
      return
    }

    if (reason === 'aged') {
      this.table.bury(sealed.nodeId, now)
    } else {
      this.table.remove(sealed.nodeId)
    }

    this.outboxes.forEach(outbox => { outbox.forget(sealed.nodeId) })
    this.init.observer.gone(sealed, reason)
  }
}
