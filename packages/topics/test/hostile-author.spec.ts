import { createIdentities } from '@fisco-libp2p/test-kit'
import { decodeAnswer, decodeQuestion, encodeEnvelope, encodeQuestion, Feed, FETCH_NAME, History, MAX_BUFFERED, MESSAGE_VERSION, Sequencer, TAILS_ENTRY, WaitingRoom } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import { FetchResponse, Tails } from '../src/pb/messages.ts'
import { mapAccesses } from './helpers/map-accesses.ts'
import { CountingMetrics } from './helpers/metrics.ts'
import { TestNetwork, until } from './helpers/network.ts'
import { createReliable, numbers, publish, reliable } from './helpers/reliable.ts'
import type { TestNode } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { Received } from '@fisco-libp2p/topics'

const TOPIC = 'fisco/prices'

describe('an author that means harm', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(4, { keyType: 'secp256k1' })
  })

  /**
   * Says in its status that there is more than anybody can fetch.
   */
  function boast ({ libp2p }: TestNode): void {
    libp2p.services.statusSeq.set(TAILS_ENTRY, Tails.encode({ tails: [{ topic: TOPIC, oldest: 1, last: Number.MAX_SAFE_INTEGER }] }))
  }

  it('does not keep followers asking for what it says that there is', async () => {
    await using network = new TestNetwork()
    const [author, follower, other] = await createReliable(network, identities.slice(0, 3))
    let asked = 0

    await publish(author, 1)
    await until(() => [follower, other].every(({ multicasts }) => multicasts.length === 1))
    other.libp2p.services.direct.unhandle(FETCH_NAME)
    other.libp2p.services.direct.handle(FETCH_NAME, async () => {
      asked++

      return new Uint8Array(0)
    })
    boast(author)
    await until(() => asked > 0)
    // as long as it would go on asking
    await new Promise(resolve => { setTimeout(resolve, 3_000) })
    expect(asked).to.be.at.most(20)
  })

  it('does not keep followers asking others, if it gives them one at a time', async () => {
    await using network = new TestNetwork()
    const [author, follower, other] = await createReliable(network, identities.slice(0, 3))
    let asked = 0
    let given = 0

    await publish(author, 1)
    await until(() => [follower, other].every(({ multicasts }) => multicasts.length === 1))
    other.libp2p.services.direct.unhandle(FETCH_NAME)
    other.libp2p.services.direct.handle(FETCH_NAME, async () => {
      asked++

      return new Uint8Array(0)
    })
    author.libp2p.services.direct.unhandle(FETCH_NAME)
    const { incarnation } = follower.multicasts[0]
    author.libp2p.services.direct.handle(FETCH_NAME, async bytes => {
      const { from } = decodeQuestion(bytes)
      const message = encodeEnvelope({ author: author.nodeId, incarnation, sequence: from, topic: TOPIC, data: new Uint8Array(1) }, fields => identities[0].sign('topic', MESSAGE_VERSION, fields))
      given++

      return FetchResponse.encode({ oldest: 1, messages: [new Uint8Array(message)] })
    })
    boast(author)
    await until(() => given > 300)
    expect(asked).to.be.below(10)
  })

  it('does not keep followers from asking others, by letting them wait', async () => {
    await using network = new TestNetwork()
    const [honest, follower, author] = await createReliable(network, identities.slice(0, 3))
    const topics = numbers(20).map(i => `other${i}`)

    topics.forEach(topic => { follower.topics.follow(topic, undefined, reliable) })
    await publish(honest, 1)
    await until(() => follower.multicasts.length === 1)
    author.libp2p.services.direct.unhandle(FETCH_NAME)
    author.libp2p.services.direct.handle(FETCH_NAME, async (_, { signal }) => new Promise((_resolve, reject) => { signal.addEventListener('abort', reject) }))
    author.libp2p.services.statusSeq.set(TAILS_ENTRY, Tails.encode({ tails: topics.map(topic => ({ topic: `fisco/${topic}`, oldest: 1, last: 5 })) }))
    await new Promise(resolve => { setTimeout(resolve, 500) })
    network.bus.loses = () => true
    await publish(honest, 3, 2)
    await until(() => follower.multicasts.length === 4)
  })

  it('is given what it asks for again and again at a bounded rate', async () => {
    await using network = new TestNetwork()
    const [author, follower] = await createReliable(network, identities.slice(0, 2))
    const data = new Uint8Array(1_000_000)

    await author.topics.publish('prices', data, reliable)
    await author.topics.publish('prices', data, reliable)
    await until(() => follower.multicasts.length === 2)
    const { incarnation } = follower.multicasts[0]
    const question = encodeQuestion({ topic: TOPIC, author: author.nodeId, incarnation, from: 1, to: 2 })
    const given: number[] = []

    for (let i = 0; i < 40; i++) {
      given.push(decodeAnswer(await follower.libp2p.services.direct.request(author.nodeId, FETCH_NAME, question)).messages.length)
    }

    expect(given.slice(0, 15)).to.deep.equal(numbers(15).map(() => 2))
    // it gets on all the same
    expect(given.slice(-5)).to.include(1).and.to.not.include(0)
  })

  it('does not block followers with what it begins anew: that grows as what waits does', () => {
    const message = (incarnation: number, sequence: number): Received => ({ envelope: { author: 'a', topic: TOPIC, incarnation, sequence, data: new Uint8Array(0) }, bytes: new Uint8Array(1) })
    const workFor = (waiting: number): number => {
      const feed = new Feed(TOPIC, 'a', 1, { oldest: 1, last: 0 }, { onMessage: () => {}, onGap: () => {} })

      for (let i = 1; i <= waiting; i++) {
        feed.accept(message(1, 2 * i), undefined, 0)
      }

      return mapAccesses(() => { feed.look(2, undefined, 0) })
    }

    const few = workFor(MAX_BUFFERED / 4)

    // sixteen times as much where each step looks at all
    expect(few).to.be.above(MAX_BUFFERED / 4)
    expect(workFor(MAX_BUFFERED)).to.be.below(5 * few)
  })

  it('does not fill the room of others by leaving out messages on many topics', () => {
    const handed: number[] = []
    const room = new WaitingRoom()
    const message = (feed: Feed, sequence: number): Received => ({ envelope: { author: feed.author, topic: feed.topic, incarnation: 1, sequence, data: new Uint8Array(0) }, bytes: new Uint8Array(4_000) })
    const feedOf = (author: string, topic: string): Feed => {
      return new Feed(topic, author, 1, { oldest: 1, last: 0 }, { onMessage: ({ envelope }) => { if (envelope.author === 'honest') handed.push(envelope.sequence) }, onGap: () => {} }, room.of(author))
    }

    const offer = (feed: Feed, count: number): void => { numbers(count, 2).forEach(sequence => { feed.accept(message(feed, sequence), undefined, 0) }) }
    const feeds = numbers(4).flatMap(i => numbers(3).map(topic => feedOf(`author${i}`, `${topic}`)))

    // what one takes on all of its topics is no more than a ninth of all
    feeds.slice(0, 3).forEach(feed => { offer(feed, MAX_BUFFERED) })
    expect(room.taken.messages).to.equal(Math.floor(16_384 / 9))
    feeds.slice(3).forEach(feed => { offer(feed, MAX_BUFFERED) })
    expect(room.taken.messages).to.be.within(6_000, 6_200)

    // there is room for another
    const honest = feedOf('honest', 'prices')

    offer(honest, MAX_BUFFERED - 1)
    honest.accept(message(honest, 1), undefined, 0)
    expect(handed).to.deep.equal(numbers(MAX_BUFFERED))

    // it is free again when they give up
    feeds.forEach(feed => { feed.look(2, undefined, 0) })
    expect(room.taken).to.deep.equal({ messages: 0, bytes: 0 })
  })

  it('finds no room for long messages beyond that, and what had none is fetched', () => {
    const room = new WaitingRoom({ bytes: 9_000 })
    const sequencer = new Sequencer<number>(room.of('a'))

    sequencer.begin(1)
    numbers(4, 2).forEach(sequence => { sequencer.accept(sequence, sequence, 400) })
    expect(room.taken).to.deep.equal({ messages: 2, bytes: 800 })
    // what comes next needs no room
    expect(sequencer.accept(1, 1, 5_000)).to.deep.equal([1, 2, 3])
    expect(sequencer.missing).to.deep.equal({ from: 4, to: 5 })
    expect(room.taken).to.deep.equal({ messages: 0, bytes: 0 })
  })

  it('takes no more room when its topic is not followed any more', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const [author, follower] = await createReliable(network, identities.slice(0, 2), { metrics: metrics.factory })
    const answered = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const give = async (): Promise<unknown[]> => Promise.all(['messages', 'bytes'].map(async unit => metrics.gauge(`fisco_topics_unordered_${unit}`)))

    await publish(author, 1)
    await until(() => follower.multicasts.length === 1)
    author.libp2p.services.direct.unhandle(FETCH_NAME)
    author.libp2p.services.direct.handle(FETCH_NAME, async () => {
      asked.resolve()
      await answered.promise

      return FetchResponse.encode({ oldest: 1, messages: [] })
    })
    network.bus.loses = () => true
    await publish(author, 1, 2)
    network.bus.loses = undefined
    await publish(author, 1, 3)
    await asked.promise

    const [messages, bytes] = await give()

    expect(messages).to.equal(1)
    expect(bytes).to.be.within(100, 1_000)
    follower.topics.unfollow('prices')
    answered.resolve()
    expect(await give()).to.deep.equal([0, 0])
  })

  it('does not push others out of the history', () => {
    const history = new History({ messages: 10 })

    for (const sequence of numbers(5)) {
      history.add({ author: 'a', topic: TOPIC, incarnation: 1, sequence }, new Uint8Array(1))
    }

    for (const incarnation of numbers(20)) {
      history.add({ author: 'b', topic: TOPIC, incarnation, sequence: 1 }, new Uint8Array(1))
    }

    expect(history.get({ author: 'a', topic: TOPIC, incarnation: 1, sequence: 1 }, 5, 10, 100)).to.have.lengthOf(5)
  })

  it('does not make the history slow: what it adds costs the same, however much is kept', () => {
    const author = 'ab'.repeat(64)
    const workFor = (messages: number): number => {
      const history = new History({ messages })
      const add = (incarnation: number): void => { history.add({ author, topic: TOPIC, incarnation, sequence: 1 }, new Uint8Array(1)) }

      numbers(messages).forEach(add)

      return mapAccesses(() => { numbers(100, messages + 1).forEach(add) })
    }

    const few = workFor(500)

    expect(few).to.be.above(100)
    expect(workFor(10_000)).to.equal(few)
  })
})
