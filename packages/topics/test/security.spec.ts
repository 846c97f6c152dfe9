import { createConsortium } from '@fisco-libp2p/test-kit'
import { encodeEnvelope, MAX_DATA_BYTES, MAX_OFFENCES, MESSAGE_NAME, MESSAGE_VERSION } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import { CountingMetrics } from './helpers/metrics.ts'
import { connect, gossip, TestNetwork, text, until } from './helpers/network.ts'
import type { TestNode } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { Consortium } from '@fisco-libp2p/test-kit'
import type { BroadcastMessage, Envelope } from '@fisco-libp2p/topics'

const TOPIC = 'fisco/prices'
const follow = { prepare: (topics: TestNode['topics']) => { topics.follow('prices') } }

describe('messages that are not what they seem', () => {
  let consortium: Consortium
  let identities: Identity[]

  before(async () => {
    // the keys of FISCO BCOS 2.x
    consortium = await createConsortium()
    identities = await consortium.identities(4)
  })

  /**
   * Hands bytes to gossipsub as a member can that runs other software.
   */
  async function inject (node: TestNode, bytes: Uint8Array, topic: string = TOPIC, neighbours = 1): Promise<void> {
    expect(await gossip(node, bytes, topic)).to.equal(neighbours)
  }

  function encode (signer: Identity, author: string, incarnation: number, fields: Partial<Envelope> = {}): Uint8Array {
    return encodeEnvelope({ author, incarnation, sequence: 1, topic: TOPIC, data: Buffer.from('forged'), ...fields }, fields => signer.sign('topic', MESSAGE_VERSION, fields))
  }

  it('are not delivered, and do not keep the true one out', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const [author, liar] = await Promise.all(identities.slice(0, 2).map(async identity => network.add(identity, follow)))
    const reader = await network.add(identities[2], { ...follow, metrics: metrics.factory })
    // not below that of any of them, whoever started first
    const incarnation = Date.now()

    await connect(liar, reader)
    // in the name of another
    await inject(liar, encode(identities[1], author.nodeId, incarnation))
    // a node of another chain, under the same CA
    const stranger = await consortium.identity({ name: 'stranger', chainId: '2' })

    await inject(liar, encode(stranger, liar.nodeId, incarnation, { sequence: 2 }))
    await inject(liar, encodeEnvelope({ author: liar.nodeId, incarnation, sequence: 3, topic: TOPIC, data: Buffer.from('forged') }, fields => identities[1].sign('status', MESSAGE_VERSION, fields)))
    // in its own name, but for another topic
    await inject(liar, encode(identities[1], liar.nodeId, incarnation, { topic: 'fisco/blocks' }))
    await inject(liar, Buffer.from('no message'))
    // all of them, before the true one comes from somebody else: what two neighbours send has no order
    await until(() => ['bad-signature', 'wrong-topic', 'malformed'].reduce((sum, outcome) => sum + metrics.get(`fisco_topics_received_messages_total ${outcome}`), 0) === 5)
    // the true one: the first that the author signs, as an earlier one could come by gossip as well
    await connect(author, reader)
    await author.topics.publish('prices', Buffer.from('true'))
    await until(() => reader.multicasts.length > 0)
    expect(reader.multicasts.map(({ data, author, sequence }) => [text(data), author, sequence])).to.deep.equal([['true', author.nodeId, 1]])
    expect(metrics.get('fisco_topics_received_messages_total bad-signature')).to.equal(3)
    expect(metrics.get('fisco_topics_received_messages_total wrong-topic')).to.equal(1)
    expect(metrics.get('fisco_topics_received_messages_total malformed')).to.equal(1)
    expect(metrics.get('fisco_topics_received_messages_total accepted')).to.equal(1)
  })

  it('are not taken from a neighbour that passes them on by unicast, nor what is not followed', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const [author, liar] = await Promise.all(identities.slice(0, 2).map(async identity => network.add(identity)))
    const reader = await network.add(identities[2], { ...follow, metrics: metrics.factory })
    const passOn = async (bytes: Uint8Array): Promise<void> => liar.libp2p.services.direct.notify(reader.nodeId, MESSAGE_NAME, bytes)
    // not below that of any of them, whoever started first
    const incarnation = Date.now()

    await author.topics.publish('prices', Buffer.from('unheard'))
    await connect(liar, reader)
    await passOn(encode(identities[1], author.nodeId, incarnation, { sequence: 2 }))
    await passOn(encode(identities[0], liar.nodeId, incarnation, { sequence: 2 }))
    await passOn(encode(identities[1], liar.nodeId, incarnation, { topic: 'fisco/blocks' }))
    await passOn(Buffer.from('no message'))
    await until(() => ['bad-signature', 'wrong-topic', 'malformed'].reduce((sum, outcome) => sum + metrics.get(`fisco_topics_received_messages_total ${outcome}`), 0) === 4)
    expect(reader.multicasts).to.deep.equal([])
    expect(metrics.get('fisco_topics_received_messages_total bad-signature')).to.equal(2)
    // the true one is, whoever brings it
    await passOn(encode(identities[0], author.nodeId, incarnation, { sequence: 2, data: Buffer.from('true') }))
    await until(() => reader.multicasts.length === 1)
    expect(text(reader.multicasts[0].data)).to.equal('true')
  })

  it('cost the neighbour that sends many of them its voice', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const liar = await network.add(identities[1])
    const reader = await network.add(identities[2], { ...follow, metrics: metrics.factory })
    const { incarnation } = await liar.topics.publish('prices', Buffer.from('unheard'))

    await connect(liar, reader)

    for (let i = 0; i < 2 * MAX_OFFENCES; i++) {
      await liar.libp2p.services.direct.notify(reader.nodeId, MESSAGE_NAME, encode(identities[0], liar.nodeId, incarnation, { sequence: i + 2 }))
    }

    await until(() => metrics.get('fisco_topics_received_messages_total offender') === MAX_OFFENCES)
    expect(metrics.get('fisco_topics_verifications_total')).to.equal(MAX_OFFENCES)
    // nor is it on the other way
    await inject(liar, encode(identities[1], liar.nodeId, incarnation, { sequence: 1_000 }))
    await until(() => metrics.get('fisco_topics_received_messages_total offender') === MAX_OFFENCES + 1)
    expect(reader.multicasts).to.deep.equal([])
  })

  it('are not passed on', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const [liar, relay] = await Promise.all(identities.slice(0, 2).map(async identity => network.add(identity, follow)))
    const reader = await network.add(identities[2], { ...follow, metrics: metrics.factory })

    await connect(liar, relay)
    await connect(relay, reader)
    await inject(liar, encode(identities[0], relay.nodeId, 1))
    await liar.topics.publish('prices', Buffer.from('true'))
    await until(() => reader.multicasts.length > 0)
    expect(text(reader.multicasts[0].data)).to.equal('true')
    expect([...metrics.counted].filter(([name]) => name.includes('received'))).to.deep.equal([['fisco_topics_received_messages_total accepted', 1]])
  })

  it('of an earlier start of their author are refused, also by a node that starts later', async () => {
    await using network = new TestNetwork()
    const carrier = await network.add(identities[1], follow)
    let author = await network.add(identities[0], follow)

    await connect(author, carrier)

    const first = await author.topics.publish('prices', Buffer.from('old'))
    const [{ data: captured }] = network.bus.messages

    await author.libp2p.stop()
    author = await network.add(identities[0], follow)
    await connect(author, carrier)

    const second = await author.topics.publish('prices', Buffer.from('new'))

    expect(second.sequence).to.equal(first.sequence)
    expect(second.incarnation).to.be.greaterThan(first.incarnation)
    await until(() => carrier.multicasts.length === 2)
    expect(carrier.multicasts.map(({ data }) => text(data))).to.deep.equal(['old', 'new'])

    const metrics = new CountingMetrics()
    const late = await network.add(identities[2], { ...follow, metrics: metrics.factory })
    const liar = await network.add(identities[3])

    await connect(liar, late)
    await inject(liar, captured)
    await until(() => metrics.get('fisco_topics_received_messages_total stale') > 0)
    await liar.topics.publish('prices', Buffer.from('end'))
    await until(() => late.multicasts.length > 0)
    expect(late.multicasts.map(({ data }) => text(data))).to.deep.equal(['end'])
    // for that, no signature was looked at
    expect(metrics.get('fisco_topics_verifications_total')).to.equal(1)
  })

  it('that come again are delivered once, even when gossipsub takes them for new', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const author = await network.add(identities[0], follow)
    // forgets at once what it has seen
    const reader = await network.add(identities[1], { ...follow, metrics: metrics.factory, gossip: { seenTTL: -1 } })

    await connect(author, reader)
    await author.topics.publish('prices', Buffer.from('once'))
    await until(() => reader.multicasts.length === 1)
    // the same message in other bytes: protobuf ignores unknown fields
    await inject(author, Buffer.concat([network.bus.messages[0].data, Uint8Array.of(0x78, 1)]))
    await until(() => metrics.get('fisco_topics_received_messages_total duplicate') > 0)
    await author.topics.publish('prices', Buffer.from('end'))
    await until(() => reader.multicasts.some(({ data }) => text(data) === 'end'))
    expect(reader.multicasts.map(({ data }) => text(data))).to.deep.equal(['once', 'end'])
    expect(metrics.get('fisco_topics_verifications_total')).to.equal(2)
  })

  it('of its own do not come back to their author', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const author = await network.add(identities[0], { ...follow, metrics: metrics.factory })
    const echo = await network.add(identities[1], follow)

    await connect(author, echo)
    await author.topics.publish('prices', Buffer.from('once'))
    await inject(echo, Buffer.concat([network.bus.messages[0].data, Uint8Array.of(0x78, 1)]))
    await until(() => metrics.get('fisco_topics_received_messages_total own') > 0)
    expect(author.multicasts.map(({ data }) => text(data))).to.deep.equal(['once'])
  })

  it('are verified once, not once per copy', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const reader = await network.add(identities[0], { ...follow, metrics: metrics.factory })
    const others = await Promise.all(identities.slice(1).map(async identity => network.add(identity, follow)))

    for (const [i, node] of others.entries()) {
      await Promise.all([reader, ...others.slice(0, i)].map(async other => connect(node, other)))
    }

    await Promise.all(others.map(async ({ topics }) => topics.publish('prices', Buffer.from('hello'))))
    await until(() => reader.multicasts.length === 3)

    const messages = network.bus.messages.filter(({ to }) => to === reader.nodeId)

    // one copy of each: its author reaches everybody
    expect(messages).to.have.lengthOf(3)

    // more of them, from the others, on both ways
    for (const { data } of messages) {
      await Promise.all(others.map(async ({ libp2p }) => libp2p.services.direct.notify(reader.nodeId, MESSAGE_NAME, data)))
      await inject(others[0], Buffer.concat([data, Uint8Array.of(0x78, 1)]), TOPIC, 3)
    }

    await until(() => metrics.get('fisco_topics_received_messages_total duplicate') >= 12)
    expect(reader.multicasts).to.have.lengthOf(3)
    expect(metrics.get('fisco_topics_verifications_total')).to.equal(3)
    expect(metrics.get('fisco_topics_received_messages_total accepted')).to.equal(3)
  })

  it('of an author that is not known yet wait for its status record', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const author = await network.add(identities[0], follow)
    const reader = await network.add(identities[1], { ...follow, metrics: metrics.factory })

    await connect(author, reader)
    network.status.withhold(author.nodeId)
    await author.topics.publish('prices', Buffer.from('early'))
    await untilHeld(metrics, 1)
    expect(reader.multicasts).to.deep.equal([])
    network.status.hand(author.nodeId)
    await until(() => reader.multicasts.length === 1)
    expect(await metrics.gauge('fisco_topics_held_messages')).to.equal(0)
    expect(text(reader.multicasts[0].data)).to.equal('early')
  })

  it('of an author that never becomes known are ignored', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const author = await network.add(identities[0], follow)
    const reader = await network.add(identities[1], { ...follow, metrics: metrics.factory, init: { holdTimeout: 50 } })

    await connect(author, reader)
    network.status.withhold(author.nodeId)
    await author.topics.publish('prices', Buffer.from('early'))
    await until(() => metrics.get('fisco_topics_received_messages_total unknown-author') >= 1)
    network.status.hand(author.nodeId)
    await author.topics.publish('prices', Buffer.from('later'))
    // gossip may bring the other one again, now that its author is known
    await until(() => reader.multicasts.some(({ data }) => text(data) === 'later'))
    expect(await metrics.gauge('fisco_topics_held_messages')).to.equal(0)
  })

  it('still arrive beside a node that offers 10,000 topics, of which few are kept', async () => {
    await using network = new TestNetwork()
    const [author, reader] = await Promise.all(identities.slice(0, 2).map(async identity => network.add(identity, follow)))
    const flooder = await network.add(identities[2])
    const { pubsub } = flooder.libp2p.services
    const offered = Array.from({ length: 10_000 }, (_, i) => `fisco/${i}`)

    await Promise.all([connect(author, reader), connect(flooder, reader)])
    offered.forEach(topic => { pubsub.subscribe(topic) })
    // the last one comes after all others, on the same stream
    await inject(flooder, Buffer.from('no message'), TOPIC)
    await until(() => reader.libp2p.services.pubsub.getSubscribers('fisco/0').length === 1)
    await author.topics.publish('prices', Buffer.from('hello'))
    await until(() => reader.multicasts.length === 1)

    const kept = offered.filter(topic => reader.libp2p.services.pubsub.getSubscribers(topic).length > 0).length

    expect(kept).to.be.within(1, 512)
    // nor does its status hold more than 256
    flooder.libp2p.services.statusSeq.set('fisco/topics', manyTopics(offered))
    expect(reader.topics.followedBy(flooder.nodeId)).to.deep.equal([])
  })

  it('as large as is allowed arrive, and larger ones are an error of the caller', async () => {
    await using network = new TestNetwork()
    const [a, b] = await Promise.all(identities.slice(0, 2).map(async identity => network.add(identity, follow)))

    await connect(a, b)
    await a.topics.publish('prices', Buffer.alloc(MAX_DATA_BYTES, 1))
    await a.topics.broadcast(Buffer.alloc(MAX_DATA_BYTES, 2))
    await until(() => b.multicasts.length === 1 && b.broadcasts.length === 1)
    expect(allBytes(b.multicasts[0])).to.deep.equal([1])
    expect(allBytes(b.broadcasts[0])).to.deep.equal([2])

    for (const send of [a.topics.publish.bind(a.topics, 'prices'), a.topics.broadcast.bind(a.topics), a.topics.request.bind(a.topics, 'prices')]) {
      const err = await send(new Uint8Array(MAX_DATA_BYTES + 1)).then(() => undefined, err => err)

      expect(err).to.have.property('name', 'MessageTooLargeError')
      expect(err.message).to.include(`${MAX_DATA_BYTES + 1} bytes`)
    }

    // nothing else is harmed, no number is used up
    expect(await a.topics.publish('prices', Buffer.from('end'))).to.deep.include({ sequence: 2, recipients: 1 })
    await until(() => b.multicasts.length === 2)
  })
})

function allBytes ({ data }: BroadcastMessage): number[] {
  expect(data.byteLength).to.equal(MAX_DATA_BYTES)

  return [...new Set(data)]
}

async function untilHeld (metrics: CountingMetrics, count: number): Promise<void> {
  let held: number | undefined

  await until(() => {
    metrics.gauge('fisco_topics_held_messages').then(value => { held = value }, () => {})

    return held != null && held >= count
  })
}

/**
 * The status entry of a node that keeps no rule.
 */
function manyTopics (names: string[]): Uint8Array {
  return Buffer.concat(names.map(name => Buffer.concat([Uint8Array.of(10, name.length), Buffer.from(name)])))
}
