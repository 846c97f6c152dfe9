import { identityOf } from '@fisco-libp2p/identity'
import { NotStartedError, serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { setMaxListeners, TypedEventEmitter } from 'main-event'
import { Asker } from './asker.ts'
import { Carrier } from './carrier.ts'
import { directOf } from './components.ts'
import { BROADCAST_TOPIC, RESTRICTED_ENTRY, STATUS_ENTRY } from './constants.ts'
import { Deliveries } from './deliveries.ts'
import { Directory, encodeFollowed } from './directory.ts'
import { IncompatiblePubsubError, TopicForbiddenError } from './errors.ts'
import { Followings } from './followings.ts'
import { History } from './history.ts'
import { TopicsMetrics } from './metrics.ts'
import { gossipTopic, plainTopic, topicName } from './names.ts'
import { Parcels } from './parcels.ts'
import { Publisher } from './publisher.ts'
import { Reliable } from './reliable.ts'
import { Restrictions } from './restrictions.ts'
import { settingsOf } from './settings.ts'
import { TailBoard } from './tails.ts'
import { Topology } from './topology.ts'
import type { ConfirmOptions, FollowOptions, PublishOptions, PublishResult, TopicHandler, TopicListener, TopicRequestOptions, Topics, TopicsEvents } from './api.ts'
import type { DirectLike, StatusRecordLike, TopicsComponents } from './components.ts'
import type { Envelope } from './envelope.ts'
import type { Received } from './feed.ts'
import type { TopicsInit } from './init.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { Connection, Startable } from '@libp2p/interface'

/**
 * The topics service: who follows what, and how its parts work together. {@link Carrier} carries the messages, {@link Publisher} sends those of this node, {@link Reliable}
 * sees to it that nothing is lost where that is asked for, {@link Asker} asks one follower.
 */
export class TopicsService extends TypedEventEmitter<TopicsEvents> implements Topics, Startable {
  readonly [Symbol.toStringTag] = '@fisco-libp2p/topics'
  readonly [serviceCapabilities]: string[] = ['@fisco-libp2p/topics']
  readonly [serviceDependencies]: string[] = ['@libp2p/pubsub']

  private readonly components: TopicsComponents
  private readonly identity: Identity
  private readonly directory = new Directory()
  private readonly followings: Followings
  private readonly restrictions: Restrictions
  private readonly topology: Topology
  private readonly history: History
  private readonly tails: TailBoard
  private readonly carrier: Carrier
  private readonly reliable: Reliable
  private readonly deliveries: Deliveries
  private readonly parcels: Parcels
  private readonly publisher: Publisher
  private readonly asker: Asker
  private direct?: DirectLike
  private shutdown?: AbortController

  constructor (components: TopicsComponents, init: TopicsInit) {
    super()
    const settings = settingsOf(init)
    const identity = identityOf(components)
    const log = components.logger.forComponent('fisco-libp2p:topics')
    const { nodeId: self, networkId } = identity

    this.components = components
    this.identity = identity
    this.followings = new Followings(log)
    this.restrictions = new Restrictions(settings.restricted, nodeId => this.recordOf(nodeId))
    this.topology = new Topology({ self, components, directory: this.directory, restrictions: this.restrictions })
    this.history = new History(settings.history)
    this.tails = new TailBoard({ set: (name, value) => { components.statusSeq.set(name, value) } })

    const { directory, followings, restrictions, history, tails, topology } = this
    const metrics = new TopicsMetrics(components.metrics, {
      followed: () => followings.size,
      held: () => this.carrier.held,
      waitingBytes: () => this.carrier.waitingBytes,
      windows: () => this.carrier.windows,
      historyBytes: () => history.bytes,
      unordered: () => this.reliable.waiting,
      unconfirmed: () => this.deliveries.waiting
    })

    // kept when the node stops and starts again: it knows what was sent and delivered
    this.carrier = new Carrier({ components, identity, settings, metrics, directory, topology, restrictions, log, onMessage: received => { this.receive(received) } })
    this.reliable = new Reliable({
      self,
      log,
      random: settings.random,
      events: components.events,
      topology,
      judge: async (bytes, question) => this.carrier.judgeMissed(bytes, question),
      onFetched: () => { metrics.fetched() },
      onMessage: ({ envelope, bytes }) => {
        history.add(envelope, bytes)
        this.deliver(envelope)
      },
      onGap: gap => {
        metrics.lost(gap.to - gap.from + 1)
        this.safeDispatchEvent('topic:gap', { detail: { ...gap, topic: topicName(gap.topic) } })
      }
    })
    this.deliveries = new Deliveries({ networkId, routeTo: (nodeId, topic) => topology.routeTo(nodeId, plainTopic(topic)) })
    this.parcels = new Parcels({ identity, history, restrictions, take: async (message, from) => this.carrier.take(message, from) })
    this.publisher = new Publisher({
      self,
      settings,
      metrics,
      carrier: this.carrier,
      deliveries: this.deliveries,
      history,
      tails,
      restrictions,
      othersOf: topic => topology.followersOf(topic),
      deliver: ({ envelope }) => this.deliver(envelope)
    })
    this.asker = new Asker({ self, settings, metrics, followings, agencyOf: nodeId => restrictions.agencyOf(nodeId), rttOf: nodeId => topology.rttOf(nodeId) })
  }

  isStarted (): boolean {
    return this.shutdown != null
  }

  /**
   * Before anything starts: what fails later leaves services running that were half started.
   *
   * @throws IncompatiblePubsubError if gossipsub was not composed for this
   */
  beforeStart (): void {
    const { globalSignaturePolicy } = this.components.pubsub

    if (globalSignaturePolicy !== 'StrictNoSign') {
      throw new IncompatiblePubsubError(`gossipsub runs with ${globalSignaturePolicy}, so it would refuse the messages of all other nodes: compose it as gossipsub(gossipsubDefaults())`)
    }
  }

  start (): void {
    if (this.isStarted()) {
      return
    }

    const { statusSeq, events } = this.components

    this.shutdown = new AbortController()
    // each request that is under way listens to it
    setMaxListeners(Infinity, this.shutdown.signal)
    this.direct = directOf(this.components)
    statusSeq.addEventListener('status:change', this.onStatusChange)
    statusSeq.addEventListener('status:gone', this.onStatusGone)
    events.addEventListener('connection:open', this.onConnectionOpen)
    this.carrier.start(this.direct)
    this.deliveries.start(this.direct)
    this.parcels.start(this.direct)
    this.reliable.start(this.direct)
    this.publisher.start(this.shutdown.signal)
    this.asker.start(this.direct)
    this.announce()

    if (this.restrictions.hash != null) {
      statusSeq.set(RESTRICTED_ENTRY, this.restrictions.hash)
    }
  }

  afterStart (): void {
    this.carrier.open()
  }

  beforeStop (): void {
    this.carrier.close()
  }

  stop (): void {
    if (this.shutdown == null) {
      return
    }

    const { statusSeq, events } = this.components

    this.shutdown.abort(new NotStartedError('The node was stopped'))
    this.shutdown = undefined
    this.direct = undefined
    statusSeq.removeEventListener('status:change', this.onStatusChange)
    statusSeq.removeEventListener('status:gone', this.onStatusGone)
    events.removeEventListener('connection:open', this.onConnectionOpen)
    this.asker.stop()
    this.publisher.stop()
    this.reliable.stop()
    this.parcels.stop()
    this.deliveries.stop()
    this.tails.stop()
    this.carrier.stop()
  }

  follow (topic: string, listener?: TopicListener, { delivery = 'besteffort' }: FollowOptions = {}): void {
    const gossip = gossipTopic(topic)

    if (!this.followings.has(topic)) {
      if (!this.restrictions.mayFollow(gossip, this.identity.nodeId)) {
        throw new TopicForbiddenError(`Topic "${topic}" is restricted, and its list of followers does not name this node: nobody would send it anything`)
      }

      this.announce(topic)
      this.carrier.join(gossip)
      this.followings.add(topic, delivery)

      if (delivery === 'reliable') {
        this.reliable.follow(gossip)
      }
    }

    this.followings.listen(topic, listener)
  }

  unfollow (topic: string, listener?: TopicListener): void {
    if ((listener == null || this.followings.unlisten(topic, listener)) && this.followings.delete(topic)) {
      const gossip = gossipTopic(topic)

      this.reliable.unfollow(gossip)
      this.carrier.leave(gossip)
      // what this node itself publishes reliably others may still ask for
      if (!this.tails.has(gossip)) {
        this.history.forget(gossip)
      }

      this.announce()
    }
  }

  restricted (): string[] {
    return this.restrictions.names
  }

  following (): string[] {
    return this.followings.names
  }

  followedBy (nodeId: NodeId): string[] {
    const record = this.components.statusSeq.get(nodeId)

    return nodeId === this.identity.nodeId ? this.following() : record == null ? [] : [...this.directory.topicsOf(record)].sort()
  }

  followers (topic: string): NodeId[] {
    const others = this.isStarted() ? this.topology.followersOf(gossipTopic(topic)) : []

    // what the own record says may be of a moment ago
    return [...others, ...(this.followings.has(topic) ? [this.identity.nodeId] : [])].sort()
  }

  async publish (topic: string, data: Uint8Array, options: PublishOptions = {}): Promise<PublishResult> {
    return this.publisher.publish(topic, data, options)
  }

  async publishTo (topic: string, nodeIds: readonly NodeId[], data: Uint8Array, options: ConfirmOptions = {}): Promise<PublishResult> {
    return this.publisher.publishTo(topic, nodeIds, data, options)
  }

  async broadcast (data: Uint8Array, options: ConfirmOptions = {}): Promise<PublishResult> {
    return this.publisher.broadcast(data, options)
  }

  async request (topic: string, data: Uint8Array, options: TopicRequestOptions = {}): Promise<Uint8Array> {
    const followers = this.followers(topic)

    this.publisher.check(data, { signal: options.signal })

    return this.asker.request(topic, data, followers, this.shutdown?.signal ?? AbortSignal.abort(), options)
  }

  handle (topic: string, handler: TopicHandler): void {
    this.followings.handle(topic, handler)
  }

  unhandle (topic: string): void {
    this.followings.unhandle(topic)
  }

  /**
   * The status record of a node; of this one, before it has any, what its identity says.
   */
  private recordOf (nodeId: NodeId): StatusRecordLike | undefined {
    const { nodeId: self, chain } = this.identity

    return nodeId === self ? { nodeId, incarnation: 0, seq: 0, entries: new Map(), chain } : this.components.statusSeq.get(nodeId)
  }

  /**
   * Tells in the node's status what it follows.
   *
   * @param topic - one more than it follows already
   * @throws TooManyTopicsError
   */
  private announce (topic?: string): void {
    const entry = encodeFollowed(topic == null ? this.followings.names : [...this.followings.names, topic], this.direct != null)

    if (this.isStarted()) {
      this.components.statusSeq.set(STATUS_ENTRY, entry)
    }
  }

  /**
   * A message of another node has come, on whatever way.
   */
  private receive (received: Received): void {
    if (this.reliable.has(received.envelope.topic)) {
      this.reliable.accept(received)
    } else {
      this.deliver(received.envelope)
    }
  }

  /**
   * @returns whether this node follows the topic
   */
  private deliver ({ topic, author, incarnation, sequence, data: shared }: Envelope): boolean {
    // a listener that changes the data must not spoil it for others
    const data = new Uint8Array(shared)

    if (topic === BROADCAST_TOPIC) {
      this.safeDispatchEvent('broadcast:message', { detail: { data, author, incarnation, sequence } })

      return true
    }

    const name = topicName(plainTopic(topic))
    const message = { topic: name, data, author, incarnation, sequence }
    const isFollowed = this.followings.has(name)

    if (isFollowed) {
      this.followings.tell(message)
      this.safeDispatchEvent('topic:message', { detail: message })
    }

    return isFollowed
  }

  private readonly onStatusChange = ({ detail: { nodeId } }: CustomEvent<{ nodeId: NodeId }>): void => {
    const record = this.components.statusSeq.get(nodeId)

    if (record != null) {
      this.reliable.onStatus(record)
    }
  }

  private readonly onStatusGone = ({ detail: { nodeId } }: CustomEvent<{ nodeId: NodeId }>): void => {
    this.reliable.onGone(nodeId)
  }

  private readonly onConnectionOpen = (_: CustomEvent<Connection>): void => {
    this.deliveries.hasten()
  }
}
