import { createIdentities } from '@fisco-libp2p/test-kit'
import { FETCH_NAME, MESSAGE_NAME } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import { CountingMetrics } from './helpers/metrics.ts'
import { connect, TestNetwork, text, until } from './helpers/network.ts'
import { createReliable, numbers, publish, received, reliable } from './helpers/reliable.ts'
import type { TestNode, TestNodeOptions } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { TopicGap, TopicsInit } from '@fisco-libp2p/topics'

describe('reliable topics', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(4, { keyType: 'secp256k1' })
  })

  async function create (network: TestNetwork, followers: number, init: TopicsInit = {}, options: TestNodeOptions = {}): Promise<TestNode[]> {
    return createReliable(network, identities.slice(0, followers + 1), { init, ...options })
  }

  function gapsOf ({ topics }: TestNode): TopicGap[] {
    const gaps: TopicGap[] = []

    topics.addEventListener('topic:gap', ({ detail }) => { gaps.push(detail) })

    return gaps
  }

  it('fetch what was lost on the way, and give it in order', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const [author, follower] = await create(network, 1, {}, { metrics: metrics.factory })
    const gaps = gapsOf(follower)
    let count = 0

    // two of three
    network.bus.loses = () => count++ % 3 !== 0
    await publish(author, 50)
    network.bus.loses = undefined
    await until(() => follower.multicasts.length === 50)
    expect(received(follower)).to.deep.equal(numbers(50))
    expect(metrics.get('fisco_topics_fetched_messages_total')).to.be.at.least(30)
    expect(gaps).to.deep.equal([])
  })

  it('leave others their turn while many messages of one answer are judged', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await create(network, 1)
    let inTurn = 0
    let most = 0

    follower.topics.addEventListener('topic:message', () => {
      most = Math.max(most, ++inTurn)
      setImmediate(() => { inTurn = 0 })
    })
    await publish(author, 1)
    network.bus.loses = () => true
    await publish(author, 300, 2)
    await until(() => follower.multicasts.length === 301)
    expect(most).to.be.within(2, 32)
  })

  it('notice a lost end by the author\'s status', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await create(network, 1)

    await publish(author, 3)
    network.bus.loses = () => true
    await publish(author, 7, 4)
    await until(() => follower.multicasts.length === 10)
    expect(received(follower)).to.deep.equal(numbers(10))
  })

  it('fetch from another follower what the author cannot give', async () => {
    await using network = new TestNetwork()
    const [author, lucky, follower] = await create(network, 2)

    network.bus.loses = ({ to }) => to === follower.nodeId
    await publish(author, 20)
    await until(() => lucky.multicasts.length === 20)
    // before the follower could ask
    author.libp2p.services.direct.unhandle(FETCH_NAME)
    network.bus.loses = undefined
    await publish(author, 1, 21)
    await until(() => follower.multicasts.length === 21)
    expect(received(follower)).to.deep.equal(numbers(21))
  })

  it('tell of what nobody keeps any more', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await create(network, 1, { history: { messages: 5 } })
    const gaps = gapsOf(follower)
    const order: string[] = []

    follower.topics.addEventListener('topic:gap', () => { order.push('gap') })
    follower.topics.addEventListener('topic:message', ({ detail }) => { order.push(text(detail.data)) })
    await publish(author, 2)
    await until(() => follower.multicasts.length === 2)
    follower.libp2p.services.direct.unhandle(MESSAGE_NAME)
    await publish(author, 10, 3)
    await until(() => follower.multicasts.length === 7)
    expect(received(follower)).to.deep.equal([1, 2, 8, 9, 10, 11, 12])
    expect(gaps).to.deep.equal([{ topic: 'prices', author: author.nodeId, incarnation: follower.multicasts[0].incarnation, from: 3, to: 7 }])
    expect(order).to.deep.equal(['1', '2', 'gap', '8', '9', '10', '11', '12'])
  })

  it('tell of what is lost of an author that keeps nothing', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await create(network, 1)
    const gaps = gapsOf(follower)

    await author.topics.publish('prices', Buffer.from('1'))
    await until(() => follower.multicasts.length === 1)
    network.bus.loses = () => true
    await author.topics.publish('prices', Buffer.from('2'))
    network.bus.loses = undefined
    await author.topics.publish('prices', Buffer.from('3'))
    await until(() => follower.multicasts.length === 2)
    expect(received(follower)).to.deep.equal([1, 3])
    expect(gaps.map(({ from, to }) => [from, to])).to.deep.equal([[2, 2]])
  })

  it('begin with what is published after an author was met', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await create(network, 1)

    await publish(author, 5)
    await until(() => follower.multicasts.length === 5)

    // the author's tail is told once a second
    const tail = (): number => author.libp2p.services.statusSeq.get(author.nodeId)?.entries.get('fisco/topics/tails')?.at(-1) ?? 0

    await until(() => tail() === 5)

    const late = await network.add(identities[2], { gossip: { mcacheGossip: 0 }, prepare: topics => { topics.follow('prices', undefined, reliable) } })

    await connect(author, late)
    await publish(author, 3, 6)
    await until(() => late.multicasts.length === 3)
    expect(received(late)).to.deep.equal([6, 7, 8])
  })

  it('begin with all that an author has published since it was met, though its status comes late', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await create(network, 1)
    const gaps = gapsOf(follower)

    // nothing comes through, neither messages nor status
    network.status.freeze(author.nodeId)
    network.bus.loses = () => true
    await publish(author, 10)
    network.bus.loses = undefined
    await publish(author, 1, 11)
    await until(() => follower.multicasts.length === 11)
    expect(received(follower)).to.deep.equal(numbers(11))
    expect(gaps).to.deep.equal([])
  })

  it('go on with an author that starts anew', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await create(network, 1)
    const gaps = gapsOf(follower)

    await publish(author, 3)
    await until(() => follower.multicasts.length === 3)
    await author.libp2p.stop()

    const again = await network.add(identities[0], { gossip: { mcacheGossip: 0 } })
    let count = 0

    await connect(again, follower)
    network.bus.loses = () => count++ % 2 === 0
    await publish(again, 6, 101)
    await until(() => follower.multicasts.length === 9)
    expect(received(follower)).to.deep.equal([1, 2, 3, ...numbers(6, 101)])
    expect(gaps).to.deep.equal([])
  })

  it('go on behind what their author was asked for and does not have', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await create(network, 1)
    const gaps = gapsOf(follower)

    await publish(author, 1)
    network.bus.loses = () => true
    // no part of what it keeps, though numbered among that
    await author.topics.publish('prices', Buffer.from('2'))
    network.bus.loses = undefined
    await publish(author, 3, 3)
    await until(() => follower.multicasts.length === 4)
    expect(received(follower)).to.deep.equal([1, 3, 4, 5])
    expect(gaps.map(({ from, to }) => [from, to])).to.deep.equal([[2, 2]])
  })

  it('take nothing from a node that answers with what was not asked for', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const [author, liar, follower] = await create(network, 2, {}, { metrics: metrics.factory })
    let asked = 0

    author.libp2p.services.direct.unhandle(FETCH_NAME)
    liar.libp2p.services.direct.unhandle(FETCH_NAME)
    liar.libp2p.services.direct.handle(FETCH_NAME, async () => {
      asked++

      // one message: a true one, of another number
      return Buffer.concat([Uint8Array.of(18), varint(network.bus.messages[0].data.byteLength), network.bus.messages[0].data])
    })
    await publish(author, 1)
    await until(() => follower.multicasts.length === 1)
    network.bus.loses = () => true
    await publish(author, 1, 2)
    await until(() => asked > 1)
    expect(received(follower)).to.deep.equal([1])
    expect(metrics.get('fisco_topics_fetched_messages_total')).to.equal(0)
  })

  it('are at most 96 for an author', async () => {
    await using network = new TestNetwork()
    const author = await network.add(identities[0])

    for (const i of numbers(96)) {
      await author.topics.publish(`${i}`.padStart(128, 'x'), Uint8Array.of(1), reliable)
    }

    const err = await author.topics.publish('one more', Uint8Array.of(1), reliable).catch(err => err)

    expect(err).to.have.property('name', 'TooManyTopicsError')
    // the others go on
    await author.topics.publish(`${96}`.padStart(128, 'x'), Uint8Array.of(1), reliable)
    await author.topics.publish('one more', Uint8Array.of(1))
  })
})

function varint (value: number): Uint8Array {
  return value < 128 ? Uint8Array.of(value) : Uint8Array.of(value & 127 | 128, value >> 7)
}
