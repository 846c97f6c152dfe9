import { incarnationOf } from '@fisco-libp2p/identity'
import { NotStartedError } from '@libp2p/interface'
import { BROADCAST_TOPIC, MAX_WAITING_BYTES, MESSAGE_VERSION, STATUS_ENTRY } from './constants.ts'
import { encodeEnvelope } from './envelope.ts'
import { PublishQueueFullError } from './errors.ts'
import { gossipStreams, isOutgoing } from './gossip-streams.ts'
import { Handover } from './handover.ts'
import { Pacer } from './pacer.ts'
import { Receiver, VERDICTS } from './receiver.ts'
import { sequencesOf } from './sequences.ts'
import { Watchdog } from './watchdog.ts'
import type { DirectLike, TopicsComponents } from './components.ts'
import type { Envelope } from './envelope.ts'
import type { TopicsInit } from './index.ts'
import type { TopicsMetrics } from './metrics.ts'
import type { Sequences } from './sequences.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { AbortOptions, Logger, PeerId } from '@libp2p/interface'

/**
 * What a {@link GossipCarrier} works with.
 */
export interface GossipCarrierInit {
  components: TopicsComponents
  identity: Identity
  settings: Required<TopicsInit>
  metrics: TopicsMetrics
  log: Logger

  /**
   * Other nodes that follow, by the directory.
   *
   * @param topic - a gossipsub topic
   */
  followersOf (topic: string): NodeId[]

  /**
   * Called once for each message of another node, when gossipsub has passed it on.
   */
  onMessage (envelope: Envelope): void
}

/**
 * A message that was sent, to how many neighbours, and how many nodes should get it.
 */
export interface Sent {
  envelope: Envelope
  recipients: number
  followers: number
}

/**
 * Carries signed messages by gossipsub: signs what goes out, judges what comes in, keeps the streams alive.
 */
export class GossipCarrier {
  private readonly init: GossipCarrierInit
  private readonly receiver: Receiver
  private readonly handover: Handover
  private readonly watchdog: Watchdog
  private readonly sequences: Sequences
  private readonly pacer: Pacer

  // messages are sent in the order of the calls
  private turn: Promise<void> = Promise.resolve()
  private waiting = 0
  private isRunning = false

  // what was judged and not delivered yet: gossipsub hands over the same object for both
  private readonly accepted = new WeakMap<object, Envelope>()
  private readonly joined = new Set<string>([BROADCAST_TOPIC])
  private isOpen = false

  constructor (init: GossipCarrierInit) {
    const { components, identity, settings, metrics, log } = init

    this.init = init
    this.sequences = sequencesOf(components)
    this.receiver = new Receiver({
      self: identity.nodeId,
      networkId: identity.networkId,
      incarnationOf: author => components.statusSeq.get(author)?.incarnation,
      onVerify: () => { metrics.verified() },
      holdTimeout: settings.holdTimeout
    })
    this.handover = new Handover({ components, metrics, log, onMessage: async (bytes, from) => this.onHandedOver(bytes, from) })
    this.watchdog = new Watchdog({
      components,
      log,
      interval: settings.watchdogInterval,
      grace: settings.watchdogGrace,
      isMember: nodeId => components.statusSeq.get(nodeId)?.entries.has(STATUS_ENTRY) === true,
      onRepair: repair => { metrics.repaired(repair) }
    })
    this.pacer = new Pacer(() => gossipStreams(components.connectionManager.getConnections(), components.pubsub.protocols).filter(isOutgoing))
  }

  /**
   * Messages that wait for the status record of their author.
   */
  get held (): number {
    return this.receiver.held
  }

  /**
   * Bytes of messages that wait to be sent.
   */
  get waitingBytes (): number {
    return this.waiting
  }

  /**
   * Authors and topics of which a replay window is kept.
   */
  get windows (): number {
    return this.receiver.windows
  }

  start (direct: DirectLike | undefined): void {
    const { pubsub, statusSeq } = this.init.components

    this.isRunning = true
    pubsub.addEventListener('gossipsub:message', this.onGossip)
    statusSeq.addEventListener('status:change', this.onStatusChange)
    this.handover.start(direct)
    this.watchdog.start()
  }

  /**
   * Subscribes; gossipsub must be started.
   */
  open (): void {
    this.isOpen = true
    this.joined.forEach(topic => { this.subscribe(topic) })
  }

  /**
   * Unsubscribes; gossipsub must not be stopped yet.
   */
  close (): void {
    if (this.isOpen) {
      this.isOpen = false
      this.joined.forEach(topic => { this.unsubscribe(topic) })
    }
  }

  stop (): void {
    const { pubsub, statusSeq } = this.init.components

    this.isRunning = false
    this.handover.stop()
    this.watchdog.stop()
    pubsub.removeEventListener('gossipsub:message', this.onGossip)
    statusSeq.removeEventListener('status:change', this.onStatusChange)
    this.receiver.stop()
  }

  /**
   * @param topic - a gossipsub topic
   */
  join (topic: string): void {
    this.joined.add(topic)

    if (this.isOpen) {
      this.subscribe(topic)
    }
  }

  /**
   * @param topic - a gossipsub topic
   */
  leave (topic: string): void {
    this.joined.delete(topic)

    if (this.isOpen) {
      this.unsubscribe(topic)
    }
  }

  /**
   * Signs data and hands it to the neighbours that follow: one message after another, as fast as they take them.
   *
   * @param topic - a gossipsub topic
   * @param data - nobody else may change it any more
   * @throws PublishQueueFullError if too much waits already
   * @throws NotStartedError if the node stops first
   */
  async send (topic: string, data: Uint8Array, options: AbortOptions): Promise<Sent> {
    if (this.waiting > 0 && this.waiting + data.byteLength > MAX_WAITING_BYTES) {
      throw new PublishQueueFullError(`${this.waiting} bytes of messages wait to be sent, at most ${MAX_WAITING_BYTES} may: wait for publish() before the next one`)
    }

    this.waiting += data.byteLength

    const sending = this.turn.then(async () => {
      options.signal?.throwIfAborted()

      if (!this.isRunning) {
        throw new NotStartedError('The node was stopped before the message could be sent')
      }

      return this.sendNow(topic, data)
    }).finally(() => {
      this.waiting -= data.byteLength
    })

    this.turn = sending.then(async () => this.pacer.ready(data.byteLength), () => {})

    return sending
  }

  private async sendNow (topic: string, data: Uint8Array): Promise<Sent> {
    const { components, identity } = this.init
    // asked for each time: it grows when somebody else turns out to hold a later record of this node
    const incarnation = await incarnationOf(components).get()
    const envelope = { author: identity.nodeId, incarnation, sequence: this.sequences.next(topic), topic, data }
    const bytes = encodeEnvelope(envelope, fields => identity.sign('topic', MESSAGE_VERSION, fields))
    const { recipients } = await components.pubsub.publish(topic, bytes)

    const followers = this.init.followersOf(topic)

    return { envelope, recipients: recipients.length + this.handover.give(bytes, followers, recipients), followers: followers.length }
  }

  private subscribe (topic: string): void {
    const { pubsub } = this.init.components

    // the judge first: no message of the topic passes without
    pubsub.topicValidators.set(topic, this.judge)
    pubsub.subscribe(topic)
  }

  private unsubscribe (topic: string): void {
    const { pubsub } = this.init.components

    pubsub.unsubscribe(topic)
    pubsub.topicValidators.delete(topic)
  }

  private readonly judge = async (from: PeerId, message: Message): Promise<TopicValidatorResult> => {
    const { outcome, author, envelope } = await this.receiver.judge(message.data, ({ topic }) => topic === message.topic)

    this.init.metrics.received(outcome)

    if (envelope != null) {
      this.accepted.set(message, envelope)
    } else {
      this.init.log('message to %s by %s, from %p: %s', message.topic, author ?? 'nobody', from, outcome)
    }

    return VERDICTS[outcome]
  }

  /**
   * A neighbour hands over a message of its own. Those behind this node may have only this node to get it from.
   */
  private async onHandedOver (bytes: Uint8Array, from: NodeId): Promise<void> {
    const { components, metrics, log } = this.init
    const { outcome, envelope } = await this.receiver.judge(bytes, ({ topic, author }) => author === from && this.joined.has(topic))

    metrics.received(outcome)

    if (envelope == null) {
      log('message handed over by %s: %s', from, outcome)

      return
    }

    // gossipsub keeps what it is given
    const copy = new Uint8Array(bytes)

    await components.pubsub.publish(envelope.topic, copy, { ignoreDuplicatePublishError: true })
    this.deliver(envelope)
  }

  private readonly onGossip = (evt: CustomEvent<{ msg: object }>): void => {
    const envelope = this.accepted.get(evt.detail.msg)

    if (envelope != null) {
      this.accepted.delete(evt.detail.msg)
      // after this event gossipsub passes the message on: a slow listener must not hold it up
      queueMicrotask(() => { this.deliver(envelope) })
    }
  }

  /**
   * A listener that changes the data must not spoil it for others.
   */
  private deliver (envelope: Envelope): void {
    this.init.onMessage({ ...envelope, data: new Uint8Array(envelope.data) })
  }

  private readonly onStatusChange = (evt: CustomEvent<{ nodeId: NodeId }>): void => {
    this.receiver.release(evt.detail.nodeId)
  }
}
