import { incarnationOf } from '@fisco-libp2p/identity'
import { NotStartedError } from '@libp2p/interface'
import { BROADCAST_TOPIC, MAX_MESSAGE_BYTES, MESSAGE_NAME, MESSAGE_VERSION, STATUS_ENTRY } from './constants.ts'
import { encodeEnvelope } from './envelope.ts'
import { Gossip } from './gossip.ts'
import { plainTopic } from './names.ts'
import { Offenders } from './offenders.ts'
import { Outlets } from './outlets.ts'
import { Pacer } from './pacer.ts'
import { Receiver } from './receiver.ts'
import { Relays } from './relays.ts'
import { SendQueue } from './send-queue.ts'
import { sequencesOf } from './sequences.ts'
import type { DirectLike, StatusChangeLike, StatusRecordLike, TopicsComponents } from './components.ts'
import type { Directory } from './directory.ts'
import type { Envelope, ReceivedEnvelope } from './envelope.ts'
import type { Received } from './feed.ts'
import type { Question } from './fetch.ts'
import type { TopicsInit } from './init.ts'
import type { TopicsMetrics } from './metrics.ts'
import type { Judgement, Outcome } from './receiver.ts'
import type { Restrictions } from './restrictions.ts'
import type { Sequences } from './sequences.ts'
import type { Topology } from './topology.ts'
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
  topology: Topology
  restrictions: Restrictions

  /**
   * Called once for each message of another node. The bytes and the data are shared with those that they are passed on to.
   */
  onMessage (received: Received): void
}

/**
 * A message that was sent, to how many neighbours, and how many nodes should get it.
 */
export interface Sent extends Received {
  recipients: number
  followers: number
}

/**
 * Options of {@link Carrier.send}.
 */
export interface SendOptions extends AbortOptions {
  /**
   * Whether it goes to all who follow, or is only signed: it will be brought to each one.
   *
   * @default true
   */
  spread?: boolean
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
  private readonly queue: SendQueue
  private direct?: DirectLike
  private isRunning = false
  private readonly joined = new Set<string>([BROADCAST_TOPIC])

  constructor (init: CarrierInit) {
    const { components, identity, settings, metrics, directory, topology, log } = init

    this.init = init
    this.sequences = sequencesOf(components)
    this.receiver = new Receiver({
      self: identity.nodeId,
      networkId: identity.networkId,
      incarnationOf: author => components.statusSeq.get(author)?.incarnation,
      onVerify: () => { metrics.verified() },
      holdTimeout: settings.holdTimeout
    })
    this.outlets = new Outlets({ metrics, log })
    this.relays = new Relays({
      self: identity.nodeId,
      links: () => topology.links,
      carriersOf: topic => topology.carriersOf(topic)
    })
    this.gossip = new Gossip({
      self: identity.nodeId,
      components,
      settings,
      metrics,
      directory,
      log,
      inspect: async (bytes, from, check) => this.inspect(bytes, from, check),
      onMessage: (envelope, bytes, from) => {
        this.passOn(envelope, bytes, from)
        init.onMessage({ envelope, bytes })
      }
    })
    this.queue = new SendQueue(new Pacer(() => [...this.outlets.busy, ...this.gossip.busy]))
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
    return this.queue.waitingBytes + this.outlets.waitingBytes
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
    this.joined.add(topic)

    // whoever speaks gossipsub could have it from there
    if (!this.init.restrictions.has(topic)) {
      this.gossip.join(topic)
    }
  }

  /**
   * @param topic - a gossipsub topic
   */
  leave (topic: string): void {
    this.joined.delete(topic)

    if (!this.init.restrictions.has(topic)) {
      this.gossip.leave(topic)
    }
  }

  /**
   * Takes a message that was brought to this node alone: it is not passed on.
   *
   * @returns `accepted` or `duplicate` if the node has it now
   */
  async take (bytes: Uint8Array, from: NodeId): Promise<Outcome> {
    const { outcome, envelope } = await this.inspect(bytes, from, envelope => this.check(envelope))

    if (envelope != null) {
      this.init.onMessage({ envelope, bytes: new Uint8Array(bytes) })
    }

    // of a number that was seen, the signature was not looked at
    return outcome === 'duplicate' && !await this.receiver.isGenuine(bytes) ? 'bad-signature' : outcome
  }

  /**
   * Judges a message that this node has asked for.
   */
  async judgeMissed (bytes: Uint8Array, question: Question): Promise<Envelope | undefined> {
    return this.receiver.judgeMissed(bytes, question)
  }

  /**
   * Signs data and hands it to the neighbours that follow: one message after another, as fast as they take them.
   *
   * @param topic - a gossipsub topic
   * @param data - nobody else may change it any more
   * @throws PublishQueueFullError if too much waits already
   * @throws NotStartedError if the node stops first
   */
  async send (topic: string, data: Uint8Array, { signal, spread = true }: SendOptions): Promise<Sent> {
    return this.queue.run(data.byteLength, async () => {
      signal?.throwIfAborted()

      if (!this.isRunning) {
        throw new NotStartedError('The node was stopped before the message could be sent')
      }

      return this.sendNow(topic, data, spread)
    })
  }

  private async sendNow (topic: string, data: Uint8Array, spread: boolean): Promise<Sent> {
    const { components, identity, topology, restrictions } = this.init
    // asked for each time: it grows when somebody else turns out to hold a later record of this node
    const incarnation = await incarnationOf(components).get()
    const envelope = { author: identity.nodeId, incarnation, sequence: this.sequences.next(topic), topic, data }
    const bytes = encodeEnvelope(envelope, fields => identity.sign('topic', MESSAGE_VERSION, fields))
    // whom this node reaches itself gets it from nobody else
    const recipients = new Set(spread ? topology.neighboursOf(topic).filter(nodeId => this.outlets.send(nodeId, bytes)) : [])
    const told = spread && !restrictions.has(topic) ? await this.gossip.tell(topic, bytes, true) : []

    return { envelope, bytes, recipients: recipients.size + told.filter(nodeId => nodeId == null || !recipients.has(nodeId)).length, followers: topology.followersOf(topic).length }
  }

  /**
   * A neighbour passes on a message, its own or that of another. Those behind this node may have only this node to get it from.
   */
  private async onUnicast (bytes: Uint8Array, from: NodeId): Promise<void> {
    // what was for some of the followers is brought to each: one of them must not have it spread to all
    const { envelope } = await this.inspect(bytes, from, envelope => plainTopic(envelope.topic) === envelope.topic ? this.check(envelope) : 'wrong-topic')

    if (envelope != null) {
      // all keep what they are given, for longer than the handler of a request may
      const copy = new Uint8Array(bytes)

      this.passOn(envelope, copy, from)
      const told = this.init.restrictions.has(envelope.topic) ? undefined : this.gossip.tell(envelope.topic, copy, false)
      this.init.onMessage({ envelope, bytes: copy })
      await told
    }
  }

  private check ({ topic, author }: ReceivedEnvelope): Outcome | undefined {
    const followed = plainTopic(topic)

    if (!this.joined.has(followed)) {
      return 'wrong-topic'
    }

    return this.init.restrictions.mayPublish(followed, author) ? undefined : 'forbidden'
  }

  private async inspect (bytes: Uint8Array, from: string, check: (message: ReceivedEnvelope) => Outcome | undefined): Promise<Judgement> {
    const { metrics, log } = this.init

    if (this.offenders.isBanned(from, performance.now())) {
      metrics.received('offender')

      return { outcome: 'offender' }
    }

    const judgement = await this.receiver.judge(bytes, from, check)
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
      const neighbours = this.init.topology.neighbours()

      children.filter(nodeId => nodeId !== from && neighbours.has(nodeId)).forEach(nodeId => { this.outlets.send(nodeId, bytes) })
    }
  }

  private readonly onStatusChange = ({ detail: { nodeId, record, previous } }: CustomEvent<StatusChangeLike>): void => {
    // most changes are others: tails alone come once a second from each author
    if (record == null || previous == null || record.chain !== previous.chain || Buffer.compare(followedIn(record), followedIn(previous)) !== 0) {
      this.relays.forget()
    }

    this.receiver.release(nodeId)
  }

  private readonly onStatusGone = (): void => {
    this.relays.forget()
  }
}

function followedIn ({ entries }: StatusRecordLike): Uint8Array {
  return entries.get(STATUS_ENTRY) ?? new Uint8Array(0)
}
