import { incarnationOf } from '@fisco-libp2p/identity'
import { NotStartedError } from '@libp2p/interface'
import { MAX_MESSAGE_BYTES, MAX_WAITING_BYTES, MESSAGE_NAME, MESSAGE_VERSION } from './constants.ts'
import { encodeEnvelope } from './envelope.ts'
import { PublishQueueFullError } from './errors.ts'
import { Gossip } from './gossip.ts'
import { Offenders } from './offenders.ts'
import { Outlets } from './outlets.ts'
import { Pacer } from './pacer.ts'
import { Receiver } from './receiver.ts'
import { Relays } from './relays.ts'
import { sequencesOf } from './sequences.ts'
import type { TopicsInit } from './api.ts'
import type { DirectLike, TopicsComponents } from './components.ts'
import type { Directory } from './directory.ts'
import type { Envelope, ReceivedEnvelope } from './envelope.ts'
import type { TopicsMetrics } from './metrics.ts'
import type { Judgement } from './receiver.ts'
import type { Sequences } from './sequences.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, Logger } from '@libp2p/interface'

/**
 * What a {@link Carrier} works with.
 */
export interface CarrierInit {
  components: TopicsComponents
  identity: Identity
  settings: Required<TopicsInit>
  metrics: TopicsMetrics
  directory: Directory
  log: Logger

  /**
   * Called once for each message of another node.
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
 * Carries signed messages: along a tree of those who follow, by unicast, and by gossipsub to whoever missed one, or takes none by unicast. Signs what goes out, judges
 * what comes in.
 */
export class Carrier {
  private readonly init: CarrierInit
  private readonly receiver: Receiver
  private readonly outlets: Outlets
  private readonly relays: Relays
  private readonly gossip: Gossip
  private readonly offenders = new Offenders()
  private readonly sequences: Sequences
  private readonly pacer: Pacer
  private direct?: DirectLike

  // messages are sent in the order of the calls
  private turn: Promise<void> = Promise.resolve()
  private waiting = 0
  private isRunning = false

  constructor (init: CarrierInit) {
    const { components, identity, settings, metrics, directory, log } = init

    this.init = init
    this.sequences = sequencesOf(components)
    this.receiver = new Receiver({
      self: identity.nodeId,
      networkId: identity.networkId,
      incarnationOf: author => components.statusSeq.get(author)?.incarnation,
      onVerify: () => { metrics.verified() },
      holdTimeout: settings.holdTimeout
    })
    this.outlets = new Outlets({ components, metrics, log })
    this.relays = new Relays({
      self: identity.nodeId,
      links: () => components.statusSeq.links(),
      carriersOf: topic => directory.carriers(components.statusSeq.snapshot(), topic)
    })
    this.gossip = new Gossip({
      self: identity.nodeId,
      components,
      settings,
      metrics,
      directory,
      log,
      inspect: async (bytes, from, belongs) => this.inspect(bytes, from, belongs),
      onMessage: (envelope, bytes, from) => {
        this.passOn(envelope, bytes, from)
        this.deliver(envelope)
      }
    })
    this.pacer = new Pacer(() => [...this.outlets.busy, ...this.gossip.busy])
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
    return this.waiting + this.outlets.waitingBytes
  }

  /**
   * Authors and topics of which a replay window is kept.
   */
  get windows (): number {
    return this.receiver.windows
  }

  start (direct: DirectLike | undefined): void {
    const { statusSeq } = this.init.components

    this.isRunning = true
    this.direct = direct
    statusSeq.addEventListener('status:change', this.onStatusChange)
    statusSeq.addEventListener('status:gone', this.onStatusGone)
    direct?.handle(MESSAGE_NAME, async (bytes, { from }) => { await this.onUnicast(bytes, from) }, { maxMessageSize: MAX_MESSAGE_BYTES })
    this.outlets.start(direct)
    this.gossip.start(direct != null)
  }

  /**
   * gossipsub is started.
   */
  open (): void {
    this.gossip.open()
  }

  /**
   * gossipsub will stop.
   */
  close (): void {
    this.gossip.close()
  }

  stop (): void {
    const { statusSeq } = this.init.components

    this.isRunning = false
    this.direct?.unhandle(MESSAGE_NAME)
    this.direct = undefined
    this.outlets.stop()
    this.gossip.stop()
    statusSeq.removeEventListener('status:change', this.onStatusChange)
    statusSeq.removeEventListener('status:gone', this.onStatusGone)
    this.receiver.stop()
  }

  /**
   * @param topic - a gossipsub topic
   */
  join (topic: string): void {
    this.gossip.join(topic)
  }

  /**
   * @param topic - a gossipsub topic
   */
  leave (topic: string): void {
    this.gossip.leave(topic)
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
    const { components, identity, directory } = this.init
    // asked for each time: it grows when somebody else turns out to hold a later record of this node
    const incarnation = await incarnationOf(components).get()
    const envelope = { author: identity.nodeId, incarnation, sequence: this.sequences.next(topic), topic, data }
    const bytes = encodeEnvelope(envelope, fields => identity.sign('topic', MESSAGE_VERSION, fields))
    const followers = directory.followers(components.statusSeq.snapshot(), topic).filter(nodeId => nodeId !== identity.nodeId)
    const recipients = new Set(this.fanOut(topic, bytes))

    const others = (await this.gossip.tell(topic, bytes, true)).filter(nodeId => nodeId == null || !recipients.has(nodeId))

    return { envelope, recipients: recipients.size + others.length, followers: followers.length }
  }

  /**
   * Sends an own message to every neighbour that follows: whom this node reaches itself gets it from nobody else.
   */
  private fanOut (topic: string, bytes: Uint8Array): NodeId[] {
    const { components, directory } = this.init
    const neighbours = this.outlets.neighbours()

    return directory.carriers(components.statusSeq.snapshot(), topic).filter(nodeId => neighbours.has(nodeId) && this.outlets.send(nodeId, bytes))
  }

  /**
   * A neighbour passes on a message, its own or that of another. Those behind this node may have only this node to get it from.
   */
  private async onUnicast (bytes: Uint8Array, from: NodeId): Promise<void> {
    const { envelope } = await this.inspect(bytes, from, ({ topic }) => this.gossip.has(topic))

    if (envelope != null) {
      // both keep what they are given, for longer than the handler of a request may
      const copy = new Uint8Array(bytes)

      this.passOn(envelope, copy, from)
      const told = this.gossip.tell(envelope.topic, copy, false)
      this.deliver(envelope)
      await told
    }
  }

  private async inspect (bytes: Uint8Array, from: string, belongs: (message: ReceivedEnvelope) => boolean): Promise<Judgement> {
    const { metrics, log } = this.init

    if (this.offenders.isBanned(from, performance.now())) {
      metrics.received('offender')

      return { outcome: 'offender' }
    }

    const judgement = await this.receiver.judge(bytes, belongs)
    const { outcome, author, envelope } = judgement

    metrics.received(outcome)

    if (envelope == null) {
      log('message by %s, from %s: %s', author ?? 'nobody', from, outcome)
    }

    if ((outcome === 'malformed' || outcome === 'bad-signature') && this.offenders.add(from, performance.now())) {
      log.error('node %s passes on messages that are %s: it is not listened to for a minute', from, outcome)
    }

    return judgement
  }

  /**
   * Sends a message to those who have it from this node.
   */
  private passOn ({ author, topic }: Envelope, bytes: Uint8Array, from: NodeId | undefined): void {
    const children = this.relays.childrenOf(author, topic)

    if (children.length > 0) {
      const neighbours = this.outlets.neighbours()

      children.filter(nodeId => nodeId !== from && neighbours.has(nodeId)).forEach(nodeId => { this.outlets.send(nodeId, bytes) })
    }
  }

  /**
   * A listener that changes the data must not spoil it for others.
   */
  private deliver (envelope: Envelope): void {
    this.init.onMessage({ ...envelope, data: new Uint8Array(envelope.data) })
  }

  private readonly onStatusChange = (evt: CustomEvent<{ nodeId: NodeId }>): void => {
    this.relays.forget()
    this.receiver.release(evt.detail.nodeId)
  }

  private readonly onStatusGone = (): void => {
    this.relays.forget()
  }
}
