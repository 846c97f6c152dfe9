import { direct } from '@fisco-libp2p/direct'
import { statusSeq } from '@fisco-libp2p/status-seq'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { caTls } from '@fisco-libp2p/tls'
import { gossipsubDefaults, topics } from '@fisco-libp2p/topics'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { text, until } from './helpers/network.ts'
import type { Direct } from '@fisco-libp2p/direct'
import type { Identity } from '@fisco-libp2p/identity'
import type { StatusSeq } from '@fisco-libp2p/status-seq'
import type { TopicMessage, Topics } from '@fisco-libp2p/topics'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'

interface Services extends Record<string, unknown> {
  identify: Identify
  pubsub: GossipSub
  statusSeq: StatusSeq
  direct: Direct
  topics: Topics
}

interface FullNode {
  libp2p: Libp2p<Services>
  topics: Topics
  nodeId: string
  multicasts: TopicMessage[]
  broadcasts: string[]
}

/**
 * A node as it is composed for a real network: certificates, status, unicast.
 */
async function createNode (identity: Identity): Promise<FullNode> {
  const libp2p = await createLibp2p<Services>({
    privateKey: identity.privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [caTls({ identity })],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 100, maxIncomingPendingConnections: 100 },
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      pubsub: gossipsub(gossipsubDefaults({ members: 4 })),
      statusSeq: statusSeq({ identity }),
      direct: direct(),
      topics: topics()
    }
  })
  const node: FullNode = { libp2p, topics: libp2p.services.topics, nodeId: identity.nodeId, multicasts: [], broadcasts: [] }

  node.topics.addEventListener('topic:message', evt => { node.multicasts.push(evt.detail) })
  node.topics.addEventListener('broadcast:message', evt => { node.broadcasts.push(text(evt.detail.data)) })

  return node
}

/**
 * Waits until every node knows from status who follows a topic, and neighbours know it from gossipsub.
 */
async function settled (nodes: FullNode[], topic: string, followers: FullNode[]): Promise<void> {
  const expected = followers.map(({ nodeId }) => nodeId).sort().join()

  await until(() => nodes.every(({ topics }) => topics.followers(topic).join() === expected))
  await until(() => nodes.every(({ libp2p }) => libp2p.getPeers().every(peer => {
    const other = nodes.find(({ libp2p }) => libp2p.peerId.equals(peer))
    const subscribers = libp2p.services.pubsub.getSubscribers(`fisco/${topic}`)

    return libp2p.services.pubsub.getSubscribers('fisco-broadcast').some(subscriber => subscriber.equals(peer)) &&
      (other == null || !followers.includes(other) || subscribers.some(subscriber => subscriber.equals(peer)))
  })))
}

describe('topics with real status, unicast and certificates', () => {
  it('reach every follower of a network in which not all are neighbours', async () => {
    const consortium = await createConsortium()
    const identities = await consortium.identities(4)
    const nodes = await Promise.all(identities.map(createNode))
    const [a, b, c, d] = nodes

    try {
      // a line: what a says, d hears from c
      await a.libp2p.dial(b.libp2p.getMultiaddrs())
      await b.libp2p.dial(c.libp2p.getMultiaddrs())
      await c.libp2p.dial(d.libp2p.getMultiaddrs())
      nodes.forEach(({ topics }) => { topics.follow('prices') })
      await settled(nodes, 'prices', nodes)

      expect(await a.topics.publish('prices', Buffer.from('1'))).to.deep.include({ recipients: 1, followers: 3, local: true })
      expect(await a.topics.broadcast(Buffer.from('all'))).to.deep.include({ recipients: 1, followers: 3, local: false })
      await until(() => nodes.every(({ multicasts }) => multicasts.length === 1))
      await until(() => nodes.slice(1).every(({ broadcasts }) => broadcasts.length === 1))
      expect(d.multicasts[0]).to.deep.include({ topic: 'prices', author: a.nodeId, sequence: 1 })
      expect(text(d.multicasts[0].data)).to.equal('1')
      expect(a.broadcasts).to.deep.equal([])

      // only one that is a neighbour can be asked: the others are tried, and passed over
      b.topics.handle('prices', async (data, { from }) => Buffer.from(`${text(data)} ${from}`))
      expect(text(await a.topics.request('prices', Buffer.from('?')))).to.equal(`? ${a.nodeId}`)
      b.topics.unhandle('prices')

      const err = await a.topics.request('prices', Buffer.from('?')).then(() => undefined, err => err)

      expect(err).to.have.property('name', 'NoFollowerError')
      expect(err.message).to.include('3 were asked')

      d.topics.unfollow('prices')
      await settled(nodes, 'prices', [a, b, c])
      await d.topics.publish('prices', Buffer.from('2'))
      await until(() => [a, b, c].every(({ multicasts }) => multicasts.length === 2))
      expect(d.multicasts).to.have.lengthOf(1)
    } finally {
      await Promise.all(nodes.map(async ({ libp2p }) => libp2p.stop()))
    }
  })

  it('go on when a node restarts: its numbers begin anew, and are taken', async () => {
    const consortium = await createConsortium()
    const identities = await consortium.identities(2)
    const a = await createNode(identities[0])
    const nodes = [a]

    try {
      a.topics.follow('prices')

      for (const life of [1, 2]) {
        const b = await createNode(identities[1])

        nodes[1] = b
        await b.libp2p.dial(a.libp2p.getMultiaddrs())
        b.topics.follow('prices')
        await settled([a, b], 'prices', [a, b])
        expect(await b.topics.publish('prices', Buffer.from(`life ${life}`))).to.deep.include({ sequence: 1, recipients: 1 })
        await until(() => a.multicasts.length === life)
        await b.libp2p.stop()
      }

      expect(a.multicasts.map(({ data, sequence }) => [text(data), sequence])).to.deep.equal([['life 1', 1], ['life 2', 1]])
      expect(a.multicasts[1].incarnation).to.be.greaterThan(a.multicasts[0].incarnation)
    } finally {
      await Promise.all(nodes.map(async ({ libp2p }) => libp2p.stop()))
    }
  })
})
