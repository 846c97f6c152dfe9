import { setTimeout as delay } from 'node:timers/promises'
import { peerIdToNodeId, setPeerCertificate } from '@fisco-libp2p/identity'
import { DRAIN_TIMEOUT } from '@fisco-libp2p/peers'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { Drains } from '../src/drains.ts'
import { addressOf, connected, openConnections, recordLinks, TestNetwork, until } from './network.ts'
import type { TestNode } from './network.ts'
import type { PeerCertificate } from '@fisco-libp2p/identity'
import type { Connection, MultiaddrConnection, PeerId, Stream } from '@libp2p/interface'

const ECHO = '/test/echo/1.0.0'

function smallerOf (a: TestNode, b: TestNode): TestNode {
  return peerIdToNodeId(a.peerId) < peerIdToNodeId(b.peerId) ? a : b
}

/**
 * Whether both ends have one and the same connection: the one that the smaller node ID dialled.
 */
function converged (a: TestNode, b: TestNode): boolean {
  const smaller = smallerOf(a, b)
  const larger = smaller === a ? b : a
  const [ours, theirs] = [openConnections(smaller, larger), openConnections(larger, smaller)]

  return ours.length === 1 && ours[0].direction === 'outbound' && theirs.length === 1 && theirs[0].direction === 'inbound'
}

/**
 * Two connections between two nodes, each dialled by one of them.
 *
 * @param begin - what is begun on the one that is given up, before there is the other one
 * @returns as the smaller node sees them: its own, and the one that is given up
 */
async function crossDial (a: TestNode, b: TestNode, begin: (given: Connection) => Promise<unknown> = async () => {}): Promise<{ kept: Connection, given: Connection }> {
  const smaller = smallerOf(a, b)
  const larger = smaller === a ? b : a
  const accepted = pEvent<'connection:open', CustomEvent<Connection>>(smaller, 'connection:open')
  await larger.dial(addressOf(smaller))
  const { detail: given } = await accepted
  await begin(given)
  const kept = await smaller.dial(larger.getMultiaddrs(), { force: true })

  return { kept, given }
}

/**
 * A stream, in use, on the connection that is given up.
 */
async function crossDialWithStream (a: TestNode, b: TestNode): Promise<Stream> {
  const opened = Promise.withResolvers<Stream>()
  await crossDial(a, b, async connection => { opened.resolve(await connection.newStream(ECHO)) })

  return opened.promise
}

function directions (nodes: TestNode[]): string {
  return nodes.flatMap(node => openConnections(node).map(({ direction }) => direction)).sort().join()
}

async function closed (connection: Connection): Promise<Error | undefined> {
  return new Promise(resolve => {
    connection.addEventListener('close', evt => { resolve(evt.error) })
  })
}

describe('one connection per peer', () => {
  const network = new TestNetwork()

  afterEach(async () => network.stop())

  it('leaves exactly one of two simultaneous dials, 100 times', async () => {
    const pairs = await Promise.all(Array.from({ length: 10 }, async () => Promise.all([network.node(), network.node()])))
    let contested = 0

    const rounds = pairs.map(async ([a, b]) => {
      for (let round = 0; round < 10; round++) {
        const dials = await Promise.allSettled([a.dial(addressOf(b)), b.dial(addressOf(a))])
        contested += Number(dials.every(({ status }) => status === 'fulfilled'))
        await until([a, b], () => converged(a, b))
        expect(a.services.peers.members()).to.have.lengthOf(1)
        expect(b.services.peers.members()).to.have.lengthOf(1)
        await a.hangUp(b.peerId)
        await until([a, b], () => a.services.peers.members().length + b.services.peers.members().length === 0)
      }
    })
    await Promise.all(rounds)

    // else the dials were not simultaneous, and nothing was shown
    expect(contested).to.be.above(0)
  }).timeout(120_000)

  it('converges when both are configured with each other and start at the same moment', async () => {
    const pairs = await Promise.all(Array.from({ length: 10 }, async () => Promise.all([network.node({}, { start: false }), network.node({}, { start: false })])))

    await Promise.all(pairs.map(async ([a, b]) => {
      await Promise.all([a.start(), b.start()])
      a.services.peers.add(addressOf(b))
      b.services.peers.add(addressOf(a))
      await connected(a, b)
      // one connection is left, and it is the same one at both ends
      await until([a, b], () => directions([a, b]) === 'inbound,outbound')
    }))
  })

  it('says once that a peer is up, and once that it is down, for any number of connections', async () => {
    const [a, b] = await Promise.all([network.node(), network.node()])
    const events = recordLinks(a)
    await crossDial(a, b)
    await until([a, b], () => converged(a, b))
    await b.hangUp(a.peerId)
    await until(a, () => a.services.peers.members().length === 0)

    expect(events).to.deep.equal([`up ${b.peerId}`, `down ${b.peerId}`])
  })

  it('keeps one of many connections that one end dialled', async () => {
    const [a, b] = await Promise.all([network.node(), network.node()])
    const first = await a.dial(addressOf(b))
    await Promise.all([1, 2, 3].map(async () => a.dial(b.getMultiaddrs(), { force: true })))
    await until([a, b], () => openConnections(a).length === 1 && openConnections(b).length === 1)

    expect(openConnections(a)[0].id).to.equal(first.id)
  })

  it('lets an exchange on the connection that is given up end', async () => {
    const [a, b] = await Promise.all([network.node(), network.node()])
    const received: string[] = []
    const streamEnded = Promise.withResolvers<void>()
    await Promise.all([a, b].map(async node => node.handle(ECHO, stream => {
      stream.addEventListener('message', evt => { received.push(new TextDecoder().decode(evt.data.subarray())) })
      stream.addEventListener('remoteCloseWrite', () => {
        stream.close().then(streamEnded.resolve, streamEnded.reject)
      })
    })))

    const stream = await crossDialWithStream(a, b)
    stream.send(new TextEncoder().encode('to the end'))
    await stream.close()
    await streamEnded.promise
    await until([a, b], () => converged(a, b))

    expect(received).to.deep.equal(['to the end'])
  })

  it('lets it end also where that takes longer than connections that nobody uses go on', async () => {
    const [a, b] = await Promise.all([network.node(), network.node()])
    const received = Promise.withResolvers<string>()
    await Promise.all([a, b].map(async node => node.handle(ECHO, stream => {
      stream.addEventListener('message', evt => { received.resolve(new TextDecoder().decode(evt.data.subarray())) })
    })))

    const stream = await crossDialWithStream(a, b)
    await delay(DRAIN_TIMEOUT + 500)
    stream.send(new TextEncoder().encode('late'))
    expect(await received.promise).to.equal('late')
    stream.abort(new Error('it has ended'))
    await until([a, b], () => converged(a, b))
  })

  it('does not wait for streams that do not end by themselves', async () => {
    const [a, b] = await Promise.all([network.node(), network.node()])
    await Promise.all([a, b].map(async node => node.handle('/meshsub/1.2.0', () => {})))
    const { given, kept } = await crossDial(a, b, async connection => connection.newStream('/meshsub/1.2.0'))

    if (given.status === 'open') {
      await closed(given)
    }

    await until([a, b], () => converged(a, b))

    expect(kept.status).to.equal('open')
  })

  it('does not wait for ever for the streams of a connection that is given up', async () => {
    const [a, b] = await Promise.all([network.node(), network.node()])
    await b.handle(ECHO, () => {})
    const connection = await a.dial(addressOf(b))
    await connection.newStream(ECHO)
    const drains = new Drains(300)
    drains.start(connection, () => true, () => true)
    await closed(connection)
    drains.done(connection)

    expect(connection.status).to.equal('closed')
  })

  it('replaces the connection of a peer that was restarted at once', async () => {
    let incarnation = 1
    const fromIncarnation = (_: PeerId, maConn: MultiaddrConnection): boolean => {
      setPeerCertificate(maConn, { nodeId: 'feed', name: 'node1', agency: 'agency', chain: [], agencyKeyHash: '', serial: '', notBefore: 0, notAfter: 0, incarnation: incarnation++, tlsVersion: '', cipher: '' } satisfies PeerCertificate)

      return false
    }

    const a = await network.node({}, { connectionGater: { denyInboundEncryptedConnection: fromIncarnation } })
    const b = await network.node()
    await b.dial(addressOf(a))
    await until(a, () => openConnections(a).length === 1)
    const [old] = openConnections(a)
    const cut = closed(old)
    const events = recordLinks(a)
    await b.dial(a.getMultiaddrs(), { force: true })

    expect(await cut).to.have.property('name', 'ConnectionReplacedError')
    await until(a, () => openConnections(a).length === 1)
    expect(openConnections(a)[0].id).to.not.equal(old.id)
    expect(events).to.deep.equal([])
    expect(a.services.peers.members()[0]).to.include({ nodeId: 'feed', name: 'node1', agency: 'agency', direction: 'inbound' })
  })
})
