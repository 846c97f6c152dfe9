import { identityOf } from '@fisco-libp2p/identity'
import { NotStartedError, serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { setMaxListeners, TypedEventEmitter } from 'main-event'
import { Carrier } from './carrier.ts'
import { directOf } from './components.ts'
import { BROADCAST_TOPIC, MAX_DATA_BYTES, REQUEST_NAME, STATUS_ENTRY } from './constants.ts'
import { Directory, encodeFollowed } from './directory.ts'
import { HandlerExistsError, IncompatiblePubsubError, MessageTooLargeError, NoFollowerError, NotFollowingError } from './errors.ts'
import { TopicsMetrics } from './metrics.ts'
import { gossipTopic, topicName } from './names.ts'
import { askFollowers, decodeRequest, encodeRequest, shuffle } from './request.ts'
import { checkTime, settingsOf } from './settings.ts'
import type { PublishResult, TopicHandler, TopicListener, TopicMessage, TopicRequestContext, TopicRequestOptions, Topics, TopicsEvents, TopicsInit } from './api.ts'
import type { Sent } from './carrier.ts'
import type { DirectLike, TopicsComponents } from './components.ts'
import type { Envelope } from './envelope.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, Logger, Startable } from '@libp2p/interface'

interface Followed {
  listeners: Set<TopicListener>
  handler?: TopicHandler
}

/**
 * The topics service: who follows what, who is told, who is asked. {@link Carrier} carries the messages.
 */
export class TopicsService extends TypedEventEmitter<TopicsEvents> implements Topics, Startable {
  readonly [Symbol.toStringTag] = '@fisco-libp2p/topics'
  readonly [serviceCapabilities]: string[] = ['@fisco-libp2p/topics']
  readonly [serviceDependencies]: string[] = ['@libp2p/pubsub']

  private readonly components: TopicsComponents
  private readonly settings: Required<TopicsInit>
  private readonly identity: Identity
  private readonly log: Logger
  private readonly metrics: TopicsMetrics
  private readonly directory = new Directory()
  private readonly followed = new Map<string, Followed>()
  private readonly carrier: Carrier
  private direct?: DirectLike
  private running = false
  private shutdown = new AbortController()

  constructor (components: TopicsComponents, init: TopicsInit) {
    super()
    this.components = components
    this.settings = settingsOf(init)
    this.identity = identityOf(components)
    this.log = components.logger.forComponent('fisco-libp2p:topics')
    this.metrics = new TopicsMetrics(components.metrics, {
      followed: () => this.followed.size,
      held: () => this.carrier.held,
      waitingBytes: () => this.carrier.waitingBytes,
      windows: () => this.carrier.windows
    })
    // kept when the node stops and starts again: it knows what was sent and delivered
    this.carrier = new Carrier({
      components,
      identity: this.identity,
      settings: this.settings,
      metrics: this.metrics,
      log: this.log,
      directory: this.directory,
      onMessage: envelope => { this.deliver(envelope) }
    })
  }

  isStarted (): boolean {
    return this.running
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

    this.running = true
    this.shutdown = new AbortController()
    // each request that is under way listens to it
    setMaxListeners(Infinity, this.shutdown.signal)
    this.direct = directOf(this.components)
    this.carrier.start(this.direct)
    this.announce()
    this.direct?.handle(REQUEST_NAME, this.onRequest)
  }

  afterStart (): void {
    this.carrier.open()
  }

  beforeStop (): void {
    this.carrier.close()
  }

  stop (): void {
    if (!this.running) {
      return
    }

    this.running = false
    this.shutdown.abort(new NotStartedError('The node was stopped'))
    this.direct?.unhandle(REQUEST_NAME)
    this.direct = undefined
    this.carrier.stop()
  }

  follow (topic: string, listener?: TopicListener): void {
    const gossip = gossipTopic(topic)
    let followed = this.followed.get(topic)

    if (followed == null) {
      this.announce(topic)
      this.carrier.join(gossip)
      followed = { listeners: new Set() }
      this.followed.set(topic, followed)
    }

    if (listener != null) {
      followed.listeners.add(listener)
    }
  }

  unfollow (topic: string): void {
    if (this.followed.delete(topic)) {
      this.carrier.leave(gossipTopic(topic))
      this.announce()
    }
  }

  following (): string[] {
    return [...this.followed.keys()].sort()
  }

  followedBy (nodeId: NodeId): string[] {
    const record = this.components.statusSeq.get(nodeId)

    return nodeId === this.identity.nodeId ? this.following() : record == null ? [] : [...this.directory.topicsOf(record)].sort()
  }

  followers (topic: string): NodeId[] {
    const others = this.isStarted() ? this.others(gossipTopic(topic)) : []

    // what the own record says may be of a moment ago
    return [...others, ...(this.followed.has(topic) ? [this.identity.nodeId] : [])].sort()
  }

  async publish (topic: string, data: Uint8Array, options: AbortOptions = {}): Promise<PublishResult> {
    const { envelope, recipients, followers } = await this.send(gossipTopic(topic), data, options)
    const { incarnation, sequence } = envelope
    const local = this.followed.has(topic)

    this.metrics.published('multicast', data.byteLength)

    if (local) {
      this.deliver(envelope)
    }

    return { incarnation, sequence, recipients, followers, local }
  }

  async broadcast (data: Uint8Array, options: AbortOptions = {}): Promise<PublishResult> {
    const { envelope: { incarnation, sequence }, recipients, followers } = await this.send(BROADCAST_TOPIC, data, options)

    this.metrics.published('broadcast', data.byteLength)

    return { incarnation, sequence, recipients, followers, local: false }
  }

  async request (topic: string, data: Uint8Array, options: TopicRequestOptions = {}): Promise<Uint8Array> {
    const followers = this.followers(topic)
    const self = this.identity.nodeId
    const canAnswer = this.followed.get(topic)?.handler != null
    const candidates = followers.filter(nodeId => nodeId !== self || canAnswer)
    const timeout = checkTime('timeout', options.timeout ?? this.settings.requestTimeout)
    const tryTimeout = checkTime('tryTimeout', options.tryTimeout ?? this.settings.tryTimeout)
    const signals = [this.shutdown.signal, ...(options.signal == null ? [] : [options.signal])]

    this.checkSend(data, options)

    const copy = new Uint8Array(data)
    const message = encodeRequest(topic, copy)

    try {
      const answer = await askFollowers(shuffle(candidates, this.settings.random), async (follower, signal) => {
        return follower === self ? this.answer(copy, { topic, from: self, signal }) : this.ask(follower, message, tryTimeout, signal)
      }, { topic, timeout, tryTimeout, signals })

      this.metrics.requested('answered')

      return answer
    } catch (err) {
      this.metrics.requested('failed')
      throw err
    }
  }

  handle (topic: string, handler: TopicHandler): void {
    const followed = this.followed.get(topic)

    if (followed == null) {
      throw new NotFollowingError(`Topic "${topic}" is not followed, so nobody would ask this node: call follow() first`)
    }

    if (followed.handler != null) {
      throw new HandlerExistsError(`Topic "${topic}" has a handler: call unhandle() first`)
    }

    followed.handler = handler
  }

  unhandle (topic: string): void {
    delete this.followed.get(topic)?.handler
  }

  /**
   * Other nodes that follow a gossipsub topic.
   */
  private others (topic: string): NodeId[] {
    return this.directory.followers(this.components.statusSeq.snapshot(), topic).filter(nodeId => nodeId !== this.identity.nodeId)
  }

  private async send (topic: string, data: Uint8Array, options: AbortOptions): Promise<Sent> {
    this.checkSend(data, options)

    // the caller may use its buffer again
    return this.carrier.send(topic, new Uint8Array(data), options)
  }

  private checkSend (data: Uint8Array, { signal }: AbortOptions): void {
    if (!this.running) {
      throw new NotStartedError('The node is not started: nothing can be sent')
    }

    if (data.byteLength > MAX_DATA_BYTES) {
      throw new MessageTooLargeError(`${data.byteLength} bytes of data; a message takes at most ${MAX_DATA_BYTES}: send it in parts, or by direct()`)
    }

    signal?.throwIfAborted()
  }

  /**
   * Tells in the node's status what it follows.
   *
   * @param topic - one more than it follows already
   * @throws TooManyTopicsError
   */
  private announce (topic?: string): void {
    const entry = encodeFollowed(topic == null ? this.followed.keys() : [...this.followed.keys(), topic], this.direct != null)

    if (this.running) {
      this.components.statusSeq.set(STATUS_ENTRY, entry)
    }
  }

  private deliver ({ topic, data, author, incarnation, sequence }: Envelope): void {
    if (topic === BROADCAST_TOPIC) {
      this.safeDispatchEvent('broadcast:message', { detail: { data, author, incarnation, sequence } })

      return
    }

    const name = topicName(topic)
    const message = { topic: name, data, author, incarnation, sequence }
    const followed = this.followed.get(name)

    if (followed == null) {
      return
    }

    for (const listener of followed.listeners) {
      this.call(listener, message).catch(err => {
        this.log.error('listener of topic %s failed - %e', name, err)
      })
    }

    this.safeDispatchEvent('topic:message', { detail: message })
  }

  private async call (listener: TopicListener, message: TopicMessage): Promise<void> {
    // async: what a listener throws at once becomes a rejection as well
    await listener(message)
  }

  private async ask (follower: NodeId, message: Uint8Array, timeout: number, signal: AbortSignal): Promise<Uint8Array> {
    if (this.direct == null) {
      throw new NoFollowerError('This node has no service `direct`, so it cannot ask others: compose it with direct()')
    }

    return this.direct.request(follower, REQUEST_NAME, message, { signal, timeout })
  }

  private readonly onRequest = async (bytes: Uint8Array, { from, signal }: { from: NodeId, signal: AbortSignal }): Promise<Uint8Array> => {
    const { topic, data } = decodeRequest(bytes)

    return this.answer(data, { topic, from, signal })
  }

  private async answer (data: Uint8Array, context: TopicRequestContext): Promise<Uint8Array> {
    const handler = this.followed.get(context.topic)?.handler

    if (handler == null) {
      throw new NotFollowingError('The node does not answer requests to this topic')
    }

    return handler(data, context)
  }
}
