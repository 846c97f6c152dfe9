import { incarnationOf } from '@fisco-libp2p/identity'
import { serviceCapabilities } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { CLONE_WINDOW, PUSH_INTERVAL, REFRESHES_PER_AGE, SUPERSEDE_INTERVAL } from './constants.ts'
import { equalEntries } from './entries.ts'
import { Exchange } from './exchange.ts'
import { Fetcher } from './fetch.ts'
import { registerMetrics } from './metrics.ts'
import { Neighbour } from './neighbour.ts'
import { Neighbours } from './neighbours.ts'
import { Outbox } from './outbox.ts'
import { OwnStatus } from './own.ts'
import { jittered, pickNeighbours } from './schedule.ts'
import { readSettings } from './settings.ts'
import { StatusTable } from './table.ts'
import type { StatusChange, StatusEquivocation, StatusGone, StatusSeqComponents, StatusSeqEvents, StatusSeqInit, StatusSeq as StatusSeqInterface, StatusSelfSuperseded } from './index.ts'
import type { StatusMetrics } from './metrics.ts'
import type { SealedRecord, StatusRecord } from './record.ts'
import type { Settings } from './settings.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Logger, Startable } from '@libp2p/interface'

const now = (): number => performance.now()

/**
 * Ties the parts together: own record, table, exchange with neighbours, timers, events.
 */
export class StatusSeq extends TypedEventEmitter<StatusSeqEvents> implements StatusSeqInterface, Startable {
  readonly [Symbol.toStringTag] = '@fisco-libp2p/status-seq'
  readonly [serviceCapabilities]: string[] = ['@fisco-libp2p/status-seq']

  private readonly components: StatusSeqComponents
  private readonly settings: Settings
  private readonly log: Logger
  private readonly metrics: StatusMetrics
  private readonly own: OwnStatus
  private readonly table: StatusTable
  private readonly fetcher: Fetcher
  private readonly neighbours: Neighbours
  private readonly exchange: Exchange
  private running = false
  private publishedAt = -Infinity
  private supersededAt = -Infinity
  private publishTimer?: ReturnType<typeof setTimeout>
  private tickTimer?: ReturnType<typeof setTimeout>

  constructor (components: StatusSeqComponents, init: StatusSeqInit) {
    super()
    this.components = components
    this.settings = readSettings(init, components)
    this.log = components.logger.forComponent('fisco-libp2p:status-seq')

    const { identity, maxAge, maxNodes } = this.settings

    this.own = new OwnStatus(identity)
    this.table = new StatusTable({ maxAge, maxNodes })
    this.fetcher = new Fetcher(maxNodes)
    this.neighbours = new Neighbours(components, {
      log: this.log,
      create: nodeId => this.createNeighbour(nodeId),
      onLeft: nodeId => { this.onLeft(nodeId) }
    })
    this.exchange = new Exchange({
      identity,
      maxAge,
      table: this.table,
      fetcher: this.fetcher,
      outboxes: () => [...this.neighbours].map(neighbour => neighbour.outbox),
      onTaken: (sealed, previous) => { this.onTaken(sealed, previous) },
      onEquivocation: (kept, other) => { this.onEquivocation(kept, other) },
      onSuperseded: sealed => {
        this.onSuperseded(sealed).catch(err => { this.log.error('could not raise the incarnation - %e', err) })
      },
      onRefused: (rule, nodeId, message) => {
        this.metrics.refused(rule)
        this.log('%s', message)
      }
    })
    this.metrics = registerMetrics(components.metrics, () => this.table.size, () => this.neighbours.size)
  }

  async start (): Promise<void> {
    if (this.running) {
      return
    }

    this.running = true
    const incarnation = await incarnationOf(this.components).get()

    if (!this.running) {
      return
    }

    this.own.begin(incarnation)
    this.publish()
    this.changed(this.own.record, undefined, true)
    this.settings.identity.trust.addEventListener('trust:change', this.onTrust)
    this.scheduleTick()
    await this.neighbours.start()
  }

  async stop (): Promise<void> {
    if (!this.running) {
      return
    }

    this.running = false
    clearTimeout(this.publishTimer)
    clearTimeout(this.tickTimer)
    this.publishTimer = undefined
    this.settings.identity.trust.removeEventListener('trust:change', this.onTrust)
    await this.neighbours.stop()
    this.table.clear()
    this.fetcher.clear()
  }

  set (name: string, value: Uint8Array): void {
    const previous = this.own.record

    if (this.own.set(name, value)) {
      this.onOwnChange(previous)
    }
  }

  delete (name: string): void {
    const previous = this.own.record

    if (this.own.delete(name)) {
      this.onOwnChange(previous)
    }
  }

  get (nodeId: NodeId): StatusRecord | undefined {
    const sealed = this.table.get(nodeId)

    return sealed != null && nodeId === this.settings.identity.nodeId ? this.own.record : sealed?.record
  }

  snapshot (): StatusRecord[] {
    return this.table.records().map(({ nodeId, record }) => this.get(nodeId) ?? record)
  }

  [Symbol.iterator] (): Iterator<StatusRecord> {
    return this.snapshot().values()
  }

  private onOwnChange (previous: StatusRecord): void {
    if (this.table.size === 0) {
      return
    }

    this.changed(this.own.record, previous, true)

    // changes of one turn of the event loop travel together, later ones wait for their time
    this.publishTimer ??= setTimeout(() => {
      this.publishTimer = undefined
      this.publish()
    }, Math.max(0, Math.ceil(this.publishedAt + PUSH_INTERVAL - now())))
  }

  /**
   * Signs the own record and hands it out.
   */
  private publish (): void {
    const sealed = this.own.seal()

    this.publishedAt = now()
    this.table.take(sealed, 0, this.publishedAt)
    this.exchange.spread(sealed)
    this.flush()
  }

  private flush (): void {
    for (const neighbour of this.neighbours) {
      neighbour.flush()
    }
  }

  private scheduleTick (): void {
    this.tickTimer = setTimeout(() => {
      this.scheduleTick()
      this.tick()
    }, jittered(this.settings.interval, Math.random))
  }

  private tick (): void {
    const time = now()

    this.age(time)

    if (time - this.publishedAt >= this.settings.maxAge / REFRESHES_PER_AGE) {
      this.own.refresh()
      this.publish()
    }

    for (const outbox of pickNeighbours([...this.neighbours].map(neighbour => neighbour.outbox), time, Math.random)) {
      outbox.announcedAt = time
      outbox.announce()
    }

    this.exchange.ask(this.fetcher.expired(nodeId => this.table.get(nodeId), time))
    this.flush()
  }

  private age (time: number): void {
    const validAt = this.settings.identity.trust.now()
    const connected = new Set([...this.neighbours].map(neighbour => neighbour.outbox.nodeId))

    for (const { nodeId, validUntil } of this.others()) {
      if (validAt > validUntil) {
        this.drop(nodeId, 'expired')
      } else if (this.table.age(nodeId, time) >= this.settings.maxAge && !connected.has(nodeId)) {
        this.drop(nodeId, 'aged')
      }
    }
  }

  private others (): SealedRecord[] {
    return this.table.records().filter(({ nodeId }) => nodeId !== this.settings.identity.nodeId)
  }

  private drop (nodeId: NodeId, reason: StatusGone['reason']): void {
    const sealed = reason === 'aged' ? this.table.bury(nodeId, now()) : this.table.remove(nodeId)

    for (const { outbox } of this.neighbours) {
      outbox.forget(nodeId)
    }

    if (sealed != null) {
      this.log('the status of node %s is dropped: %s', nodeId, reason)
      this.safeDispatchEvent<StatusGone>('status:gone', { detail: { nodeId, record: sealed.record, reason } })
    }
  }

  private createNeighbour (nodeId: NodeId): Neighbour {
    const outbox = new Outbox(nodeId, this.settings.identity.nodeId, this.table)

    return new Neighbour({
      outbox,
      log: this.log,
      now,
      random: Math.random,
      onSent: message => { this.metrics.sent(message) },
      onMisbehaviour: err => {
        this.metrics.misbehaved()
        this.log.error('stream of node %s was dropped - %e', nodeId, err)
      },
      receive: message => {
        this.metrics.received(message)
        const verified = this.exchange.receive(outbox, message, now())
        this.flush()

        return verified
      }
    })
  }

  private onLeft (nodeId: NodeId): void {
    this.exchange.ask(this.fetcher.left(nodeId, nodeId => this.table.get(nodeId), now()))
    this.flush()
  }

  private onTaken (sealed: SealedRecord, previous?: SealedRecord): void {
    this.metrics.taken()

    if (previous == null || previous.incarnation !== sealed.incarnation || !equalEntries(previous.record.entries, sealed.record.entries)) {
      this.changed(sealed.record, previous?.record, false)
    }
  }

  private changed (record: StatusRecord, previous: StatusRecord | undefined, local: boolean): void {
    this.safeDispatchEvent<StatusChange>('status:change', { detail: { nodeId: record.nodeId, record, previous, local } })
  }

  private onEquivocation (kept: SealedRecord, other: SealedRecord): void {
    this.metrics.equivocated()
    this.log.error('node %s signed two different records with incarnation %d and seq %d', kept.nodeId, kept.incarnation, kept.seq)
    this.safeDispatchEvent<StatusEquivocation>('status:equivocation', { detail: { nodeId: kept.nodeId, kept, other } })
  }

  private async onSuperseded (sealed: SealedRecord): Promise<void> {
    const before = this.supersededAt

    // what is not answered now comes again with a later digest
    if (now() - before < SUPERSEDE_INTERVAL) {
      return
    }

    this.supersededAt = now()
    this.metrics.superseded()

    const incarnation = await incarnationOf(this.components).raise(sealed.incarnation)

    if (!this.running) {
      return
    }

    const previous = this.own.record
    const detail: StatusSelfSuperseded = { nodeId: sealed.nodeId, found: sealed.record, incarnation }

    this.own.begin(incarnation)
    this.publish()
    this.log.error('a record of this node was found that is newer than its own: its incarnation is %d now', incarnation)
    this.changed(this.own.record, previous, true)
    this.safeDispatchEvent('status:self-superseded', { detail })

    if (this.supersededAt - before <= CLONE_WINDOW) {
      this.safeDispatchEvent('identity:cloned', { detail })
    }
  }

  private readonly onTrust = (): void => {
    for (const { nodeId, record } of this.others()) {
      try {
        this.settings.identity.trust.judge(record.chain)
      } catch {
        this.drop(nodeId, 'untrusted')
      }
    }
  }
}
