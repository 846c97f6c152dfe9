import { createIdentities, ErrorLog } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { CountingMetrics } from './helpers/metrics.ts'
import { connect, heartbeat, subscribed, TestNetwork, text, until } from './helpers/network.ts'
import type { TestNode } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { PubsubLike } from '@fisco-libp2p/topics'

describe('multicast and broadcast', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(17, { keyType: 'ed25519' })
  })

  async function fullMesh (network: TestNetwork, count: number): Promise<TestNode[]> {
    const nodes = await Promise.all(identities.slice(0, count).map(async identity => network.add(identity)))

    for (const [i, node] of nodes.entries()) {
      await Promise.all(nodes.slice(0, i).map(async other => connect(node, other)))
    }

    return nodes
  }

  it('a multicast reaches exactly the followers, once each, the author among them', async () => {
    await using network = new TestNetwork()
    const nodes = await Promise.all(identities.slice(0, 5).map(async (identity, i) => network.add(identity, {
      prepare: topics => {
        if (i < 3) {
          topics.follow('prices')
        }
      }
    })))

    for (const [i, node] of nodes.entries()) {
      await Promise.all(nodes.slice(0, i).map(async other => connect(node, other)))
    }

    const followers = nodes.slice(0, 3).map(({ nodeId }) => nodeId).sort()

    nodes.forEach(({ topics }) => { expect(topics.followers('prices')).to.deep.equal(followers) })

    // by a follower, and by one that does not follow
    const own = await nodes[0].topics.publish('prices', Buffer.from('own'))
    const foreign = await nodes[4].topics.publish('prices', Buffer.from('foreign'))

    expect(own).to.deep.include({ sequence: 1, recipients: 2, followers: 2, local: true })
    expect(foreign).to.deep.include({ sequence: 1, recipients: 3, followers: 3, local: false })
    // and one more for everyone, behind them
    await nodes[0].topics.broadcast(Buffer.from('end'))
    await nodes[4].topics.broadcast(Buffer.from('end'))
    await until(() => nodes.every(({ broadcasts }, i) => broadcasts.length === (i === 0 || i === 4 ? 1 : 2)))
    await until(() => nodes.slice(0, 3).every(({ multicasts }) => multicasts.length === 2))

    for (const { multicasts } of nodes.slice(0, 3)) {
      expect(multicasts.map(({ data }) => text(data)).sort()).to.deep.equal(['foreign', 'own'])
      expect(multicasts.find(({ data }) => text(data) === 'own')).to.deep.include({ topic: 'prices', author: nodes[0].nodeId, sequence: 1, incarnation: own.incarnation })
      expect(multicasts.find(({ data }) => text(data) === 'foreign')).to.deep.include({ topic: 'prices', author: nodes[4].nodeId })
    }

    nodes.slice(3).forEach(({ multicasts }) => { expect(multicasts).to.deep.equal([]) })
  })

  it('a broadcast reaches every other node once, 17 nodes on one address', async () => {
    await using network = new TestNetwork()
    const nodes = await fullMesh(network, 17)

    // gossipsub counts the nodes of an address with each heartbeat
    await heartbeat(nodes[0])

    const results = await Promise.all(nodes.map(async ({ topics }, i) => topics.broadcast(Buffer.from(`${i}`))))

    results.forEach(result => { expect(result).to.deep.include({ recipients: 16, followers: 16, local: false }) })
    await until(() => nodes.every(({ broadcasts }) => broadcasts.length >= 16))
    await network[Symbol.asyncDispose]()

    for (const [i, { broadcasts }] of nodes.entries()) {
      const expected = nodes.map((_, j) => `${j}`).filter(name => name !== `${i}`)

      expect(broadcasts.map(({ data }) => text(data)).sort()).to.deep.equal(expected.sort())
      expect(new Set(broadcasts.map(({ author }) => author)).size).to.equal(16)
    }
  })

  it('is relayed by followers to followers that are no neighbours of the author, once each', async () => {
    await using network = new TestNetwork()
    const follow = { prepare: (topics: TestNode['topics']) => { topics.follow('prices') } }
    const nodes = await Promise.all(identities.slice(0, 4).map(async identity => network.add(identity, follow)))

    // a ring: what goes round both ways meets on the far side
    await Promise.all(nodes.map(async (node, i) => connect(node, nodes[(i + 1) % 4])))

    for (let i = 1; i <= 20; i++) {
      expect(await nodes[0].topics.publish('prices', Buffer.from(`${i}`))).to.deep.include({ sequence: i, recipients: 2, followers: 3, local: true })
    }

    await until(() => nodes.every(({ multicasts }) => multicasts.length >= 20))
    await network[Symbol.asyncDispose]()

    for (const { multicasts } of nodes) {
      expect(multicasts.map(({ sequence }) => sequence).sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i + 1))
    }
  })

  it('reaches followers that gossipsub does not know yet, and those behind them, once', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const follow = { prepare: (topics: TestNode['topics']) => { topics.follow('prices') } }
    const author = await network.add(identities[0], { metrics: metrics.factory })
    const [near, far] = await Promise.all(identities.slice(1, 3).map(async identity => network.add(identity, follow)))

    await connect(near, far)
    // connected, and known by status, but without any stream of gossipsub
    await author.libp2p.dial(near.libp2p.getMultiaddrs())
    expect(author.libp2p.services.pubsub.getSubscribers('fisco/prices')).to.deep.equal([])
    expect(await author.topics.publish('prices', Buffer.from('early'))).to.deep.include({ recipients: 1, followers: 2 })
    expect(await author.topics.broadcast(Buffer.from('early'))).to.deep.include({ recipients: 1, followers: 2 })
    await subscribed(author, near)
    await author.topics.publish('prices', Buffer.from('late'))
    await until(() => [near, far].every(({ multicasts, broadcasts }) => multicasts.length === 2 && broadcasts.length === 1))
    await network[Symbol.asyncDispose]()

    for (const { multicasts, broadcasts } of [near, far]) {
      expect(multicasts.map(({ data, author }) => [text(data), author]).sort()).to.deep.equal([['early', author.nodeId], ['late', author.nodeId]])
      expect(broadcasts.map(({ data }) => text(data))).to.deep.equal(['early'])
    }

    expect(metrics.get('fisco_topics_sent_messages_total sent')).to.equal(3)
  })

  it('comes by gossipsub where unicast does not bring it, once', async () => {
    await using network = new TestNetwork()
    const follow = { prepare: (topics: TestNode['topics']) => { topics.follow('prices') } }
    const [author, missed] = await Promise.all(identities.slice(0, 2).map(async identity => network.add(identity, follow)))
    const without = await network.add(identities[2], { ...follow, unicast: false })

    await Promise.all([connect(author, missed), connect(author, without)])
    network.bus.stuck.add(missed.nodeId)
    expect(await author.topics.publish('prices', Buffer.from('hello'))).to.deep.include({ followers: 2 })
    await until(() => [missed, without].every(({ multicasts }) => multicasts.length === 1))
    expect(network.bus.messages).to.deep.equal([])
    // after some seconds it does not have to ask any more
    await until(() => ((author.libp2p.services.pubsub as PubsubLike).opts?.D ?? 0) > 0)
    expect(await author.topics.publish('prices', Buffer.from('again'))).to.deep.include({ recipients: 2, followers: 2 })
    await until(() => without.multicasts.length === 2 && missed.multicasts.length === 2)
    await network[Symbol.asyncDispose]()
    expect(without.multicasts.map(({ data }) => text(data))).to.deep.equal(['hello', 'again'])
    expect(new Set(missed.multicasts.map(({ sequence }) => sequence)).size).to.equal(missed.multicasts.length)
  })

  it('is given to listeners of the topic, whatever some of them do', async () => {
    await using network = new TestNetwork()
    const [a, b] = await Promise.all(identities.slice(0, 2).map(async identity => network.add(identity)))
    const heard: string[] = []

    b.topics.follow('prices', () => { throw new Error('listener') })
    b.topics.follow('prices', async () => { throw new Error('async listener') })
    b.topics.follow('prices', ({ topic, data }) => { heard.push(`${topic}: ${text(data)}`) })
    b.topics.follow('blocks', ({ topic, data }) => { heard.push(`${topic}: ${text(data)}`) })
    await connect(a, b)
    await a.topics.publish('prices', Buffer.from('1'))
    await a.topics.publish('blocks', Buffer.from('2'))
    await until(() => b.multicasts.length === 2)
    expect(heard.sort()).to.deep.equal(['blocks: 2', 'prices: 1'])
  })

  it('does not fill the log where a listener cannot take it', async () => {
    await using network = new TestNetwork()
    const logger = new ErrorLog()
    const [a, b] = await Promise.all([network.add(identities[0]), network.add(identities[1], { logger })])

    b.topics.follow('prices', () => { throw new Error('listener') })
    await connect(a, b)

    for (let i = 0; i < 20; i++) {
      await a.topics.publish('prices', Buffer.from(`${i}`))
    }

    await until(() => b.multicasts.length === 20)
    expect(logger.of('fisco-libp2p:topics').filter(line => line.startsWith('listener of topic prices failed'))).to.have.lengthOf(10)
  })

  it('begins with follow and ends with unfollow, while connected', async () => {
    await using network = new TestNetwork()
    const [a, b] = await Promise.all(identities.slice(0, 2).map(async identity => network.add(identity)))
    const gossip = a.libp2p.services.pubsub
    const changed = async (): Promise<unknown> => new Promise(resolve => { gossip.addEventListener('subscription-change', resolve, { once: true }) })

    await connect(a, b)
    expect(await a.topics.publish('prices', Buffer.from('early'))).to.deep.include({ recipients: 0, followers: 0, local: false })

    let change = changed()

    b.topics.follow('prices')
    await change
    expect(b.topics.following()).to.deep.equal(['prices'])
    expect(a.topics.followers('prices')).to.deep.equal([b.nodeId])
    expect(await a.topics.publish('prices', Buffer.from('heard'))).to.deep.include({ sequence: 2, recipients: 1, followers: 1 })
    await until(() => b.multicasts.length > 0)

    change = changed()
    b.topics.unfollow('prices')
    b.topics.unfollow('prices')
    await change
    expect(b.topics.following()).to.deep.equal([])
    expect(a.topics.followers('prices')).to.deep.equal([])
    expect(await a.topics.publish('prices', Buffer.from('late'))).to.deep.include({ recipients: 0, followers: 0 })
    await a.topics.broadcast(Buffer.from('end'))
    await until(() => b.broadcasts.length > 0)
    expect(b.multicasts.map(({ data }) => text(data))).to.deep.equal(['heard'])
  })

  it('ends for one listener alone, and with the last one', async () => {
    await using network = new TestNetwork()
    const { topics } = await network.add(identities[0])
    const heard: string[] = []
    const [one, two] = ['one', 'two'].map(name => () => { heard.push(name) })

    topics.follow('prices', one)
    topics.follow('prices', two)
    topics.unfollow('prices', one)
    topics.unfollow('prices', () => {})
    await topics.publish('prices', Uint8Array.of(1))
    expect(heard).to.deep.equal(['two'])
    topics.unfollow('prices', two)
    expect(topics.following()).to.deep.equal([])
    // whoever looks at the events, or answers, keeps it
    topics.follow('prices')
    topics.follow('prices', one)
    topics.unfollow('prices', one)
    topics.follow('blocks', one)
    topics.handle('blocks', () => Uint8Array.of(1))
    topics.unfollow('blocks', one)
    expect(topics.following()).to.deep.equal(['blocks', 'prices'])
  })

  it('without any connection reaches the node itself, and says that there is nobody else', async () => {
    await using network = new TestNetwork()
    const node = await network.add(identities[0])

    node.topics.follow('prices')
    expect(await node.topics.publish('prices', Buffer.from('alone'))).to.deep.include({ recipients: 0, followers: 0, local: true })
    expect(node.multicasts.map(({ data, author }) => [text(data), author])).to.deep.equal([['alone', node.nodeId]])
    expect(await node.topics.broadcast(Buffer.from('alone'))).to.deep.include({ recipients: 0, followers: 0, local: false })
    expect(node.broadcasts).to.deep.equal([])
  })

  it('leaves the data of the caller and of other listeners alone', async () => {
    await using network = new TestNetwork()
    const [a, b, c] = await Promise.all(identities.slice(0, 3).map(async identity => network.add(identity)))

    // b passes on to c what a listener of b has changed
    for (const { topics } of [a, b, c]) {
      topics.follow('prices')
    }

    b.topics.follow('prices', ({ data }) => { data.fill(0) })
    await connect(a, b)
    await connect(b, c)

    const data = Buffer.from('data')
    const publishing = a.topics.publish('prices', data)

    data.fill(0)
    await publishing
    await until(() => c.multicasts.length > 0)
    expect(text(c.multicasts[0].data)).to.equal('data')
    expect(text(a.multicasts[0].data)).to.equal('data')
  })
})
