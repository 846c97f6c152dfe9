import { preferredConnection } from '@fisco-libp2p/identity'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { CountingMetrics } from './helpers/metrics.ts'
import { connect, heartbeat, TestNetwork, text, until } from './helpers/network.ts'
import type { TestNode } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { TopicsInit } from '@fisco-libp2p/topics'
import type { Connection, Stream } from '@libp2p/interface'

const FAST = { watchdogInterval: 50, watchdogGrace: 200 }

describe('gossip streams', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(2, { keyType: 'ed25519' })
  })

  async function pair (network: TestNetwork, init?: TopicsInit): Promise<[TestNode, TestNode]> {
    const [a, b] = await Promise.all(identities.map(async identity => network.add(identity, { init, unicast: false })))

    return [a, b]
  }

  function gossipStreams (node: TestNode, connections: Connection[] = node.libp2p.getConnections()): Stream[] {
    return connections.flatMap(({ streams }) => streams).filter(({ protocol }) => node.libp2p.services.pubsub.protocols.includes(protocol))
  }

  function outbound (node: TestNode): Stream | undefined {
    return gossipStreams(node).find(({ direction, writeStatus }) => direction === 'outbound' && writeStatus === 'writable')
  }

  /**
   * Publishes in both directions until a message arrives each way, as an application would that got no answer.
   */
  async function bothHear (a: TestNode, b: TestNode): Promise<void> {
    const heard = [a.broadcasts.length, b.broadcasts.length]
    let sent = 0

    await until(() => {
      if (a.broadcasts.length > heard[0] && b.broadcasts.length > heard[1]) {
        return true
      }

      if (sent++ % 20 === 0) {
        [a, b].forEach(({ topics }) => { topics.broadcast(Buffer.from('hello')).catch(() => {}) })
      }

      return false
    })
  }

  it('move to the connection that stays when the one that carries them is closed', async () => {
    await using network = new TestNetwork()
    // with the settings of every node: the closing itself is what tells
    const [a, b] = await pair(network)
    const first = await connect(a, b)
    const second = await connect(b, a)

    expect(a.libp2p.getConnections()).to.have.lengthOf(2)
    expect(gossipStreams(a, [first]).some(({ direction }) => direction === 'outbound')).to.equal(true)
    await first.close()
    await bothHear(a, b)
    expect(second.status).to.equal('open')
    expect([a, b].map(({ libp2p }) => libp2p.getConnections().length)).to.deep.equal([1, 1])
  })

  it('move when the connection is cut without a word', async () => {
    await using network = new TestNetwork()
    const [a, b] = await pair(network)
    const first = await connect(a, b)
    const second = await connect(b, a)

    first.abort(new Error('cut'))
    await bothHear(a, b)
    expect(second.status).to.equal('open')
  })

  it('survive that two nodes dial each other at the same time, and keep one connection', async () => {
    await using network = new TestNetwork()
    const [a, b] = await pair(network)

    for (let i = 0; i < 3; i++) {
      await Promise.all([connect(a, b), connect(b, a)])
      await until(() => [a, b].every(({ libp2p }) => libp2p.getConnections().length === (i === 0 ? 2 : 3)))

      const keep = preferredConnection(a.libp2p.peerId, a.libp2p.getConnections(b.libp2p.peerId))
      const others = a.libp2p.getConnections().filter(connection => connection !== keep)

      await Promise.all(others.map(async connection => connection.close()))
      await until(() => [a, b].every(({ libp2p }) => libp2p.getConnections().length === 1))
      await bothHear(a, b)
    }
  })

  it('are opened anew when one is reset while the connection lives', async () => {
    await using network = new TestNetwork()
    const [a, b] = await pair(network, FAST)
    const connection = await connect(a, b)

    for (const [from, to] of [[a, b], [b, a]]) {
      outbound(from)?.abort(new Error('reset'))
      await until(() => outbound(from) == null)
      await until(() => outbound(from) != null)
      await bothHear(from, to)
    }

    expect(connection.status).to.equal('open')
  })

  it('are renewed when gossipsub has forgotten a peer that is connected', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const a = await network.add(identities[0], { init: FAST, unicast: false })
    const b = await network.add(identities[1], { init: FAST, unicast: false, metrics: metrics.factory })
    const connection = await connect(a, b)
    const { registrar } = (b.libp2p as unknown as { components: { registrar: { getTopologies(protocol: string): Array<{ onDisconnect?(peer: unknown): void }> } } }).components

    // as it does when the stream from a peer ends in an error
    registrar.getTopologies(b.libp2p.services.pubsub.protocols[0]).forEach(topology => topology.onDisconnect?.(a.libp2p.peerId))
    expect(await b.topics.broadcast(Buffer.from('lost'))).to.deep.include({ recipients: 0, followers: 1 })
    await until(() => b.libp2p.services.pubsub.getSubscribers('fisco-broadcast').length === 1)
    await bothHear(a, b)
    expect(connection.status).to.equal('open')
    expect(metrics.get('fisco_topics_stream_repairs_total open')).to.be.at.least(1)
    expect(metrics.get('fisco_topics_stream_repairs_total renew')).to.be.at.least(1)
    expect(metrics.get('fisco_topics_stream_repairs_total close')).to.equal(0)
  })

  it('are left alone where nothing is wrong', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const a = await network.add(identities[0], { init: FAST, unicast: false })
    const b = await network.add(identities[1], { init: FAST, unicast: false, metrics: metrics.factory })

    await connect(a, b)

    const before = gossipStreams(b)
    const repairs = (): Array<[string, number]> => [...metrics.counted].filter(([name]) => name.includes('repairs'))
    // a machine that needed longer than the grace for the streams' beginning
    const repairsBefore = repairs()

    expect(before).to.have.lengthOf(2)
    // about five times the grace
    await heartbeat(b)
    await heartbeat(b)
    expect(gossipStreams(b)).to.deep.equal(before)
    expect(repairs()).to.deep.equal(repairsBefore)
    await b.topics.broadcast(Buffer.from('end'))
    await until(() => a.broadcasts.length === 1)
    expect(text(a.broadcasts[0].data)).to.equal('end')
  })

  it('are not looked for at peers that do not speak gossipsub', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const a = await network.add(identities[0], { init: FAST, unicast: false, metrics: metrics.factory })
    const plain = await createLibp2p({ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], services: { identify: identify() } })

    try {
      const connection = await plain.dial(a.libp2p.getMultiaddrs())

      // about five times the grace
      await heartbeat(a)
      await heartbeat(a)
      expect(connection.status).to.equal('open')
      expect([...metrics.counted.keys()].filter(name => name.includes('repairs'))).to.deep.equal([])
    } finally {
      await plain.stop()
    }
  })

  it('that a member resets again and again cost it its connection, as the last resort', async () => {
    await using network = new TestNetwork()
    const metrics = new CountingMetrics()
    const a = await network.add(identities[0], { init: { watchdogInterval: 10, watchdogGrace: 30 }, metrics: metrics.factory })
    const b = await network.add(identities[1], { init: { watchdogInterval: 60_000 } })
    const connection = await connect(a, b)
    const closed = new Promise(resolve => { connection.addEventListener('close', resolve, { once: true }) })

    await b.libp2p.handle(b.libp2p.services.pubsub.protocols, stream => { stream.abort(new Error('no')) }, { force: true })
    outbound(a)?.abort(new Error('reset'))
    await closed
    expect(metrics.get('fisco_topics_stream_repairs_total close')).to.equal(1)
    expect(metrics.get('fisco_topics_stream_repairs_total open')).to.be.at.least(4)
  })
})
