import { setTimeout as delay } from 'node:timers/promises'
import { BROADCAST_TOPIC, STATUS_ENTRY } from './constants.ts'
import { gossipStreams, isOutgoing } from './gossip-streams.ts'
import { Mesh } from './mesh.ts'
import { VERDICTS } from './receiver.ts'
import { nodeIdOf } from './topology.ts'
import { Watchdog } from './watchdog.ts'
import type { TopicsComponents } from './components.ts'
import type { Directory } from './directory.ts'
import type { Envelope, ReceivedEnvelope } from './envelope.ts'
import type { TopicsInit } from './init.ts'
import type { TopicsMetrics } from './metrics.ts'
import type { PacedStream } from './pacer.ts'
import type { Judgement, Outcome } from './receiver.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { Connection, Logger, PeerId } from '@libp2p/interface'

/**
 * For how long a neighbour is new, how long a message waits for the stream to one, and how often that is looked for, in milliseconds.
 */
const NEW_FOR = 3_000
const STREAM_PATIENCE = 1_000
const STREAM_LOOK = 5

/**
 * What {@link Gossip} works with.
 */
export interface GossipInit {
  self: NodeId
  components: TopicsComponents
  settings: Required<TopicsInit>
  metrics: TopicsMetrics
  directory: Directory
  log: Logger

  /**
   * Judges what gossipsub has received.
   *
   * @param check - says what is wrong with the message on this way, if anything is
   */
  inspect (bytes: Uint8Array, from: string, check: (message: ReceivedEnvelope) => Outcome | undefined): Promise<Judgement>

  /**
   * Called with what was judged as good, when gossipsub has passed it on.
   */
  onMessage (envelope: Envelope, bytes: Uint8Array, from: NodeId | undefined): void
}

/**
 * gossipsub, as far as this protocol uses it: it tells for some seconds which messages there are, and gives them to those who missed them. To subscribers that take no
 * messages by unicast it also brings them.
 */
export class Gossip {
  private readonly init: GossipInit
  private mesh = new Mesh()
  private readonly watchdog: Watchdog

  // what was judged and not delivered yet: gossipsub hands over the same object for both
  private readonly accepted = new WeakMap<object, { envelope: Envelope, from: NodeId | undefined }>()
  private readonly joined = new Set<string>([BROADCAST_TOPIC])
  private isOpen = false
  private hasUnicast = false

  constructor (init: GossipInit) {
    const { components, settings, metrics, log } = init

    this.init = init
    this.watchdog = new Watchdog({
      components,
      log,
      interval: settings.watchdogInterval,
      grace: settings.watchdogGrace,
      isMember: nodeId => components.statusSeq.get(nodeId)?.entries.has(STATUS_ENTRY) === true,
      onRepair: repair => { metrics.repaired(repair) },
      onLook: () => { this.fitMesh() }
    })
  }

  /**
   * Streams over which messages go, besides what is told and repaired.
   */
  get busy (): PacedStream[] {
    const { connectionManager, pubsub } = this.init.components

    return this.mesh.isFull ? gossipStreams(connectionManager.getConnections(), pubsub.protocols).filter(isOutgoing) : []
  }

  /**
   * @param hasUnicast - whether messages also go by unicast
   */
  start (hasUnicast: boolean): void {
    this.hasUnicast = hasUnicast
    this.mesh = new Mesh(this.init.components.pubsub.opts)
    this.init.components.pubsub.addEventListener('gossipsub:message', this.onGossip)
    this.fitMesh()
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
    this.mesh.restore()
    this.watchdog.stop()
    this.init.components.pubsub.removeEventListener('gossipsub:message', this.onGossip)
  }

  join (topic: string): void {
    this.joined.add(topic)

    if (this.isOpen) {
      this.subscribe(topic)
    }
  }

  leave (topic: string): void {
    this.joined.delete(topic)

    if (this.isOpen) {
      this.unsubscribe(topic)
    }
  }

  /**
   * Gives a message to gossipsub.
   *
   * @param bytes - nobody may change them any more
   * @param own - whether this node is the first to have it
   * @returns to whom gossipsub sent it at once
   */
  async tell (topic: string, bytes: Uint8Array, own: boolean): Promise<Array<NodeId | undefined>> {
    const { isFull } = this.mesh

    if (own && isFull) {
      await this.streamsTo(topic)
    }

    // a batch is encoded even if it goes to nobody
    const { recipients } = await this.init.components.pubsub.publish(topic, bytes, { ignoreDuplicatePublishError: true, floodPublish: own || !isFull, batchPublish: isFull })

    return recipients.map(nodeIdOf)
  }

  /**
   * gossipsub opens its stream to a new neighbour some time after it has heard what that follows, and what it would send before is lost to that neighbour.
   */
  private async streamsTo (topic: string): Promise<void> {
    const { components: { connectionManager, pubsub } } = this.init
    const isNew = ({ timeline }: Connection): boolean => Date.now() - timeline.open < NEW_FOR
    const isAwaited = (peerId: PeerId): boolean => {
      const connections = connectionManager.getConnections(peerId)

      return connections.some(isNew) && !gossipStreams(connections, pubsub.protocols).some(isOutgoing)
    }

    for (const end = Date.now() + STREAM_PATIENCE; this.isOpen && Date.now() < end && pubsub.getSubscribers(topic).some(isAwaited);) {
      await delay(STREAM_LOOK)
    }
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

  private readonly judge = async (peerId: PeerId, message: Message): Promise<TopicValidatorResult> => {
    const from = nodeIdOf(peerId)
    const { outcome, envelope } = await this.init.inspect(message.data, from ?? peerId.toString(), ({ topic }) => topic === message.topic ? undefined : 'wrong-topic')

    if (envelope != null) {
      this.accepted.set(message, { envelope, from })
    }

    return VERDICTS[outcome]
  }

  private readonly onGossip = (evt: CustomEvent<{ msg: Message }>): void => {
    const { msg } = evt.detail
    const accepted = this.accepted.get(msg)

    if (accepted != null) {
      this.accepted.delete(msg)
      // after this event gossipsub passes the message on: a slow listener must not hold it up
      queueMicrotask(() => { this.init.onMessage(accepted.envelope, msg.data, accepted.from) })
    }
  }

  /**
   * Looks whether somebody has messages by gossipsub alone.
   */
  private fitMesh (): void {
    const { self, directory, components: { pubsub, statusSeq } } = this.init

    if (!this.hasUnicast) {
      this.mesh.restore()

      return
    }

    const records = statusSeq.snapshot()

    this.mesh.update([...this.joined].some(topic => {
      const carriers = new Set([...directory.carriers(records, topic), self])

      return pubsub.getSubscribers(topic).some(peerId => !carriers.has(nodeIdOf(peerId) ?? ''))
    }), performance.now())
  }
}
