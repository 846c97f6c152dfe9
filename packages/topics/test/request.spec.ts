import { createConsortium, createIdentities } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { TestNetwork, text } from './helpers/network.ts'
import type { TestNode } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { TopicHandler, TopicRequestOptions } from '@fisco-libp2p/topics'

const QUESTION = Buffer.from('?')

async function failure (promise: Promise<unknown>): Promise<Error & { cause?: Error }> {
  return promise.then(() => { throw new Error('it did not fail') }, err => err)
}

describe('request to one follower', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(4, { keyType: 'ed25519' })
  })

  /**
   * The first node, and one for each handler that follows and answers.
   */
  async function create (network: TestNetwork, handlers: Array<TopicHandler | undefined>): Promise<TestNode[]> {
    const nodes = await Promise.all([undefined, ...handlers].map(async (handler, i) => network.add(identities[i], {
      init: { random: () => 0.999 },
      prepare: topics => {
        if (i > 0) {
          topics.follow('prices')
        }

        if (handler != null) {
          topics.handle('prices', handler)
        }
      }
    })))

    await dialAll(nodes)

    return nodes
  }

  async function dialAll ([asker, ...others]: TestNode[]): Promise<void> {
    await Promise.all(others.map(async ({ libp2p }) => asker.libp2p.dial(libp2p.getMultiaddrs())))
  }

  it('is answered by a follower, which learns who asks', async () => {
    await using network = new TestNetwork()
    const [asker] = await create(network, [(data, { from, topic, signal }) => {
      expect(signal.aborted).to.equal(false)

      return Buffer.from(`${topic}${text(data)} ${from}`)
    }])

    expect(text(await asker.topics.request('prices', QUESTION))).to.equal(`prices? ${asker.nodeId}`)
  })

  it('is answered by any of them', async () => {
    await using network = new TestNetwork()
    const counts = [0, 0, 0]
    const nodes = await Promise.all(counts.map(async (_, i) => network.add(identities[i], {
      prepare: topics => {
        topics.follow('prices')
        topics.handle('prices', () => {
          counts[i]++

          return Uint8Array.of(i)
        })
      }
    })))

    await dialAll(nodes)

    for (let i = 0; i < 100; i++) {
      await nodes[0].topics.request('prices', QUESTION)
    }

    // the asker counts as well: it follows and has a handler
    counts.forEach(count => { expect(count).to.be.above(5) })
    expect(counts.reduce((a, b) => a + b)).to.equal(100)
  })

  it('goes to the next follower when one fails, does not answer, has no handler or is gone', async () => {
    await using network = new TestNetwork()
    const asked: string[] = []
    const handlers: TopicHandler[] = [
      () => { throw new Error('busy') },
      async () => new Promise(() => {}),
      () => Buffer.from('answer')
    ]
    const nodes = await create(network, handlers.map((handler, i): TopicHandler => (data, context) => {
      asked.push(`${i}`)

      return handler(data, context)
    }))

    for (let i = 0; i < 10; i++) {
      expect(text(await nodes[0].topics.request('prices', QUESTION, { tryTimeout: 20 }))).to.equal('answer')
    }

    expect(new Set(asked).has('2')).to.equal(true)
    nodes[1].topics.unhandle('prices')
    await nodes[2].libp2p.stop()
    // the record of a node that is gone stays for a while
    expect(nodes[0].topics.followers('prices')).to.have.lengthOf(3)
    expect(text(await nodes[0].topics.request('prices', QUESTION))).to.equal('answer')
  })

  it('asks each follower once before it fails', async () => {
    await using network = new TestNetwork()
    let asked = 0
    const fails: TopicHandler = () => {
      asked++
      throw new Error('busy')
    }

    const [asker] = await create(network, [fails, fails, fails])
    const err = await failure(asker.topics.request('prices', QUESTION))

    expect(err).to.have.property('name', 'NoFollowerError')
    expect(err.message).to.include('Of 3 followers of topic "prices" 3 were asked').and.include('busy')
    expect(err.cause).to.have.property('message', 'busy')
    expect(asked).to.equal(3)
  })

  it('fails where nobody follows, or the one that does is the asker without a handler', async () => {
    await using network = new TestNetwork()
    const [asker] = await create(network, [])

    expect(await failure(asker.topics.request('prices', QUESTION))).to.have.property('name', 'NoFollowerError')
    asker.topics.follow('prices')
    expect(await failure(asker.topics.request('prices', QUESTION))).to.have.property('name', 'NoFollowerError')
    asker.topics.handle('prices', async () => Buffer.from('self'))
    expect(text(await asker.topics.request('prices', QUESTION))).to.equal('self')
  })

  it('ends in time, by its own signal, and when the node stops', async () => {
    await using network = new TestNetwork()
    const [asker] = await create(network, [async () => new Promise(() => {})])
    const controller = new AbortController()
    const late = await failure(asker.topics.request('prices', QUESTION, { timeout: 30 }))

    expect(late).to.have.property('name', 'NoFollowerError')
    expect(late.cause).to.have.property('name', 'TimeoutError')

    const aborted = failure(asker.topics.request('prices', QUESTION, { signal: controller.signal }))

    controller.abort(new Error('enough'))
    expect(await aborted).to.have.property('message', 'enough')
    expect(await failure(asker.topics.request('prices', QUESTION, { signal: controller.signal }))).to.have.property('message', 'enough')

    const stopped = failure(asker.topics.request('prices', QUESTION))

    await asker.libp2p.stop()
    expect(await stopped).to.have.property('name', 'NotStartedError')
  })

  it('asks by preference: the same agency, the lowest round trip', async () => {
    await using network = new TestNetwork()
    const consortium = await createConsortium()
    const [other] = await createIdentities(1, { keyType: 'ed25519' })
    const own = await consortium.identities(3)
    const asked: string[] = []
    const nodes = await Promise.all([...own, other].map(async (identity, i) => network.add(identity, {
      prepare: topics => {
        if (i > 0) {
          topics.follow('prices')
          topics.handle('prices', () => {
            asked.push(identity.nodeId)

            throw new Error('busy')
          })
        }
      }
    })))
    const order = async (prefer?: TopicRequestOptions['prefer']): Promise<string> => {
      asked.length = 0
      await failure(nodes[0].topics.request('prices', QUESTION, { prefer }))

      return asked.map(nodeId => nodes.findIndex(node => node.nodeId === nodeId)).join('')
    }

    await dialAll(nodes)
    nodes[0].libp2p.getConnections().forEach(connection => {
      // the stranger is the nearest; nothing is known of the first
      connection.rtt = { [nodes[2].libp2p.peerId.toString()]: 20, [nodes[3].libp2p.peerId.toString()]: 10 }[connection.remotePeer.toString()]
    })

    for (let i = 0; i < 5; i++) {
      expect(await order('rtt')).to.equal('321')
      expect(await order(['agency', 'rtt'])).to.equal('213')
      expect(await order('agency')).to.match(/3$/)
    }

    const orders = new Set<string>()

    for (let i = 0; i < 100; i++) {
      orders.add(await order())
    }

    expect(orders.size).to.equal(6)
    expect(await failure(nodes[0].topics.request('prices', QUESTION, { prefer: 'near' as 'rtt' }))).to.have.property('name', 'InvalidParametersError')
  })

  it('takes timeouts of up to an hour', async () => {
    await using network = new TestNetwork()
    const [asker] = await create(network, [])

    for (const options of [{ timeout: 0 }, { timeout: 3_600_001 }, { tryTimeout: NaN }]) {
      expect(await failure(asker.topics.request('prices', QUESTION, options))).to.have.property('name', 'InvalidParametersError')
    }
  })

  it('needs a handler of a topic that is followed, and one only', async () => {
    await using network = new TestNetwork()
    const [node] = await create(network, [])
    const handler = async (): Promise<Uint8Array> => Uint8Array.of(1)

    expect(() => { node.topics.handle('prices', handler) }).to.throw('follow()').with.property('name', 'NotFollowingError')
    node.topics.follow('prices')
    node.topics.handle('prices', handler)
    expect(() => { node.topics.handle('prices', handler) }).to.throw('unhandle()').with.property('name', 'HandlerExistsError')
    node.topics.unhandle('prices')
    node.topics.unhandle('prices')
    node.topics.unhandle('blocks')
    node.topics.handle('prices', handler)
    // goes with the topic
    node.topics.unfollow('prices')
    node.topics.follow('prices')
    node.topics.handle('prices', handler)
  })

  it('that is malformed is an error of the asker', async () => {
    await using network = new TestNetwork()
    const [asker, follower] = await create(network, [async () => Uint8Array.of(1)])
    const err = await failure(asker.libp2p.services.direct.request(follower.nodeId, 'fisco/topics', Uint8Array.of(255, 255)))

    expect(err).to.have.property('name', 'MalformedMessageError')
    // a topic that nobody follows, named by nobody's rules
    expect(await failure(asker.libp2p.services.direct.request(follower.nodeId, 'fisco/topics', Uint8Array.of(10, 1, 0)))).to.have.property('name', 'NotFollowingError')
  })
})
