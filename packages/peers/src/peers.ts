import { abbreviate, identityOf, parseNodeId, peerIdToNodeId } from '@fisco-libp2p/identity'
import { InvalidParametersError, serviceCapabilities } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { locationOf, parseAddress } from './address.ts'
import { EXPULSION_TIMEOUT, MAX_SPREAD, PEER_STORE_TIMEOUT, PEER_TAG, PEER_TAG_VALUE, SPREAD_PER_PEER } from './constants.ts'
import { DialPace } from './dial-slots.ts'
import { Doorkeeper } from './doorkeeper.ts'
import { TooManyAddressesError } from './errors.ts'
import { readInit } from './init.ts'
import { expulsionReason } from './link-frame.ts'
import { Links } from './links.ts'
import { registerMetrics } from './metrics.ts'
import { RetrySchedule } from './schedule.ts'
import { Target } from './target.ts'
import { Waiters } from './waiters.ts'
import type { DialOutcome } from './failure.ts'
import type { Peers, PeersComponents, PeersEvents, PeersInit } from './index.ts'
import type { PeersOptions } from './init.ts'
import type { Link, LinksObserver } from './links.ts'
import type { PeersMetrics } from './metrics.ts'
import type { Member, PeerRefusedDetail, PeerRetryDetail, PeerStatus } from './status.ts'
import type { TargetHost } from './target.ts'
import type { HandshakeRejection, NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, Connection, Logger, PeerId, Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Holds the configured addresses, each with a loop of its own, and the table of links, and tells each of the other.
 */
export class PeersService extends TypedEventEmitter<PeersEvents> implements Peers, Startable, LinksObserver, TargetHost {
  readonly [Symbol.toStringTag] = '@fisco-libp2p/peers'
  readonly [serviceCapabilities] = ['@fisco-libp2p/peers']

  readonly links: Links
  readonly slots: DialPace
  readonly self: TargetHost['self']
  readonly gaterTells: boolean
  readonly #components: PeersComponents
  readonly #options: PeersOptions
  readonly #identity: PeersInit['identity']
  readonly #log: Logger
  readonly #metrics?: PeersMetrics
  readonly #targets = new Map<string, Target>()
  readonly #door: Doorkeeper
  readonly #waiters: Waiters
  readonly #pending = new Set<Promise<void>>()
  #started = false
  #dialling = false

  constructor (components: PeersComponents, init: PeersInit) {
    super()
    this.#components = components
    this.#options = readInit(init)
    this.#identity = init.identity ?? identityIfAny(components)
    this.#log = components.logger.forComponent('fisco-libp2p:peers')
    this.#metrics = registerMetrics(components.metrics)
    this.self = { peerId: components.peerId, nodeId: peerIdToNodeId(components.peerId) }
    this.#waiters = new Waiters(this.self.nodeId)
    this.slots = new DialPace(this.#options.maxConcurrentDials)
    this.links = new Links(components, this, this.#log, this.#options.now, this.#options.linkTimeout)
    this.#door = new Doorkeeper(this.#options, this.links, link => this.#describe(link), peer => [...this.#targets.values()].some(target => target.peer === peer), this.#metrics)
    this.gaterTells = isEventTarget(components.connectionGater)

    try {
      this.#options.addresses.forEach(address => { this.add(address) })
    } catch (err) {
      throw new InvalidParametersError(`addresses: ${err.message}`)
    }
  }

  get dialTimeout (): number {
    return this.#options.dialTimeout
  }

  async start (): Promise<void> {
    if (this.#started) {
      return
    }

    this.#started = true
    this.#door.open()
    this.#identity?.addEventListener('handshake:rejected', this.#onRejected)
    this.#identity?.addEventListener('handshake:verified', this.#door.onVerified)
    this.#changes().forEach(([source, event]) => { source.addEventListener(event, this.#onChange) })
    await this.links.start()
  }

  /**
   * Dials, now that all other services are started.
   */
  afterStart (): void {
    this.#dialling = this.#started
    this.#targets.forEach(target => { this.#startTarget(target) })
  }

  /**
   * Stops to dial before libp2p closes the connections, which would otherwise be dialled again, and takes leave: who is connected
   * hears that it is no fault, who comes now hears that it may come back later.
   */
  async beforeStop (): Promise<void> {
    this.#dialling = false
    this.#waiters.stop()
    const leaving = this.#started ? this.#door.takeLeave() : undefined

    await Promise.all([leaving, ...[...this.#targets.values()].map(async target => { await target.stop() })])
  }

  async stop (): Promise<void> {
    await this.beforeStop()

    if (this.#started) {
      this.#started = false
      this.#identity?.removeEventListener('handshake:rejected', this.#onRejected)
      this.#identity?.removeEventListener('handshake:verified', this.#door.onVerified)
      this.#changes().forEach(([source, event]) => { source.removeEventListener(event, this.#onChange) })
      await this.links.stop()
    }

    await Promise.all(this.#pending)
  }

  add (address: string | Multiaddr): boolean {
    const parsed = parseAddress(address)

    if (this.#targets.has(parsed.text)) {
      return false
    }

    if (this.#targets.size >= this.#options.maxAddresses) {
      throw new TooManyAddressesError(`${parsed.text} is not added: there are ${this.#targets.size} addresses, as many as maxAddresses allows; remove one or raise it`)
    }

    const target = new Target(parsed, this, new RetrySchedule(this.#options))
    this.#targets.set(parsed.text, target)
    this.#startTarget(target)

    return true
  }

  async remove (address: string | Multiaddr, options?: AbortOptions): Promise<boolean> {
    const { text } = parseAddress(address)
    const target = this.#targets.get(text)

    if (target == null) {
      return false
    }

    this.#targets.delete(text)
    await target.stop()
    const link = this.links.get(target.peer)

    if (link != null && this.#targetsOf(link.peerId).length === 0) {
      this.#log('%a was removed, closing the link to %s', target.address.multiaddr, abbreviate(link.nodeId))
      this.#tag(link.peerId, false)
      await this.links.close(link, 'closed', options)
    }

    return true
  }

  async expel (peerId: PeerId, rule: string): Promise<boolean> {
    const link = this.links.get(peerId.toString())

    if (link == null) {
      return false
    }

    const reason = expulsionReason(rule)
    link.ending = reason
    await this.links.sayGoodbye(link, reason)
    await this.links.close(link, reason, { signal: AbortSignal.timeout(EXPULSION_TIMEOUT) })

    return true
  }

  retry (address?: string | Multiaddr): boolean {
    const targets = address == null ? [...this.#targets.values()] : [this.#targets.get(parseAddress(address).text)]
    targets.forEach(target => { target?.retry() })

    return targets[0] != null
  }

  list (): PeerStatus[] {
    return [...this.#targets.values()].map(target => target.status)
  }

  members (): Member[] {
    return [...this.links.values()].map(link => this.#describe(link))
  }

  async connected (nodeId: NodeId, options?: AbortOptions): Promise<Member> {
    return this.#waiters.for(parseNodeId(nodeId), this.members(), options)
  }

  /**
   * After a power cut all nodes start at once, and after an outage all lose each other at once. A moment for each peer that is not
   * connected keeps them from dialling each other twice, and all at the same time.
   */
  spread (): number {
    const absent = [...this.#targets.values()].filter(({ peer }) => this.links.get(peer) == null).length

    return Math.floor(this.#options.random() * Math.min(MAX_SPREAD, SPREAD_PER_PEER * Math.max(0, absent - 1)))
  }

  now (): number {
    return this.#options.now()
  }

  async openConnection (address: Multiaddr, options: Parameters<TargetHost['openConnection']>[1]): Promise<Connection> {
    return this.#components.connectionManager.openConnection(address, options)
  }

  dialEnded (outcome: DialOutcome): void {
    this.#metrics?.dials.increment({ [outcome]: true })
  }

  targetConnected (link: Link): void {
    this.#tag(link.peerId, true)
  }

  targetRetries (detail: PeerRetryDetail): void {
    this.#log.trace('%s is dialled again in %d ms, after %d failures: %s', detail.address, detail.delay, detail.attempts, detail.error)
    this.safeDispatchEvent('peer:retry', { detail })
  }

  targetRefused (detail: PeerRefusedDetail): void {
    this.#log.error('%s: refused by %s (%s): %s', detail.address, detail.refusedBy, detail.rule, detail.message)
    this.safeDispatchEvent('peer:refused', { detail })
  }

  connectionOpened (connection: Connection): void {
    if (connection.direction === 'outbound') {
      const location = locationOf(connection.remoteAddr)

      // an address without a peer ID may lead to another node than before
      this.#targetsAt(location).forEach(target => { target.found(connection.remotePeer) })
    }
  }

  connectionGivenUp (): void {
    this.#metrics?.duplicates.increment()
  }

  connectionSilent (): void {
    this.#metrics?.silent.increment()
  }

  linkUp (link: Link): void {
    const detail = this.#describe(link)
    this.#log('%s (%p) is connected, %s', abbreviate(link.nodeId), link.peerId, detail.direction)
    this.#linkChanged(link)
    this.#waiters.connected(detail)
    this.safeDispatchEvent('peer:up', { detail })
    this.#background(this.#door.makeRoom())
  }

  linkDown (link: Link): void {
    const { nodeId, peerId, ending: reason = 'lost' } = link
    this.#log('%s (%p) is not connected any more: %s', abbreviate(nodeId), peerId, reason)
    this.#linkChanged(link)
    this.safeDispatchEvent('peer:down', { detail: { nodeId, peerId, reason } })
  }

  #describe (link: Link): Member {
    return { ...this.links.describe(link), configured: this.#targetsOf(link.peerId).length > 0 }
  }

  /**
   * Where it is heard that peers which were refused may be welcome now, or may welcome this node.
   */
  #changes (): Array<[EventTarget, string]> {
    const { connectionGater } = this.#components
    const changes: Array<[unknown, string]> = [[this.#identity?.trust, 'trust:change'], [this.#identity, 'identity:renewed'], [connectionGater, 'access:change']]

    return changes.filter((change): change is [EventTarget, string] => isEventTarget(change[0]))
  }

  readonly #onChange = (): void => {
    this.#targets.forEach(target => { target.reconsider() })
  }

  /**
   * Lets something go on that `stop()` waits for.
   */
  #background (work: Promise<void>): void {
    const tracked = work.finally(() => { this.#pending.delete(tracked) })
    this.#pending.add(tracked)
  }

  #linkChanged (link: Link): void {
    this.#metrics?.connected.update(this.links.size)
    this.#targetsOf(link.peerId).forEach(target => { target.wake() })
  }

  #startTarget (target: Target): void {
    if (this.#dialling) {
      target.start()
    }
  }

  #targetsOf (peerId: PeerId): Target[] {
    const peer = peerId.toString()

    return [...this.#targets.values()].filter(target => target.peer === peer)
  }

  /**
   * Addresses that name a peer ID keep it.
   */
  #targetsAt (location: string): Target[] {
    return [...this.#targets.values()].filter(({ address }) => address.location === location && address.peerId == null)
  }

  readonly #onRejected = (evt: CustomEvent<HandshakeRejection>): void => {
    const { direction, address } = evt.detail

    if (direction === 'outbound') {
      const location = locationOf(address)

      for (const target of this.#targets.values()) {
        if (target.address.location === location) {
          target.rejected(evt.detail)
        }
      }
    }
  }

  /**
   * Marks a configured peer for libp2p's connection pruner, or takes the mark away.
   */
  #tag (peerId: PeerId, configured: boolean): void {
    const tags = { [PEER_TAG]: configured ? { value: PEER_TAG_VALUE } : undefined }

    this.#background(this.#components.peerStore.merge(peerId, { tags }, { signal: AbortSignal.timeout(PEER_STORE_TIMEOUT) }).then(() => {}, err => {
      this.#log.error('could not tag %p in the peer store - %e', peerId, err)
    }))
  }
}

function isEventTarget (value: unknown): value is EventTarget {
  return typeof (value as EventTarget | undefined)?.addEventListener === 'function'
}

function identityIfAny (components: PeersComponents): PeersInit['identity'] {
  try {
    return identityOf(components)
  } catch {
    return undefined
  }
}
