import { createIdentities } from '@fisco-libp2p/test-kit'
import { decodeParcel, DELIVER_NAME, MESSAGE_NAME, routeBetween, signReceipt } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import { CountingMetrics } from './helpers/metrics.ts'
import { connect, TestNetwork, text, until } from './helpers/network.ts'
import type { TestNode } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { Topics } from '@fisco-libp2p/topics'

const follow = { prepare: (topics: Topics) => { topics.follow('prices') } }

async function failure (promise: Promise<unknown>): Promise<Error & { confirmed: string[], missing: string[], cause?: Error }> {
  return promise.then(() => { throw new Error('it did not fail') }, err => err)
}

describe('confirmed messages', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(4, { keyType: 'secp256k1' })
  })

  async function star (network: TestNetwork, followers: number): Promise<TestNode[]> {
    const nodes = await Promise.all(identities.slice(0, followers + 1).map(async (identity, i) => network.add(identity, i === 0 ? {} : follow)))

    await Promise.all(nodes.slice(1).map(async node => connect(nodes[0], node)))

    return nodes
  }

  it('say who has them, when all have, or as many as were asked for', async () => {
    await using network = new TestNetwork()
    const [author, ...followers] = await star(network, 3)
    const nodeIds = followers.map(({ nodeId }) => nodeId).sort()
    const { confirmed, recipients } = await author.topics.publish('prices', Buffer.from('1'), { acks: 'all' })

    expect(confirmed.sort()).to.deep.equal(nodeIds)
    expect(recipients).to.equal(3)
    followers.forEach(({ multicasts }) => { expect(multicasts.map(({ data }) => text(data))).to.deep.equal(['1']) })
    expect((await author.topics.publish('prices', Buffer.from('2'), { acks: 2 })).confirmed).to.have.lengthOf.within(2, 3)
    // those that were not needed get it as well
    await until(() => followers.every(({ multicasts }) => multicasts.length === 2))
    expect((await author.topics.broadcast(Buffer.from('3'), { acks: 'all' })).confirmed.sort()).to.deep.equal(nodeIds)
    expect((await author.topics.publish('nobody', Buffer.from('4'), { acks: 'all' })).confirmed).to.deep.equal([])
    expect((await author.topics.publish('prices', Buffer.from('5'))).confirmed).to.deep.equal([])
  })

  it('fail when time is over, with those who have them and why the others have not', async () => {
    await using network = new TestNetwork()
    const [author, good, bad] = await star(network, 2)

    bad.libp2p.services.direct.unhandle(DELIVER_NAME)

    const err = await failure(author.topics.publish('prices', Buffer.from('1'), { acks: 'all', timeout: 300 }))

    expect(err).to.have.property('name', 'NotConfirmedError')
    expect(err.message).to.match(/^1 of 2 nodes has confirmed within 300 ms, and 2 were asked for: [0-9a-f]{8}… [0-9a-f]{8} is not connected$/)
    expect(err.confirmed).to.deep.equal([good.nodeId])
    expect(err.missing).to.deep.equal([bad.nodeId])
    expect(await failure(author.topics.publish('prices', Buffer.from('2'), { acks: 3, timeout: 100 }))).to.have.property('name', 'NotConfirmedError')
    expect(good.multicasts).to.have.lengthOf(2)
    bad.topics.unfollow('prices')

    // at once: there is nobody to wait for
    const few = await failure(author.topics.publish('prices', Buffer.from('3'), { acks: 2, timeout: 3_600_000 }))

    expect(few.message).to.equal('1 of 1 nodes has confirmed, and 2 were asked for: no other node is known to follow')
  })

  it('are brought again and again, once the follower is back', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await star(network, 1)

    await author.libp2p.hangUp(follower.libp2p.peerId)

    const publishing = Promise.all(Array.from({ length: 100 }, async (_, i) => author.topics.publish('prices', Buffer.from(`${i}`), { acks: 'all', timeout: 9_000 })))

    await until(() => author.libp2p.getConnections().length === 0)
    await connect(author, follower)
    expect((await publishing).every(({ confirmed }) => confirmed.length === 1)).to.equal(true)
    expect(follower.multicasts.map(({ sequence }) => sequence).sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 100 }, (_, i) => i + 1))
  })

  it('come over others to a follower that is no neighbour, which signs for them', async () => {
    await using network = new TestNetwork()
    const [author, one, two, follower] = await Promise.all(identities.map(async (identity, i) => network.add(identity, i === 3 ? follow : {})))

    await connect(author, one)
    await connect(one, two)
    await connect(two, follower)
    expect((await author.topics.publish('prices', Buffer.from('1'), { acks: 'all' })).confirmed).to.deep.equal([follower.nodeId])
    expect(follower.multicasts.map(({ data }) => text(data))).to.deep.equal(['1'])

    // one on the way that says that it arrived
    two.libp2p.services.direct.unhandle(DELIVER_NAME)
    two.libp2p.services.direct.handle(DELIVER_NAME, async () => signReceipt(identities[2], Buffer.from('anything')))

    const err = await failure(author.topics.publish('prices', Buffer.from('2'), { acks: 'all', timeout: 200 }))

    expect(err.message).to.contain('not signed by it')
    expect(err.missing).to.deep.equal([follower.nodeId])
  })

  it('are not passed on in circles, nor taken by who does not follow', async () => {
    await using network = new TestNetwork()
    const [author, node] = await star(network, 1)
    const raw = Buffer.from(node.nodeId, 'hex')
    const { direct } = author.libp2p.services

    expect((await failure(direct.request(node.nodeId, DELIVER_NAME, Buffer.concat([Uint8Array.of(10, raw.length), raw])))).message).to.contain('circle')
    expect(await failure(direct.request(node.nodeId, DELIVER_NAME, Uint8Array.of(10, 1, 1)))).to.have.property('name', 'MalformedMessageError')
    expect((await failure(direct.request(node.nodeId, DELIVER_NAME, Uint8Array.of(18, 1, 1)))).message).to.contain('malformed')
    node.topics.unfollow('prices')
    expect((await failure(author.topics.publishTo('prices', [node.nodeId], Uint8Array.of(1), { timeout: 100 }))).message).to.contain('wrong-topic')
  })

  it('are passed on, though one neighbour lets the node wait with as many as it can', async () => {
    await using network = new TestNetwork()
    const [relay, author, hostile, follower] = await star(network, 3)
    const { direct } = hostile.libp2p.services
    const raw = (nodeId: string): Buffer => Buffer.from(nodeId, 'hex')
    const parcel = (...route: string[]): Buffer => Buffer.concat([...route.map(nodeId => Buffer.concat([Uint8Array.of(10, raw(nodeId).length), raw(nodeId)])), Uint8Array.of(18, 1, 1)])

    author.topics.unfollow('prices')
    hostile.topics.unfollow('prices')
    // over the relay back to itself
    expect((await failure(direct.request(relay.nodeId, DELIVER_NAME, parcel(hostile.nodeId)))).message).to.contain('circle')

    // to one that does not answer
    const { promise: silence, resolve: end } = Promise.withResolvers<void>()

    follower.libp2p.services.direct.unhandle(DELIVER_NAME)
    follower.libp2p.services.direct.handle(DELIVER_NAME, async () => silence)

    const waiting = Promise.allSettled(Array.from({ length: 300 }, async () => direct.request(relay.nodeId, DELIVER_NAME, parcel(follower.nodeId))))

    await new Promise(resolve => { setTimeout(resolve, 50) })
    hostile.topics.follow('prices')
    expect((await author.topics.publishTo('prices', [hostile.nodeId], Buffer.from('1'), { timeout: 5_000 })).confirmed).to.deep.equal([hostile.nodeId])
    end()
    await waiting
  })

  it('go to the followers that are named, and to no others', async () => {
    await using network = new TestNetwork()
    const [author, one, two, three] = await star(network, 3)

    author.topics.follow('prices')
    await author.topics.publish('prices', Buffer.from('all'))

    const { confirmed, local, followers } = await author.topics.publishTo('prices', [one.nodeId, two.nodeId, author.nodeId], Buffer.from('some'))

    expect(confirmed.sort()).to.deep.equal([one, two].map(({ nodeId }) => nodeId).sort())
    expect({ local, followers }).to.deep.equal({ local: true, followers: 2 })
    await author.topics.publish('prices', Buffer.from('all again'))
    await until(() => [author, one, two].every(({ multicasts }) => multicasts.length === 3) && three.multicasts.length === 2)
    expect(one.multicasts.map(({ data, topic }) => [topic, text(data)])).to.deep.equal([['prices', 'all'], ['prices', 'some'], ['prices', 'all again']])
    // numbered apart, so that nobody misses anything
    expect(three.multicasts.map(({ sequence }) => sequence)).to.deep.equal([1, 2])
    expect(await failure(author.topics.publishTo('prices', [], Uint8Array.of(1)))).to.have.property('name', 'InvalidParametersError')
    expect(await failure(author.topics.publishTo('prices', ['xyz'], Uint8Array.of(1)))).to.have.property('name', 'InvalidParametersError')
  })

  it('that went to some are not spread by one of them', async () => {
    await using network = new TestNetwork()
    const [author, one, other] = await star(network, 2)
    let message: Uint8Array = new Uint8Array()

    await connect(one, other)
    one.libp2p.services.direct.unhandle(DELIVER_NAME)
    one.libp2p.services.direct.handle(DELIVER_NAME, async bytes => {
      ({ message } = decodeParcel(bytes))

      return signReceipt(identities[1], message)
    })
    await author.topics.publishTo('prices', [one.nodeId], Buffer.from('secret'))
    await one.libp2p.services.direct.notify(other.nodeId, MESSAGE_NAME, message)
    await author.topics.publish('prices', Buffer.from('all'))
    await until(() => other.multicasts.length > 0)
    expect(other.multicasts.map(({ data }) => text(data))).to.deep.equal(['all'])
  })

  it('end with the caller\'s signal, and with the node; senseless numbers are refused', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await star(network, 1)
    const controller = new AbortController()

    follower.libp2p.services.direct.unhandle(DELIVER_NAME)

    const aborted = failure(author.topics.publish('prices', Uint8Array.of(1), { acks: 'all', signal: controller.signal }))

    await new Promise(resolve => { setImmediate(resolve) })
    controller.abort(new Error('enough'))
    expect(await aborted).to.have.property('message', 'enough')

    for (const options of [{ acks: -1 }, { acks: 1.5 }, { acks: 'some' as 'all' }, { acks: 1, timeout: 0 }]) {
      expect(await failure(author.topics.publish('prices', Uint8Array.of(1), options))).to.have.property('name', 'InvalidParametersError')
    }

    const stopped = failure(author.topics.publish('prices', Uint8Array.of(1), { acks: 'all' }))

    await new Promise(resolve => { setImmediate(resolve) })
    await author.libp2p.stop()
    expect(await stopped).to.have.property('name', 'NotStartedError')
  })

  it('that enough have confirmed do not pile up for one that never does', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const [author, good, silent] = await Promise.all(identities.slice(0, 3).map(async (identity, i) => network.add(identity, i === 0 ? { metrics: metrics.factory } : follow)))
    const { promise: silence, resolve: end } = Promise.withResolvers<void>()

    await connect(author, good)
    await connect(author, silent)
    silent.libp2p.services.direct.unhandle(DELIVER_NAME)
    silent.libp2p.services.direct.handle(DELIVER_NAME, async () => silence)

    for (let i = 0; i < 8_400; i += 100) {
      await Promise.all(Array.from({ length: 100 }, async () => author.topics.publish('prices', Uint8Array.of(1), { acks: 1, timeout: 60_000 })))
    }

    expect(await metrics.gauge('fisco_topics_unconfirmed_messages')).to.equal(0)
    end()
  })

  it('wait in a limited number', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await star(network, 1)

    follower.libp2p.services.direct.unhandle(DELIVER_NAME)

    const publishing = Array.from({ length: 8_192 }, async () => failure(author.topics.publish('prices', Uint8Array.of(1), { acks: 'all', timeout: 3_000 })))

    await author.topics.publish('prices', Uint8Array.of(2))
    expect(await failure(author.topics.publish('prices', Uint8Array.of(1), { acks: 'all' }))).to.have.property('name', 'PublishQueueFullError')
    expect(new Set((await Promise.all(publishing)).map(({ name }) => name))).to.deep.equal(new Set(['NotConfirmedError']))
  })
})

describe('route', () => {
  const links = new Map(Object.entries({ a: 'bc', b: 'ad', c: 'ad', d: 'bce', e: 'd', f: '' }).map(([node, others]) => [node, new Set(others)]))

  it('is the shortest, over nodes that may be on it', () => {
    expect(routeBetween('a', 'b', links, () => true)).to.deep.equal(['b'])
    expect(routeBetween('a', 'e', links, () => true)).to.deep.equal(['b', 'd', 'e'])
    expect(routeBetween('a', 'e', links, node => node !== 'b')).to.deep.equal(['c', 'd', 'e'])
    // the ends are not asked about
    expect(routeBetween('a', 'e', links, node => node === 'c' || node === 'd')).to.deep.equal(['c', 'd', 'e'])
    expect(routeBetween('a', 'e', links, node => node !== 'd')).to.equal(undefined)
    expect(routeBetween('a', 'f', links, () => true)).to.equal(undefined)
  })

  it('is at most 16 links long', () => {
    const line = new Map(Array.from({ length: 30 }, (_, i) => [`${i}`, new Set([`${i - 1}`, `${i + 1}`])]))

    expect(routeBetween('0', '16', line, () => true)).to.have.lengthOf(16)
    expect(routeBetween('0', '17', line, () => true)).to.equal(undefined)
  })
})
