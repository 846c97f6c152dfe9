import { accessGater } from '@fisco-libp2p/access'
import { direct } from '@fisco-libp2p/direct'
import { peers } from '@fisco-libp2p/peers'
import { statusSeq } from '@fisco-libp2p/status-seq'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { caTls } from '@fisco-libp2p/tls'
import { gossipsubDefaults, topics } from '@fisco-libp2p/topics'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { pEvent } from 'p-event'
import type { Identity } from '@fisco-libp2p/identity'
import type { Member } from '@fisco-libp2p/peers'
import type { StatusChange } from '@fisco-libp2p/status-seq'
import type { TopicMessage } from '@fisco-libp2p/topics'
import type { ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

/**
 * Two libp2p nodes with nothing but TLS and one plugin.
 */
async function withPair <T extends ServiceMap> (services: (identity: Identity) => NonNullable<Libp2pOptions<T>['services']>, use: (a: PairNode<T>, b: PairNode<T>) => Promise<void>): Promise<void> {
  const nodes = await Promise.all((await createIdentities(2)).map(async identity => {
    const options: Libp2pOptions<T> = {
      privateKey: identity.privateKey,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [caTls({ identity })],
      streamMuxers: [yamux()],
      services: services(identity)
    }

    return { identity, libp2p: await createLibp2p<T>(options) }
  }))

  try {
    await use(nodes[0], nodes[1])
  } finally {
    await Promise.all(nodes.map(async ({ libp2p }) => libp2p.stop()))
  }
}

interface PairNode<T extends ServiceMap> {
  identity: Identity
  libp2p: Awaited<ReturnType<typeof createLibp2p<T>>>
}

describe('each plugin, composed alone into a libp2p node', () => {
  it('direct', async () => {
    await withPair(() => ({ direct: direct() }), async (a, b) => {
      await a.libp2p.dial(b.libp2p.getMultiaddrs())
      b.libp2p.services.direct.handle('twice', data => Buffer.concat([data, data]))

      expect(Buffer.from(await a.libp2p.services.direct.request(b.identity.nodeId, 'twice', Buffer.from('ab'))).toString()).to.equal('abab')
    })
  })

  it('peers', async () => {
    await withPair(() => ({ peers: peers() }), async (a, b) => {
      const up = pEvent<'peer:up', CustomEvent<Member>>(b.libp2p.services.peers, 'peer:up')
      a.libp2p.services.peers.add(b.libp2p.getMultiaddrs()[0])

      expect((await up).detail.nodeId).to.equal(a.identity.nodeId)
    })
  })

  it('status-seq', async () => {
    await withPair(identity => ({ statusSeq: statusSeq({ identity }) }), async (a, b) => {
      a.libp2p.services.statusSeq.set('height', Uint8Array.of(7))
      const changed = pEvent<'status:change', CustomEvent<StatusChange>>(b.libp2p.services.statusSeq, 'status:change', {
        filter: ({ detail }) => detail.nodeId === a.identity.nodeId && detail.record.entries.has('height')
      })
      await a.libp2p.dial(b.libp2p.getMultiaddrs())

      expect((await changed).detail.record.entries.get('height')).to.deep.equal(Uint8Array.of(7))
    })
  })

  it('topics, with the two services that it stands on', async () => {
    await withPair(identity => ({
      identify: identify(),
      pubsub: gossipsub(gossipsubDefaults()),
      statusSeq: statusSeq({ identity }),
      topics: topics()
    }), async (a, b) => {
      const followed = pEvent(a.libp2p.services.statusSeq, 'status:change', { filter: () => a.libp2p.services.topics.followers('prices').length === 1 })
      const subscribed = pEvent(a.libp2p.services.pubsub, 'subscription-change', { filter: () => a.libp2p.services.pubsub.getSubscribers('fisco/prices').length === 1 })
      b.libp2p.services.topics.follow('prices')
      await a.libp2p.dial(b.libp2p.getMultiaddrs())
      await Promise.all([followed, subscribed])

      const message = pEvent<'topic:message', CustomEvent<TopicMessage>>(b.libp2p.services.topics, 'topic:message')
      await a.libp2p.services.topics.publish('prices', Uint8Array.of(1))

      expect((await message).detail).to.include({ topic: 'prices', author: a.identity.nodeId })
    })
  })

  it('access, and the stack beside a plain libp2p protocol', async () => {
    const [one, two, three] = await createIdentities(3)
    const create = async (identity: Identity, deny: string[] = []): Promise<Awaited<ReturnType<typeof createLibp2p<{ ping: ReturnType<ReturnType<typeof ping>> }>>>> => createLibp2p({
      privateKey: identity.privateKey,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [caTls({ identity })],
      connectionGater: accessGater({ identity, deny }),
      streamMuxers: [yamux()],
      services: { ping: ping() }
    })
    const nodes = await Promise.all([create(one, [three.nodeId]), create(two), create(three)])

    try {
      expect(await nodes[1].services.ping.ping(nodes[0].getMultiaddrs())).to.be.at.least(0)
      const failure = await nodes[2].dial(nodes[0].getMultiaddrs()).catch(err => err)
      expect(failure.message).to.include('is not allowed here')
    } finally {
      await Promise.all(nodes.map(async node => node.stop()))
    }
  })
})
