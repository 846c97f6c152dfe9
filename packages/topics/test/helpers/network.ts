import { gossipsubDefaults, topics } from '@fisco-libp2p/topics'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { DirectBus, StatusBoard } from './stand-ins.ts'
import type { StandInDirect, StandInStatus } from './stand-ins.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { BroadcastMessage, PubsubLike, TopicMessage, Topics, TopicsInit } from '@fisco-libp2p/topics'
import type { GossipSub, GossipsubOpts } from '@libp2p/gossipsub'
import type { Identify } from '@libp2p/identify'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

export interface Services extends Record<string, unknown> {
  identify: Identify
  pubsub: GossipSub
  statusSeq: StandInStatus
  direct: StandInDirect
  topics: Topics
}

export interface TestNode {
  libp2p: Libp2p<Services>
  topics: Topics
  nodeId: string

  /**
   * What has arrived, in order.
   */
  multicasts: TopicMessage[]
  broadcasts: BroadcastMessage[]
}

export interface TestNodeOptions {
  init?: TopicsInit
  gossip?: Partial<GossipsubOpts>
  metrics?: Libp2pOptions['metrics']
  logger?: Libp2pOptions['logger']

  /**
   * Whether the node has unicast, and so hands over what gossipsub does not send.
   *
   * @default true
   */
  unicast?: boolean

  /**
   * Called before the node starts.
   */
  prepare? (topics: Topics): void
}

/**
 * Nodes on 127.0.0.1, with real TCP, encryption and gossipsub, and status and unicast in memory.
 */
export class TestNetwork implements AsyncDisposable {
  readonly status = new StatusBoard()
  readonly bus = new DirectBus()
  readonly nodes: TestNode[] = []

  async add (identity: Identity, options: TestNodeOptions = {}): Promise<TestNode> {
    const libp2p = await createLibp2p<Services>({
      privateKey: identity.privateKey,
      metrics: options.metrics,
      logger: options.logger,
      start: false,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      // all nodes share one address
      connectionManager: { inboundConnectionThreshold: 1_000, maxIncomingPendingConnections: 1_000 },
      connectionMonitor: { enabled: false },
      services: {
        identify: identify(),
        pubsub: gossipsub({ ...gossipsubDefaults(), ...options.gossip }),
        statusSeq: this.status.service(),
        // typed as always there: a test that leaves it out does not use it
        ...(options.unicast === false ? {} : { direct: this.bus.service() }) as { direct: ReturnType<DirectBus['service']> },
        topics: topics(options.init)
      }
    })
    const node: TestNode = { libp2p, topics: libp2p.services.topics, nodeId: identity.nodeId, multicasts: [], broadcasts: [] }

    node.topics.addEventListener('topic:message', evt => { node.multicasts.push(evt.detail) })
    node.topics.addEventListener('broadcast:message', evt => { node.broadcasts.push(evt.detail) })
    options.prepare?.(node.topics)
    await libp2p.start()
    this.nodes.push(node)

    return node
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.nodes.map(async ({ libp2p }) => libp2p.stop()))
  }
}

/**
 * Connects two nodes, and waits until both have identified each other over the new connection, gossipsub has streams in
 * both directions, and knows what the other follows.
 */
export async function connect (a: TestNode, b: TestNode): Promise<Connection> {
  const identified = Promise.all([identifies(a, b), identifies(b, a)])
  const connection = await a.libp2p.dial(b.libp2p.getMultiaddrs(), { force: true })

  await identified
  await Promise.all([subscribed(a, b), subscribed(b, a)])
  // gossipsub takes up new connections one after another: let it come to this one
  await new Promise(resolve => { setImmediate(resolve) })

  return connection
}

/**
 * Waits until a node has identified another over a connection that is not there yet.
 */
export async function identifies (node: TestNode, other: TestNode): Promise<void> {
  const before = node.libp2p.getConnections()

  return new Promise(resolve => {
    node.libp2p.addEventListener('peer:identify', function listener ({ detail: { connection, peerId } }) {
      if (peerId.equals(other.libp2p.peerId) && !before.includes(connection)) {
        node.libp2p.removeEventListener('peer:identify', listener)
        resolve()
      }
    })
  })
}

/**
 * Waits for the next heartbeat of gossipsub: one comes each second.
 */
export async function heartbeat (node: TestNode): Promise<void> {
  await new Promise(resolve => { node.libp2p.services.pubsub.addEventListener('gossipsub:heartbeat', resolve, { once: true }) })
}

/**
 * Waits until one node's gossipsub knows what another node follows.
 */
export async function subscribed (node: TestNode, other: TestNode): Promise<void> {
  const topics = other.libp2p.services.pubsub.getTopics()

  await until(() => topics.every(topic => node.libp2p.services.pubsub.getSubscribers(topic).some(peer => peer.equals(other.libp2p.peerId))))
}

/**
 * Waits until something holds that no event tells of.
 */
export async function until (condition: () => boolean, timeout = 9_000): Promise<void> {
  const end = Date.now() + timeout

  while (!condition()) {
    if (Date.now() > end) {
      throw new Error(`It did not come true within ${timeout} ms: ${condition.toString()}`)
    }

    await new Promise(resolve => { setTimeout(resolve, 5) })
  }
}

export const text = (data: Uint8Array): string => Buffer.from(data).toString()

/**
 * Hands bytes to gossipsub as a member can that runs other software: to all who subscribe.
 *
 * @returns how many those are
 */
export async function gossip (node: TestNode, bytes: Uint8Array, topic: string): Promise<number> {
  const pubsub: PubsubLike = node.libp2p.services.pubsub

  if (pubsub.opts != null) {
    pubsub.opts.scoreThresholds = { ...pubsub.opts.scoreThresholds, publishThreshold: -Infinity }
  }

  return (await pubsub.publish(topic, bytes, { floodPublish: true })).recipients.length
}
