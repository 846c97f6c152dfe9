import { createHash } from 'node:crypto'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { encodeEnvelope, encodeQuestion, FETCH_NAME, MESSAGE_NAME, MESSAGE_VERSION, Restrictions } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import { CountingMetrics } from './helpers/metrics.ts'
import { connect, TestNetwork, text, until } from './helpers/network.ts'
import type { TestNode, TestNodeOptions } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { PubsubLike, RestrictedTopic } from '@fisco-libp2p/topics'

const SECRET = 'for the board alone'
const TOPIC = 'fisco/board'

async function failure (promise: Promise<unknown>): Promise<Error> {
  return promise.then(() => { throw new Error('it did not fail') }, err => err)
}

describe('restricted topics', () => {
  let identities: Identity[]

  before(async () => {
    const consortium = await createConsortium()
    identities = await consortium.identities(5)
  })

  const idsOf = (...which: number[]): string[] => which.map(i => identities[i].nodeId)

  async function create (network: TestNetwork, i: number, board: RestrictedTopic, options: TestNodeOptions = {}): Promise<TestNode> {
    return network.add(identities[i], { ...options, init: { restricted: { board } } })
  }

  const follow = { prepare: (topics: TestNode['topics']) => { topics.follow('board') } }

  it('reach those who may follow, over each other, and nobody else', async () => {
    await using network = new TestNetwork()
    const board = { followers: idsOf(0, 1, 2) }
    const [author, relay, member] = await Promise.all([0, 1, 2].map(async i => create(network, i, board, follow)))
    // says that it follows, against the rule: it has no lists
    const curious = await network.add(identities[3], follow)
    const stranger = await create(network, 4, board)

    // author - relay - member, and everybody with the curious one and the stranger
    await connect(author, relay)
    await connect(relay, member)

    for (const node of [author, relay, member]) {
      await Promise.all([connect(node, curious), connect(node, stranger)])
    }

    await author.topics.publish('board', Buffer.from(SECRET))
    await author.topics.publish('board', Buffer.from(SECRET), { acks: 'all' })
    await until(() => [relay, member].every(({ multicasts }) => multicasts.length === 2))

    // all that was sent to anybody, as it is inside of the encryption
    const contents = network.bus.sent.filter(({ data }) => Buffer.from(data).includes(SECRET))
    const allowed = new Set(board.followers)

    expect(contents.length).to.be.at.least(4)
    expect(contents.every(({ to }) => allowed.has(to))).to.equal(true)
    expect(curious.multicasts).to.deep.equal([])
    // nor by gossipsub
    expect([author, relay, member].flatMap(({ libp2p }) => libp2p.services.pubsub.getTopics()).includes(TOPIC)).to.equal(false)
  })

  it('are not brought over who may not follow', async () => {
    await using network = new TestNetwork()
    const board = { followers: idsOf(0, 2) }
    const author = await create(network, 0, board)
    const between = await create(network, 1, board)
    const member = await create(network, 2, board, follow)

    await connect(author, between)
    await connect(between, member)

    const err = await failure(author.topics.publish('board', Buffer.from(SECRET), { acks: 'all', timeout: 200 }))

    expect(err.message).to.contain('no way to it')
    expect(network.bus.sent.some(({ data }) => Buffer.from(data).includes(SECRET))).to.equal(false)
  })

  it('are not given to gossipsub either when they go to some, and nobody is waited for', async () => {
    await using network = new TestNetwork()
    const board = { followers: idsOf(0, 1) }
    const author = await create(network, 0, board)
    const member = await create(network, 1, board, follow)
    // subscribes to what it should know nothing of, and takes nothing by unicast, so that gossipsub's mesh fills
    const curious = await network.add(identities[3], { unicast: false })
    const heard: string[] = []

    await Promise.all([connect(author, member), connect(author, curious)])
    curious.libp2p.services.pubsub.subscribe('fisco-to/board')
    curious.libp2p.services.pubsub.addEventListener('gossipsub:message', ({ detail: { msg } }) => { heard.push(msg.topic) })
    await until(() => author.libp2p.services.pubsub.getSubscribers('fisco-to/board').length === 1)
    await until(() => ((author.libp2p.services.pubsub as PubsubLike).opts?.D ?? 0) > 0)
    await author.topics.publishTo('board', [member.nodeId], Buffer.from(SECRET), { acks: 0 })
    await until(() => member.multicasts.length === 1)
    // what comes after it on the same stream
    await author.topics.broadcast(Buffer.from('end'))
    await until(() => heard.includes('fisco-broadcast'))
    expect(heard).to.deep.equal(['fisco-broadcast'])
  })

  it('take messages of those who may publish, and of nobody else', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const board = { followers: idsOf(1, 2), publishers: idsOf(0) }
    const author = await create(network, 0, board)
    const member = await create(network, 1, board, { ...follow, metrics: metrics.factory })
    // follows, and publishes because it knows no rule
    const liar = await network.add(identities[2], follow)

    await Promise.all([connect(author, member), connect(liar, member)])
    expect((await failure(author.topics.publishTo('board', [identities[3].nodeId], Uint8Array.of(1)))).name).to.equal('TopicForbiddenError')
    expect((await failure(member.topics.publish('board', Uint8Array.of(1)))).message).to.contain('list of publishers')
    await liar.topics.publish('board', Buffer.from('false'))
    await until(() => metrics.get('fisco_topics_received_messages_total forbidden') === 1)
    await author.topics.publish('board', Buffer.from('true'))
    await until(() => member.multicasts.length === 1)
    expect(text(member.multicasts[0].data)).to.equal('true')
    // before any signature was looked at
    expect(metrics.get('fisco_topics_verifications_total')).to.equal(1)
    // one that is passed on by who may follow does not become better
    const forged = encodeEnvelope({ author: liar.nodeId, incarnation: 1, sequence: 9, topic: TOPIC, data: Buffer.from('false') }, fields => identities[2].sign('topic', MESSAGE_VERSION, fields))

    await author.libp2p.services.direct.notify(member.nodeId, MESSAGE_NAME, forged)
    await until(() => metrics.get('fisco_topics_received_messages_total forbidden') === 2)
  })

  it('cannot be followed by others, nor asked for', async () => {
    await using network = new TestNetwork()
    const board = { followers: idsOf(0, 1) }
    const author = await create(network, 0, board, follow)
    const stranger = await create(network, 2, board)

    await connect(author, stranger)
    const { incarnation } = await author.topics.publish('board', Buffer.from(SECRET), { delivery: 'reliable' })

    expect(() => { stranger.topics.follow('board') }).to.throw('list of followers').with.property('name', 'TopicForbiddenError')
    expect(await failure(stranger.libp2p.services.direct.request(author.nodeId, FETCH_NAME, encodeQuestion({ topic: TOPIC, author: author.nodeId, incarnation, from: 1, to: 1 }))))
      .to.have.property('name', 'TopicForbiddenError')
    expect(author.topics.followers('board')).to.deep.equal([author.nodeId])
  })

  it('show by a hash in status whether nodes have the same lists', async () => {
    await using network = new TestNetwork()
    const board = { followers: idsOf(0, 1) }
    const nodes = [await create(network, 0, board), await create(network, 1, { followers: idsOf(1, 0) }), await create(network, 2, { followers: idsOf(0, 1, 2) }), await network.add(identities[3])]
    const hashes = nodes.map(({ libp2p, nodeId }) => libp2p.services.statusSeq.get(nodeId)?.entries.get('fisco/topics/restricted'))

    expect(hashes[0]).to.deep.equal(hashes[1])
    expect(hashes[0]).to.not.deep.equal(hashes[2])
    expect(hashes[3]).to.equal(undefined)
  })

  it('name agencies, by their keys', async () => {
    const [identity] = identities
    const key = identity.chain[1].publicKey.export({ format: 'der', type: 'spki' })
    const agency = `agency:${createHash('sha256').update(key).digest('hex')}`
    const { chain } = identity
    const restrictions = new Restrictions({ board: { followers: [agency], publishers: [] } }, nodeId => {
      return { nodeId, incarnation: 1, seq: 1, entries: new Map(), chain: nodeId === 'rootless' ? chain.slice(0, 1) : chain }
    })

    expect(restrictions.mayFollow(TOPIC, identity.nodeId)).to.equal(true)
    expect(restrictions.mayFollow(TOPIC, 'rootless')).to.equal(false)
    expect(restrictions.mayPublish(TOPIC, identity.nodeId)).to.equal(false)
    expect(restrictions.mayPublish('fisco/prices', identity.nodeId)).to.equal(true)
  })

  it('have lists of node IDs and agencies', () => {
    const create = (lists: Record<string, RestrictedTopic>): unknown => new Restrictions(lists, () => undefined)

    expect(() => create({ board: { followers: ['agency:12'] } })).to.throw('"board" names "agency:12"').with.property('name', 'InvalidParametersError')
    expect(() => create({ board: { followers: [], publishers: ['me'] } })).to.throw('names "me"')
    expect(() => create({ ' ': { followers: [] } })).to.throw().with.property('name', 'InvalidTopicError')
    expect(() => create({ board: { followers: Array.from({ length: 1_001 }, (_, i) => `agency:${`${i}`.padStart(64, '0')}`) } })).to.throw('1001 entries')
    expect(() => create(Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`${i}`, { followers: [] }])))).to.throw('257 topics')
  })
})
