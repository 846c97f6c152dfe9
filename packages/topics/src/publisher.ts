import { isNodeId } from '@fisco-libp2p/identity'
import { InvalidParametersError, NotStartedError } from '@libp2p/interface'
import { BROADCAST_TOPIC, MAX_DATA_BYTES, MAX_LISTED } from './constants.ts'
import { MessageTooLargeError, TopicForbiddenError } from './errors.ts'
import { gossipTopic, targetedTopic } from './names.ts'
import { checkTime } from './settings.ts'
import type { ConfirmOptions, PublishOptions, PublishResult } from './api.ts'
import type { Carrier, Sent } from './carrier.ts'
import type { Deliveries } from './deliveries.ts'
import type { History } from './history.ts'
import type { TopicsInit } from './init.ts'
import type { TopicsMetrics } from './metrics.ts'
import type { Restrictions } from './restrictions.ts'
import type { TailBoard } from './tails.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What {@link Publisher} works with.
 */
export interface PublisherInit {
  self: NodeId
  settings: Required<TopicsInit>
  metrics: TopicsMetrics
  carrier: Carrier
  deliveries: Deliveries
  history: History
  tails: TailBoard
  restrictions: Restrictions

  /**
   * Other nodes that follow a gossipsub topic, and may.
   */
  othersOf (topic: string): NodeId[]

  /**
   * Gives an own message to this node itself, if it follows.
   *
   * @returns whether it does
   */
  deliver (sent: Sent): boolean
}

/**
 * A message that was sent, and who shall confirm it: undefined where nobody is asked to, and it was spread.
 */
type Outgoing = Sent & { receivers?: readonly NodeId[] }

/**
 * Publishes messages of this node, in all the ways there are.
 */
export class Publisher {
  private readonly init: PublisherInit
  private shutdown?: AbortSignal

  constructor (init: PublisherInit) {
    this.init = init
  }

  /**
   * @param shutdown - aborts when the node stops
   */
  start (shutdown: AbortSignal): void {
    this.shutdown = shutdown
  }

  stop (): void {
    this.shutdown = undefined
  }

  async publish (name: string, data: Uint8Array, options: PublishOptions): Promise<PublishResult> {
    const topic = gossipTopic(name)
    const { metrics, tails, deliver } = this.init

    this.check(data, options)
    this.checkAllowed(name, topic)

    if (options.delivery === 'reliable') {
      tails.check(topic)
    }

    const sent = await this.send(topic, data, options, this.receiversOf(topic, options))

    metrics.published('multicast', data.byteLength)

    return this.conclude(sent, deliver(sent), options)
  }

  async broadcast (data: Uint8Array, options: ConfirmOptions): Promise<PublishResult> {
    this.check(data, options)

    const sent = await this.send(BROADCAST_TOPIC, data, options, this.receiversOf(BROADCAST_TOPIC, options))

    this.init.metrics.published('broadcast', data.byteLength)

    return this.conclude(sent, false, options)
  }

  async publishTo (name: string, nodeIds: readonly NodeId[], data: Uint8Array, options: ConfirmOptions): Promise<PublishResult> {
    const topic = gossipTopic(name)
    const { self, metrics, restrictions, deliver } = this.init
    const confirm = { ...options, acks: options.acks ?? 'all' }
    const receivers = new Set(nodeIds)

    this.check(data, confirm)
    this.checkAllowed(name, topic)

    if (receivers.size === 0 || receivers.size > MAX_LISTED || ![...receivers].every(isNodeId)) {
      throw new InvalidParametersError(`topics: publishTo takes 1 to ${MAX_LISTED} node IDs`)
    }

    const stranger = [...receivers].find(nodeId => !restrictions.mayFollow(topic, nodeId))

    if (stranger != null) {
      throw new TopicForbiddenError(`Topic "${name}" is restricted, and its list of followers does not name ${stranger}`)
    }

    const isLocal = receivers.delete(self)
    const sent = await this.send(targetedTopic(name), data, confirm, [...receivers])

    metrics.published('multicast', data.byteLength)

    return this.conclude({ ...sent, followers: receivers.size }, isLocal && deliver(sent), confirm)
  }

  /**
   * Checks what is common to all ways.
   */
  check (data: Uint8Array, { signal, acks = 0, timeout }: ConfirmOptions): void {
    if (this.shutdown == null) {
      throw new NotStartedError('The node is not started: nothing can be sent')
    }

    if (data.byteLength > MAX_DATA_BYTES) {
      throw new MessageTooLargeError(`${data.byteLength} bytes of data; a message takes at most ${MAX_DATA_BYTES}: send it in parts, or by direct()`)
    }

    if (acks !== 'all' && (!Number.isInteger(acks) || acks < 0)) {
      throw new InvalidParametersError(`topics: acks is 'all' or a whole number from 0, not ${String(acks)}`)
    }

    if (timeout != null) {
      checkTime('timeout', timeout)
    }

    if (acks !== 0) {
      this.init.deliveries.check()
    }

    signal?.throwIfAborted()
  }

  private checkAllowed (name: string, topic: string): void {
    const { self, restrictions } = this.init

    if (!restrictions.mayPublish(topic, self)) {
      throw new TopicForbiddenError(`Topic "${name}" is restricted, and its list of publishers does not name this node: all others would refuse the message`)
    }
  }

  private receiversOf (topic: string, { acks = 0 }: ConfirmOptions): NodeId[] | undefined {
    return acks === 0 ? undefined : this.init.othersOf(topic)
  }

  /**
   * Signs a message, keeps it if it is reliable, and spreads it unless it is to be brought to some nodes.
   */
  private async send (topic: string, data: Uint8Array, options: PublishOptions, receivers?: readonly NodeId[]): Promise<Outgoing> {
    const { carrier, history, tails } = this.init
    // the caller may use its buffer again
    const sent = await carrier.send(topic, new Uint8Array(data), { signal: options.signal, spread: receivers == null })

    if (options.delivery === 'reliable') {
      const { author, incarnation, sequence } = sent.envelope

      history.add(sent.envelope, sent.bytes)
      tails.update(topic, { oldest: history.oldest({ author, incarnation, topic }) ?? sequence, last: sequence })
    }

    return { ...sent, receivers }
  }

  /**
   * Brings it to those who shall confirm.
   */
  private async conclude ({ envelope, bytes, recipients, followers, receivers }: Outgoing, local: boolean, options: ConfirmOptions): Promise<PublishResult> {
    const { incarnation, sequence, topic } = envelope
    const { settings, deliveries } = this.init
    const { acks = 0, timeout = settings.ackTimeout, signal } = options
    const result = { incarnation, sequence, recipients, followers, local, confirmed: [] }

    if (receivers == null || this.shutdown == null) {
      return result
    }

    const signals = [this.shutdown, ...(signal == null ? [] : [signal])]
    const confirmed = await deliveries.deliver({ topic, message: bytes, receivers, needed: acks === 'all' ? receivers.length : acks, timeout, signals })

    return { ...result, recipients: receivers.length, confirmed }
  }
}
