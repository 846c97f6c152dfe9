import { createIdentities } from '@fisco-libp2p/test-kit'
import { decodeFollowed, MAX_FOLLOWED_TOPICS, STATUS_ENTRY, topics } from '@fisco-libp2p/topics'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { CountingMetrics } from './helpers/metrics.ts'
import { connect, gossip, TestNetwork, text, until } from './helpers/network.ts'
import { StatusBoard } from './helpers/stand-ins.ts'
import type { TestNode } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { TopicsComponents, TopicsInit } from '@fisco-libp2p/topics'

async function failure (promise: Promise<unknown>): Promise<Error> {
  return promise.then(() => { throw new Error('it did not fail') }, err => err)
}

describe('topics service', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(2, { keyType: 'ed25519' })
  })

  it('refuses settings out of range', () => {
    const wrong: TopicsInit[] = [
      { requestTimeout: 0 },
      { tryTimeout: -1 },
      { holdTimeout: 1.5 },
      { watchdogInterval: 3_600_001 },
      { watchdogGrace: NaN },
      { random: 4 as unknown as () => number }
    ]

    for (const init of wrong) {
      expect(() => topics(init)({ privateKey: identities[0].privateKey } as unknown as TopicsComponents)).to.throw(Object.keys(init)[0]).with.property('name', 'InvalidParametersError')
    }
  })

  it('refuses a node whose key has no certificate', async () => {
    const privateKey = await generateKeyPair('Ed25519')

    expect(() => topics()({ privateKey } as unknown as TopicsComponents)).to.throw('certificate').with.property('name', 'InvalidParametersError')
  })

  it('refuses a gossipsub that was not composed for it', async () => {
    const node = await createLibp2p({
      privateKey: identities[0].privateKey,
      start: false,
      services: { identify: identify(), pubsub: gossipsub(), statusSeq: new StatusBoard().service(), topics: topics() }
    })
    const err = await failure(Promise.resolve(node.start()))

    expect(err).to.have.property('name', 'IncompatiblePubsubError')
    expect(err.message).to.include('gossipsubDefaults()')
    await node.stop()
  })

  it('refuses to be composed without gossipsub', async () => {
    const err = await failure(createLibp2p({
      privateKey: identities[0].privateKey,
      start: false,
      services: { statusSeq: new StatusBoard().service(), topics: components => topics()(components as unknown as TopicsComponents) }
    }))

    expect(err).to.have.property('name', 'UnmetServiceDependenciesError')
  })

  it('works without direct(), but for requests to others', async () => {
    const board = new StatusBoard()
    const node = await createLibp2p({
      privateKey: identities[0].privateKey,
      services: { identify: identify(), pubsub: gossipsub({ globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true }), statusSeq: board.service(), topics: topics() }
    })

    try {
      board.put({ nodeId: identities[1].nodeId, incarnation: 1, seq: 1, entries: new Map([[STATUS_ENTRY, Uint8Array.of(10, 1, 97)]]) })
      expect(node.services.topics.followers('a')).to.deep.equal([identities[1].nodeId])

      const err = await failure(node.services.topics.request('a', Uint8Array.of(1)))

      expect(err).to.have.property('name', 'NoFollowerError')
      expect(err.message).to.include('direct()')
      node.services.topics.follow('a')
      node.services.topics.handle('a', async () => Uint8Array.of(7))
      expect(await node.services.topics.request('a', Uint8Array.of(1))).to.deep.equal(Uint8Array.of(7))
      expect(await node.services.topics.publish('a', Uint8Array.of(1))).to.deep.include({ followers: 1, recipients: 0, local: true })
    } finally {
      await node.stop()
    }
  })

  it('announces the topics that are followed before and after the start', async () => {
    await using network = new TestNetwork()
    const node = await network.add(identities[0], { prepare: topics => { topics.follow('before') } })
    const announced = (): string[] => [...decodeFollowed(node.libp2p.services.statusSeq.get(node.nodeId)?.entries.get(STATUS_ENTRY) ?? new Uint8Array(0)).names]

    expect(announced()).to.deep.equal(['before'])
    node.topics.follow('after')
    node.topics.follow('after')
    expect(announced()).to.deep.equal(['after', 'before'])
    node.topics.unfollow('before')
    expect(announced()).to.deep.equal(['after'])
    expect(node.topics.following()).to.deep.equal(['after'])
    expect(node.libp2p.services.pubsub.getTopics().sort()).to.deep.equal(['fisco-broadcast', 'fisco/after'])
  })

  it('follows 256 topics, and no more', async () => {
    await using network = new TestNetwork()
    const [a, b] = await Promise.all(identities.map(async identity => network.add(identity)))

    for (let i = 0; i < MAX_FOLLOWED_TOPICS; i++) {
      a.topics.follow(`${i}`)
    }

    expect(() => { a.topics.follow('more') }).to.throw('256 topics').with.property('name', 'TooManyTopicsError')
    expect(a.topics.following()).to.have.lengthOf(MAX_FOLLOWED_TOPICS)
    await connect(a, b)
    expect(await b.topics.publish('255', Uint8Array.of(1))).to.deep.include({ recipients: 1 })
    a.topics.unfollow('0')
    a.topics.follow('more')
  })

  it('refuses names that break a rule', async () => {
    await using network = new TestNetwork()
    const { topics } = await network.add(identities[0])

    for (const call of [() => { topics.follow('a\n') }, () => topics.followers('')]) {
      expect(call).to.throw().with.property('name', 'InvalidTopicError')
    }

    expect(await failure(topics.publish(' a', Uint8Array.of(1)))).to.have.property('name', 'InvalidTopicError')
    expect(await failure(topics.request(' a', Uint8Array.of(1)))).to.have.property('name', 'InvalidTopicError')
    topics.unfollow('a\n')
  })

  it('sends nothing before it is started, after it was stopped, or for a signal that has aborted', async () => {
    await using network = new TestNetwork()
    let early: Promise<Error> | undefined
    const node = await network.add(identities[0], { prepare: topics => { early = failure(topics.publish('a', Uint8Array.of(1))) } })

    expect(await early).to.have.property('name', 'NotStartedError')
    expect(await failure(node.topics.broadcast(Uint8Array.of(1), { signal: AbortSignal.abort(new Error('enough')) }))).to.have.property('message', 'enough')
    await node.libp2p.stop()
    expect(await failure(node.topics.publish('a', Uint8Array.of(1)))).to.have.property('name', 'NotStartedError')
    expect(await failure(node.topics.broadcast(Uint8Array.of(1)))).to.have.property('name', 'NotStartedError')
    expect(await failure(node.topics.request('a', Uint8Array.of(1)))).to.have.property('name', 'NotStartedError')
  })

  it('leaves nothing behind when it stops, however often, and starts again', async () => {
    await using network = new TestNetwork()
    const follow = { prepare: (topics: TestNode['topics']) => { topics.follow('prices') } }
    const [a, b] = await Promise.all(identities.map(async identity => network.add(identity, follow)))
    const { pubsub, statusSeq, direct } = a.libp2p.services
    const counts = (): number[] => [
      pubsub.topicValidators.size,
      listeners(pubsub, 'gossipsub:message'),
      listeners(statusSeq, 'status:change'),
      direct.handled.length,
      listeners((a.libp2p as unknown as { components: { events: EventTarget } }).components.events, 'connection:close')
    ]
    const running = counts()

    expect(running.slice(0, 4)).to.deep.equal([2, 1, 2, 5])
    await connect(a, b)
    network.status.withhold(b.nodeId)
    // one message waits for its author
    await b.topics.publish('prices', Buffer.from('waits'))
    await a.libp2p.stop()
    await a.libp2p.stop()
    expect(counts()).to.deep.equal([0, 0, 0, 0, 0])
    await a.libp2p.start()
    expect(counts()).to.deep.equal(running)
    network.status.hand(b.nodeId)
    await connect(a, b)
    expect(await a.topics.publish('prices', Buffer.from('again'))).to.deep.include({ recipients: 1 })
    await until(() => b.multicasts.some(({ data }) => text(data) === 'again'))
  })

  it('goes on where it was when the node stops and starts again', async () => {
    await using network = new TestNetwork()
    const follow = { prepare: (topics: TestNode['topics']) => { topics.follow('prices') } }
    const metrics = new CountingMetrics()
    const a = await network.add(identities[0], { ...follow, metrics: metrics.factory })
    const b = await network.add(identities[1], follow)

    await connect(a, b)

    const first = await a.topics.publish('prices', Buffer.from('1'))

    await until(() => b.multicasts.length === 1)
    await b.topics.publish('prices', Buffer.from('2'))
    await until(() => a.multicasts.length === 2)
    await a.libp2p.stop()

    const before = metrics.get('fisco_topics_received_messages_total duplicate')

    await a.libp2p.start()
    await connect(a, b)
    // what a has had comes again; gossipsub has forgotten it
    const [{ data }] = network.bus.messages.filter(({ to }) => to === a.nodeId)

    await gossip(b, Buffer.concat([data, Uint8Array.of(0x78, 1)]), 'fisco/prices')
    // more than once, where a heartbeat of gossipsub offers it to the node that it takes for a new one
    await until(() => metrics.get('fisco_topics_received_messages_total duplicate') > before)
    // it is the same incarnation, so no number may come twice
    expect(await a.topics.publish('prices', Buffer.from('3'))).to.deep.include({ sequence: 2, incarnation: first.incarnation })
    await until(() => b.multicasts.length === 3)
    expect(a.multicasts.map(({ data }) => text(data))).to.deep.equal(['1', '2', '3'])
  })
})

function listeners (target: object, type: string): number {
  return (target as { listenerCount(type: string): number }).listenerCount(type)
}
