import { incarnationOf, PeerLog } from '@fisco-libp2p/identity'
import { serviceCapabilities } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { changes } from './changes.ts'
import { Clones } from './clones.ts'
import { ADDRESSES_ENTRY, CLONE_WINDOW, SUPERSEDE_INTERVAL, VERSION_ENTRY } from './constants.ts'
import { addressesEntry, describeRecord, versionEntry } from './description.ts'
import { StatusEngine } from './engine.ts'
import { registerMetrics } from './metrics.ts'
import { Neighbour } from './neighbour.ts'
import { equalNeighbours, linksAfter, linksOf } from './neighbourhood.ts'
import { Neighbours } from './neighbours.ts'
import { identityNotary } from './notary.ts'
import { readSettings } from './settings.ts'
import type { NodeDescription } from './description.ts'
import type { EngineObserver } from './engine.ts'
import type { ClonedIdentity, StatusChange, StatusEquivocation, StatusGone, StatusSeqComponents, StatusSeqEvents, StatusSeqInit, StatusSeq as StatusSeqInterface, StatusSelfSuperseded } from './index.ts'
import type { StatusMetrics } from './metrics.ts'
import type { Links } from './neighbourhood.ts'
import type { SealedRecord, StatusRecord } from './record.ts'
import type { Settings } from './settings.ts'
import type { HandshakeVerification, NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, Logger, Startable } from '@libp2p/interface'

const now = (): number => performance.now()

/**
 * Connects the rules to libp2p: streams with neighbours, one timer, events, metrics.
 */
export class StatusSeq extends TypedEventEmitter<StatusSeqEvents> implements StatusSeqInterface, Startable {
  readonly [Symbol.toStringTag] = '@fisco-libp2p/status-seq'
  readonly [serviceCapabilities]: string[] = ['@fisco-libp2p/status-seq']

  private readonly components: StatusSeqComponents
  private readonly settings: Settings
  private readonly log: Logger
  private readonly peerLog: PeerLog
  private readonly metrics: StatusMetrics
  private readonly engine: StatusEngine
  private readonly neighbours: Neighbours
  private running = false
  private knownLinks?: Links
  private readonly clones: Clones
  private supersededAt = -Infinity
  private timer?: { handle: ReturnType<typeof setTimeout>, at: number }

  constructor (components: StatusSeqComponents, init: StatusSeqInit) {
    super()
    this.components = components
    this.settings = readSettings(init, components)
    this.log = components.logger.forComponent('fisco-libp2p:status-seq')
    this.peerLog = new PeerLog(this.log)
    this.engine = new StatusEngine({ ...this.settings, notary: identityNotary(this.settings.identity), random: Math.random, observer: this.observer() })
    this.neighbours = new Neighbours(components, {
      log: this.log,
      create: nodeId => this.createNeighbour(nodeId),
      onLeft: nodeId => {
        this.engine.leave(nodeId, now())
        this.act()
      }
    })
    this.clones = new Clones(this.settings.identity.nodeId)
    this.metrics = registerMetrics(components.metrics, () => this.engine.table.size, () => this.neighbours.size)
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

    this.describeSelf()
    this.clones.lives(incarnation)
    this.engine.begin(incarnation, now())
    this.settings.identity.addEventListener('handshake:verified', this.onVerified)
    this.components.events.addEventListener('self:peer:update', this.onSelfUpdate)
    this.settings.identity.addEventListener('identity:renewed', this.onRenewed)
    this.settings.identity.trust.addEventListener('trust:change', this.onTrust)
    this.act()
    await this.neighbours.start()
  }

  /**
   * The node listens.
   */
  afterStart (): void {
    this.onSelfUpdate()
  }

  async stop (): Promise<void> {
    if (!this.running) {
      return
    }

    this.running = false
    this.components.events.removeEventListener('self:peer:update', this.onSelfUpdate)
    clearTimeout(this.timer?.handle)
    this.timer = undefined
    this.settings.identity.removeEventListener('handshake:verified', this.onVerified)
    this.settings.identity.removeEventListener('identity:renewed', this.onRenewed)
    this.settings.identity.trust.removeEventListener('trust:change', this.onTrust)
    await this.neighbours.stop()
    this.engine.end()
  }

  set (name: string, value: Uint8Array): void {
    this.engine.set(name, value, now())
    this.schedule()
  }

  delete (name: string): void {
    this.engine.delete(name, now())
    this.schedule()
  }

  get (nodeId: NodeId): StatusRecord | undefined {
    const sealed = this.engine.table.get(nodeId)

    return sealed != null && nodeId === this.settings.identity.nodeId ? this.engine.record : sealed?.record
  }

  snapshot (): StatusRecord[] {
    return this.engine.table.records().map(({ nodeId, record }) => this.get(nodeId) ?? record)
  }

  changes ({ signal }: AbortOptions = {}): AsyncIterableIterator<StatusRecord> {
    return changes(this, signal)
  }

  links (): ReadonlyMap<NodeId, ReadonlySet<NodeId>> {
    this.knownLinks ??= linksOf(this.snapshot())

    return this.knownLinks
  }

  describe (record: Pick<StatusRecord, 'entries'>): NodeDescription {
    return describeRecord(record)
  }

  [Symbol.iterator] (): Iterator<StatusRecord> {
    return this.snapshot().values()
  }

  /**
   * The entries of the stack that others may want to know.
   */
  private describeSelf (): void {
    const { nodeInfo, addressManager } = this.components

    this.engine.tell(VERSION_ENTRY, versionEntry(nodeInfo), now())
    this.engine.tell(ADDRESSES_ENTRY, addressesEntry(addressManager.getAddresses().map(String)), now())
  }

  private readonly onSelfUpdate = (): void => {
    if (this.running) {
      this.describeSelf()
      this.schedule()
    }
  }

  /**
   * Says what there is to say, and sees to it that what is due later is done then.
   */
  private act (): void {
    for (const { nodeId } of this.engine.takeBusy()) {
      this.neighbours.get(nodeId)?.flush()
    }

    this.schedule()
  }

  private schedule (): void {
    const at = this.engine.nextAt

    if (!this.running || at === Infinity || (this.timer != null && this.timer.at <= at)) {
      return
    }

    clearTimeout(this.timer?.handle)
    this.timer = {
      at,
      handle: setTimeout(() => {
        this.timer = undefined
        this.engine.advance(now())
        this.act()
      }, Math.max(0, Math.ceil(at - now())))
    }
  }

  private createNeighbour (nodeId: NodeId): Neighbour {
    const outbox = this.engine.join(nodeId, now())
    this.schedule()

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
        const verified = this.engine.receive(outbox, message, now())
        this.act()

        return verified
      }
    })
  }

  private observer (): EngineObserver {
    return {
      taken: () => { this.metrics.taken() },
      changed: (record, previous, local) => {
        if (!equalNeighbours(previous, record)) {
          this.knownLinks = previous == null || this.knownLinks == null ? undefined : linksAfter(this.knownLinks, record, this.snapshot())
        }

        this.safeDispatchEvent<StatusChange>('status:change', { detail: { nodeId: record.nodeId, record, previous, local } })
      },
      gone: ({ nodeId, record }, reason) => {
        this.knownLinks = undefined
        this.log('the status of node %s is dropped: %s', nodeId, reason)
        this.safeDispatchEvent<StatusGone>('status:gone', { detail: { nodeId, record, reason } })
      },
      equivocated: (kept, other) => {
        this.metrics.equivocated()
        this.peerLog.error(kept.nodeId, 'node %s signed two different records with incarnation %d and seq %d', kept.nodeId, kept.incarnation, kept.seq)
        this.safeDispatchEvent<StatusEquivocation>('status:equivocation', { detail: { nodeId: kept.nodeId, kept, other } })
      },
      superseded: sealed => {
        this.onSuperseded(sealed).catch(err => { this.log.error('could not raise the incarnation - %e', err) })
      },
      refused: (rule, _, message) => {
        this.metrics.refused(rule)
        this.log('%s', message)
      }
    }
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

    const detail: StatusSelfSuperseded = { nodeId: sealed.nodeId, found: sealed.record, incarnation }

    this.log.error('a record of this node was found that is newer than its own: its incarnation is %d now', incarnation)
    this.clones.lives(incarnation)
    this.engine.begin(incarnation, now())
    this.act()
    this.safeDispatchEvent('status:self-superseded', { detail })

    if (this.supersededAt - before <= CLONE_WINDOW && this.clones.mayTell(now())) {
      this.safeDispatchEvent<ClonedIdentity>('identity:cloned', { detail: { nodeId: sealed.nodeId, incarnation: sealed.incarnation, found: sealed.record } })
    }
  }

  private readonly onVerified = ({ detail }: CustomEvent<HandshakeVerification>): void => {
    this.judgeHandshake(detail).catch(err => { this.log.error('could not look at a handshake - %e', err) })
  }

  private async judgeHandshake ({ nodeId, incarnation, address }: HandshakeVerification): Promise<void> {
    if (nodeId !== this.settings.identity.nodeId) {
      const detail = this.clones.other({ nodeId, incarnation, address }, now())

      if (detail != null) {
        this.log.error('two processes use the key of node %s: the older one came from %s', nodeId, address)
        this.safeDispatchEvent<ClonedIdentity>('node:cloned', { detail })
      }

      return
    }

    // it may be about to be raised, and this node dials itself
    this.clones.lives(await incarnationOf(this.components).get())

    if (this.running && this.clones.own({ nodeId, incarnation }, now())) {
      this.log.error('another process uses the key of this node: it was met at %s', address)
      this.safeDispatchEvent<ClonedIdentity>('identity:cloned', { detail: { nodeId, incarnation, address } })
    }
  }

  private readonly onRenewed = (): void => {
    this.engine.renew(now())
    this.schedule()
  }

  private readonly onTrust = (): void => {
    this.engine.judge()
  }
}
