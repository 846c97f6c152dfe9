import { createIdentities } from '@fisco-libp2p/test-kit'
import { decodeHeard, encodeHeard, FETCH_NAME, HEARD_NAME, TAILS_ENTRY } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import { connect, TestNetwork, until } from './helpers/network.ts'
import { createReliable, numbers, publish, received } from './helpers/reliable.ts'
import type { TestNode } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'

const TOPIC = 'fisco/prices'

describe('the last words of an author', () => {
  let all: Identity[]
  let identities: Identity[]

  before(async () => {
    all = await createIdentities(5, { keyType: 'secp256k1' })
    identities = all.slice(0, 4)
  })

  /**
   * Three messages come everywhere, and are told of by status.
   */
  async function lives (author: TestNode, ...followers: readonly TestNode[]): Promise<void> {
    await publish(author, 3)
    await until(() => followers.every(({ multicasts }) => multicasts.length === 3))
  }

  /**
   * Of four more one node hears alone, nobody tells of them, and then their author is gone.
   */
  async function dies (network: TestNetwork, author: TestNode, hears: TestNode): Promise<void> {
    network.status.freeze(author.nodeId)
    network.bus.loses = ({ to }) => to !== hears.nodeId
    await publish(author, 4, 4)
    await until(() => hears.multicasts.length === 7)
    await author.libp2p.stop()
  }

  it('come to all that have heard it before, if one has them', async () => {
    await using network = new TestNetwork()
    const [author, hears, ...others] = await createReliable(network, identities)

    await lives(author, hears, ...others)
    await dies(network, author, hears)
    await until(() => others.every(({ multicasts }) => multicasts.length === 7))
    expect(others.map(received)).to.deep.equal([numbers(7), numbers(7)])
  })

  it('go from neighbour to neighbour', async () => {
    await using network = new TestNetwork()
    const [author, hears, middle, far] = await createReliable(network, identities, {}, [[0, 1], [1, 2], [2, 3]])

    await lives(author, hears, middle, far)
    await dies(network, author, hears)
    await until(() => far.multicasts.length === 7)
    expect([middle, far].map(received)).to.deep.equal([numbers(7), numbers(7)])
  })

  it('come to who was away, when it is back', async () => {
    await using network = new TestNetwork()
    const [author, hears, away] = await createReliable(network, identities.slice(0, 3))

    await lives(author, hears, away)
    await Promise.all([author, hears].map(async ({ libp2p }) => away.libp2p.hangUp(libp2p.peerId)))
    await dies(network, author, hears)
    expect(received(away)).to.deep.equal(numbers(3))
    await connect(away, hears)
    await until(() => away.multicasts.length === 7)
    expect(received(away)).to.deep.equal(numbers(7))
  })

  it('are told by two for all, not by each to each', async () => {
    await using network = new TestNetwork()
    const random = [0.3, 0.4, 0.95, 0.95]
    const nodes = await Promise.all(all.map(async (identity, i) => network.add(identity, { gossip: { mcacheGossip: 0 }, init: { random: () => random[i - 1] ?? 0 }, prepare: topics => { topics.follow('prices', undefined, { delivery: 'reliable' }) } })))
    const [author, ...followers] = nodes
    let told = 0

    for (const [i, node] of nodes.entries()) {
      await Promise.all(nodes.slice(0, i).map(async other => connect(node, other)))
    }

    network.bus.hears = name => { told += Number(name === HEARD_NAME) }
    await publish(author, 1)
    network.status.freeze(author.nodeId)
    await publish(author, 4, 2)
    await until(() => followers.every(({ multicasts }) => multicasts.length === 5))
    await author.libp2p.stop()
    await until(() => told === 6)
    // those who would have told it later have heard it, and would have by now
    await new Promise(resolve => { setTimeout(resolve, 400) })
    expect(told).to.equal(6)
  })

  it('are asked of who says that it has them, and not believed', async () => {
    await using network = new TestNetwork()
    const [author, liar, follower] = await createReliable(network, identities.slice(0, 3))
    let asked = 0

    liar.libp2p.services.direct.unhandle(FETCH_NAME)
    liar.libp2p.services.direct.handle(FETCH_NAME, async () => {
      asked++

      return Uint8Array.of(18, 2, 1, 2)
    })
    await lives(author, follower)
    const [{ incarnation }] = follower.multicasts
    const lie = async (last: number): Promise<void> => { await liar.libp2p.services.direct.notify(follower.nodeId, HEARD_NAME, encodeHeard({ topic: TOPIC, author: author.nodeId, incarnation, last })) }

    // the author is there, and would tell it itself
    await lie(1_000)
    await author.libp2p.stop()
    await until(() => follower.libp2p.getConnections(author.libp2p.peerId).length === 0)
    expect(asked).to.equal(0)
    await lie(Number.MAX_SAFE_INTEGER)
    await until(() => asked === 1)

    // it goes on to take what is true
    liar.libp2p.services.direct.unhandle(FETCH_NAME)
    await lie(2)
    expect(received(follower)).to.deep.equal(numbers(3))
    expect(asked).to.equal(1)
  })

  it('come from who has them, though another says so, too, and does not answer', async () => {
    await using network = new TestNetwork()
    // what is true is told late, so that the lie is there before it
    const [author, hears, liar, follower] = await createReliable(network, identities, { init: { random: () => 0.99 } })
    const { promise: silence, resolve: end } = Promise.withResolvers<void>()

    await lives(author, hears, liar, follower)
    const { incarnation } = follower.multicasts[0]
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
    liar.libp2p.services.direct.unhandle(FETCH_NAME)
    liar.libp2p.services.direct.handle(FETCH_NAME, async () => {
      isAsked()
      await silence
    })
    await dies(network, author, hears)
    await until(() => follower.libp2p.getConnections(author.libp2p.peerId).length === 0)
    await liar.libp2p.services.direct.notify(follower.nodeId, HEARD_NAME, encodeHeard({ topic: TOPIC, author: author.nodeId, incarnation, last: 1_000 }))
    await asked
    // the true one speaks meanwhile
    await new Promise(resolve => { setTimeout(resolve, 400) })
    end()
    await until(() => follower.multicasts.length === 7)
    expect(received(follower)).to.deep.equal(numbers(7))
  })

  /**
   * Says again and again that it has more, until it is told to stop.
   */
  function lies (liar: TestNode, to: readonly TestNode[], author: TestNode): { stop (): void } {
    const { incarnation } = to[0].multicasts[0]
    const heard = encodeHeard({ topic: TOPIC, author: author.nodeId, incarnation, last: Number.MAX_SAFE_INTEGER })
    const timer = setInterval(() => {
      to.forEach(({ nodeId }) => { liar.libp2p.services.direct.notify(nodeId, HEARD_NAME, heard).catch(() => {}) })
    }, 20)

    return { stop: () => { clearInterval(timer) } }
  }

  it('are told, though one says all the time that it has them', async () => {
    await using network = new TestNetwork()
    const [author, hears, liar, follower] = await createReliable(network, identities, { init: { random: () => 0.5 } })

    await lives(author, hears, liar, follower)
    // so that nobody else has a word to say that would be answered
    await until(() => author.libp2p.services.statusSeq.get(author.nodeId)?.entries.get(TAILS_ENTRY)?.at(-1) === 3)
    liar.libp2p.services.direct.unhandle(FETCH_NAME)
    const { stop } = lies(liar, [hears], author)

    try {
      await dies(network, author, hears)
      await until(() => follower.multicasts.length === 7)
      expect(received(follower)).to.deep.equal(numbers(7))
    } finally {
      stop()
    }
  })

  it('are not told again for each false word', async () => {
    await using network = new TestNetwork()
    const [author, hears, liar, follower] = await createReliable(network, identities)
    let told = 0

    await lives(author, hears, liar, follower)
    await dies(network, author, hears)
    await until(() => [liar, follower].every(({ multicasts }) => multicasts.length === 7))
    // all that is to be told was
    await new Promise(resolve => { setTimeout(resolve, 600) })
    liar.libp2p.services.direct.unhandle(FETCH_NAME)
    network.bus.hears = name => { told += Number(name === HEARD_NAME) }
    const { incarnation } = follower.multicasts[0]

    for (const last of [1_000, 2_000, 3_000]) {
      await liar.libp2p.services.direct.notify(follower.nodeId, HEARD_NAME, encodeHeard({ topic: TOPIC, author: author.nodeId, incarnation, last }))
      await new Promise(resolve => { setTimeout(resolve, 300) })
    }

    // its own words alone
    expect(told).to.equal(3)
  })

  it('are read in any bytes', () => {
    const heard = { topic: TOPIC, author: 'ab'.repeat(32), incarnation: 5, last: 7 }

    expect(decodeHeard(encodeHeard(heard))).to.deep.equal(heard)
    expect(() => decodeHeard(Uint8Array.of(255))).to.throw().with.property('name', 'MalformedMessageError')
    expect(() => decodeHeard(encodeHeard({ ...heard, author: 'ab'.repeat(2_000) }))).to.throw().with.property('name', 'MalformedMessageError')
  })
})
