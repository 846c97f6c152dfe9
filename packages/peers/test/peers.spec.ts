import { peerIdToNodeId } from '@fisco-libp2p/identity'
import { PEER_TAG } from '@fisco-libp2p/peers'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { start, stop } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { addressOf, connected, freePort, openConnections, portOf, recordLinks, states, TestNetwork, until } from './network.ts'
import type { PeerRetryDetail } from '@fisco-libp2p/peers'
import type { TypedEventTarget } from '@libp2p/interface'

describe('peers', () => {
  const network = new TestNetwork()

  afterEach(async () => network.stop())

  it('connects an address without a peer ID, and tells who is there', async () => {
    const b = await network.node()
    const a = await network.node({ addresses: [addressOf(b)] })
    await connected(a)
    const nodeId = peerIdToNodeId(b.peerId)
    const [peer] = a.services.peers.list()

    expect(peer).to.include({ state: 'connected', address: addressOf(b).toString(), nodeId, direction: 'outbound', attempts: 0 })
    expect(peer.since).to.be.at.most(Date.now())
    expect(a.services.peers.members().map(member => member.nodeId)).to.deep.equal([nodeId])
    await until(b, () => b.services.peers.members().length === 1)
    expect(b.services.peers.members()[0]).to.include({ nodeId: peerIdToNodeId(a.peerId), direction: 'inbound' })
    expect(b.services.peers.list()).to.deep.equal([])
  })

  it('lets a program wait for a node, whoever dials it', async () => {
    const port = await freePort()
    const a = await network.node({ addresses: [`/ip4/127.0.0.1/tcp/${port}`] })
    const { promise, resolve } = Promise.withResolvers<void>()
    a.services.peers.addEventListener('peer:retry', () => { resolve() })
    await promise
    const b = await network.node({}, { port })
    const [idOfA, idOfB] = [a, b].map(node => peerIdToNodeId(node.peerId))
    const [atA, again, atB] = await Promise.all([a.services.peers.connected(idOfB), a.services.peers.connected(`0x${idOfB.toUpperCase()}`), b.services.peers.connected(idOfA)])

    expect(atA).to.include({ nodeId: idOfB, direction: 'outbound' })
    expect(again).to.include({ nodeId: idOfB })
    expect(atB).to.include({ nodeId: idOfA, direction: 'inbound' })
    expect((await a.services.peers.connected(idOfB)).since).to.equal(atA.since)
  })

  it('ends the wait for a node when it is given up, when the node itself stops, and where it makes no sense', async () => {
    const [a, b] = await Promise.all([network.node(), network.node()])
    const [idOfA, idOfB] = [a, b].map(node => peerIdToNodeId(node.peerId))
    const error = async (wait: Promise<unknown>): Promise<string> => wait.then(() => 'none', ({ name }) => name)
    const giveUp = new AbortController()
    const given = error(a.services.peers.connected(idOfB, giveUp))
    giveUp.abort()

    expect(await given).to.equal('AbortError')
    expect(await error(a.services.peers.connected(idOfB, { signal: AbortSignal.abort() }))).to.equal('AbortError')
    expect(await error(a.services.peers.connected(idOfA))).to.equal('InvalidParametersError')
    expect(await error(a.services.peers.connected('somebody'))).to.equal('InvalidNodeIdError')

    const stopped = error(a.services.peers.connected(idOfB))
    await a.stop()
    expect(await stopped).to.equal('NotStartedError')
  })

  it('connects an address with a peer ID, and a host name', async () => {
    const [b, c] = await Promise.all([network.node(), network.node()])
    const a = await network.node({ addresses: [b.getMultiaddrs()[0].toString(), `/dns4/localhost/tcp/${portOf(c)}`] })
    await connected(a)

    expect(a.services.peers.list().map(({ nodeId }) => nodeId)).to.deep.equal([b, c].map(node => peerIdToNodeId(node.peerId)))
  })

  it('connects a peer that starts later', async () => {
    const port = await freePort()
    const a = await network.node({ addresses: [`/ip4/127.0.0.1/tcp/${port}`] })
    await until(a, () => a.services.peers.list()[0].attempts >= 3)
    expect(a.services.peers.list()[0].lastError).to.match(/ECONNREFUSED/)
    await network.node({}, { port })
    await connected(a)

    expect(a.services.peers.list()[0]).to.not.have.property('lastError')
  })

  it('connects a peer again that restarts on the same port', async () => {
    const port = await freePort()
    const first = await network.node({}, { port })
    const a = await network.node({ addresses: [addressOf(first)] })
    const events = recordLinks(a)
    await connected(a)

    for (let round = 0; round < 2; round++) {
      await first.stop()
      await until(a, () => a.services.peers.members().length === 0)
      expect(states(a)).to.not.deep.equal(['connected'])
      await first.start()
      expect(portOf(first)).to.equal(port)
      await connected(a)
    }

    expect(events).to.deep.equal(['up', 'down', 'up', 'down', 'up'].map(event => `${event} ${first.peerId}`))
  })

  it('follows an address to the node that answers there now', async () => {
    const port = await freePort()
    const first = await network.node({}, { port })
    const a = await network.node({ addresses: [addressOf(first)] })
    await connected(a)
    await first.stop()
    const second = await network.node({}, { port })
    await until(a, () => a.services.peers.list()[0].nodeId === peerIdToNodeId(second.peerId) && states(a)[0] === 'connected')

    expect(a.services.peers.members()).to.have.lengthOf(1)
  })

  it('accepts only the node that an address names', async () => {
    const b = await network.node()
    const other = peerIdFromPrivateKey(await generateKeyPair('secp256k1'))
    const a = await network.node({ addresses: [addressOf(b).encapsulate(`/p2p/${other}`)] })
    await until(a, () => a.services.peers.list()[0].attempts >= 2)

    expect(states(a)[0]).to.not.equal('connected')
    expect(openConnections(a)).to.deep.equal([])
  })

  it('has one connection for two addresses of one node', async () => {
    const b = await network.node()
    const a = await network.node({ addresses: [addressOf(b), `/dns4/localhost/tcp/${portOf(b)}`, b.getMultiaddrs()[0]] })
    await connected(a)
    await until([a, b], () => openConnections(a).length === 1 && openConnections(b).length === 1)
    const { peers } = a.services

    expect(states(a)).to.deep.equal(['connected', 'connected', 'connected'])
    expect(peers.members()).to.have.lengthOf(1)

    // the link stays as long as one address is left
    expect(await peers.remove(addressOf(b))).to.be.true
    expect(await peers.remove(`/dns4/localhost/tcp/${portOf(b)}`)).to.be.true
    expect(openConnections(a)).to.have.lengthOf(1)
    expect(await peers.remove(b.getMultiaddrs()[0])).to.be.true
    await until(a, () => peers.members().length === 0)
  })

  it('recognises itself, and does not dial itself again', async () => {
    const a = await network.node()
    let retries = 0
    a.services.peers.addEventListener('peer:retry', () => { retries++ })
    a.services.peers.add(addressOf(a))
    a.services.peers.add(a.getMultiaddrs()[0])
    a.services.peers.add(`/dns4/localhost/tcp/${portOf(a)}`)
    const b = await network.node()
    a.services.peers.add(addressOf(b))
    await connected(a)

    expect(states(a)).to.deep.equal(['self', 'self', 'self', 'connected'])
    expect(a.services.peers.list()[0].nodeId).to.equal(peerIdToNodeId(a.peerId))
    expect(a.services.peers.members()).to.have.lengthOf(1)
    expect(retries).to.equal(0)
  })

  it('waits longer after each failure, without end', async () => {
    const a = await network.node({ minDelay: 5, maxDelay: 40, random: () => 1 })
    const retries: PeerRetryDetail[] = []
    const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
    a.services.peers.addEventListener('peer:retry', evt => { retries.push(evt.detail) })
    a.services.peers.add(address)
    await until(a, () => retries.length === 9)

    expect(retries.map(({ delay }) => delay)).to.deep.equal([5, 10, 20, 40, 40, 40, 40, 40, 40])
    expect(retries.map(({ attempts }) => attempts)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(retries[0]).to.have.property('address', address)
    expect(retries[0].error).to.match(/ECONNREFUSED/)
    const [peer] = a.services.peers.list()
    expect(peer.state === 'waiting' && peer.until - peer.since).to.equal(40)
  })

  it('pauses between connections that do not last', async () => {
    const b = await network.node()
    const a = await network.node({ stableAfter: 3_600_000, minDelay: 5, maxDelay: 40, random: () => 1 })
    const delays: number[] = []
    a.services.peers.addEventListener('peer:retry', evt => { delays.push(evt.detail.delay) })
    b.services.peers.addEventListener('peer:up', () => {
      b.getConnections().forEach(connection => { connection.abort(new Error('go away')) })
    })
    a.services.peers.add(addressOf(b))
    await until(a, () => delays.length >= 5)

    expect(delays.slice(0, 5)).to.deep.equal([5, 10, 20, 40, 40])
  })

  it('does not let an address that swallows everything hold up the others', async () => {
    const silent = await Promise.all([network.server(), network.server(), network.server()])
    const b = await network.node()
    const addresses = silent.map(({ port }) => `/ip4/127.0.0.1/tcp/${port}`)
    const a = await network.node({ addresses: [...addresses, addressOf(b)], maxConcurrentDials: 1, dialTimeout: 300 })
    await until(a, () => states(a)[3] === 'connected' && a.services.peers.list()[0].lastError != null)

    expect(a.services.peers.list()[0].lastError).to.equal('no connection within 300 ms')
  })

  it('says that the connection gater refuses a peer, once, and goes on dialling', async () => {
    const b = await network.node()
    let denied = 0
    const a = await network.node({}, {
      connectionGater: {
        denyOutboundEncryptedConnection: () => ++denied < 4
      }
    })
    const refusals: string[] = []
    a.services.peers.addEventListener('peer:refused', evt => {
      refusals.push(`${evt.detail.refusedBy} ${evt.detail.rule}`)
      expect(a.services.peers.list()[0]).to.include({ state: 'refused', rule: 'connection-gater', refusedBy: 'us' })
    })
    a.services.peers.add(addressOf(b))
    await connected(a)

    expect(denied).to.equal(4)
    expect(refusals).to.deep.equal(['us connection-gater'])
  })

  it('adds and removes peers at run time', async () => {
    const [a, b] = await Promise.all([network.node(), network.node()])
    const { peers } = a.services

    expect(peers.add(addressOf(b))).to.be.true
    expect(peers.add(addressOf(b).toString())).to.be.false
    await connected(a)
    await until(b, () => b.services.peers.members().length === 1)

    const tags = async (): Promise<string[]> => [...(await a.peerStore.get(b.peerId)).tags.keys()]
    await stop(peers)
    expect(await tags()).to.include(PEER_TAG)
    await start(peers)
    await connected(a)

    expect(await peers.remove('/ip4/127.0.0.1/tcp/1')).to.be.false
    expect(await peers.remove(addressOf(b))).to.be.true
    await until([a, b], () => peers.members().length + b.services.peers.members().length === 0)
    expect(peers.list()).to.deep.equal([])
    await stop(peers)
    expect(await tags()).to.not.include(PEER_TAG)
  })

  it('holds as many addresses as allowed', async () => {
    const a = await network.node({ maxAddresses: 2, addresses: ['/ip4/127.0.0.1/tcp/1'] })

    expect(a.services.peers.add('/ip4/127.0.0.1/tcp/2')).to.be.true
    expect(() => a.services.peers.add('/ip4/127.0.0.1/tcp/3')).to.throw('/ip4/127.0.0.1/tcp/3 is not added').with.property('name', 'TooManyAddressesError')
    await a.services.peers.remove('/ip4/127.0.0.1/tcp/1')
    expect(a.services.peers.add('/ip4/127.0.0.1/tcp/3')).to.be.true
  })

  it('ends a dial that is under way, and leaves nothing', async () => {
    const dialled = Promise.withResolvers<void>()
    const silent = await network.server(() => { dialled.resolve() })
    const b = await network.node()
    const a = await network.node({ addresses: [`/ip4/127.0.0.1/tcp/${silent.port}`, addressOf(b)], dialTimeout: 3_600_000 })
    const { peers } = a.services
    const events = recordLinks(a)
    await until(a, () => states(a)[1] === 'connected')
    await dialled.promise
    await stop(peers)
    await stop(peers)
    await until(a, () => silent.sockets.size === 0)

    expect(events.at(-1)).to.equal(`down ${b.peerId}`)
    expect(states(a)).to.deep.equal(['waiting', 'waiting'])
    expect(peers.members()).to.deep.equal([])
    const { events: bus } = (a as unknown as { components: { events: TypedEventTarget<Record<string, Event>> } }).components
    const listeners = bus.listenerCount('connection:open')

    await start(peers)
    expect(bus.listenerCount('connection:open')).to.equal(listeners + 1)
    await until(a, () => states(a)[1] === 'connected')
    expect(openConnections(a)).to.have.lengthOf(1)
  })

  it('does not dial when its node stops', async () => {
    const b = await network.node()
    const a = await network.node({ addresses: [addressOf(b)] })
    await connected(a)
    await until(b, () => b.services.peers.members().length === 1)
    const retries: unknown[] = []
    const events = recordLinks(a)
    a.services.peers.addEventListener('peer:retry', evt => { retries.push(evt.detail) })
    await a.stop()
    await until(b, () => b.services.peers.members().length === 0)

    expect(events).to.deep.equal([`down ${b.peerId}`])
    expect(retries).to.deep.equal([])
    await a.start()
    await connected(a)
  })

  it('builds a full mesh when everybody is configured with everybody, itself included', async () => {
    const nodes = await Promise.all(Array.from({ length: 6 }, async () => network.node()))
    nodes.forEach(node => {
      nodes.forEach(other => { node.services.peers.add(addressOf(other)) })
    })
    await connected(...nodes)
    await until(nodes, () => nodes.every(node => openConnections(node).length === 5))

    for (const node of nodes) {
      expect(states(node).filter(state => state === 'self')).to.have.lengthOf(1)
      expect(node.services.peers.members()).to.have.lengthOf(5)
    }
  })

  it('waits until its node starts', async () => {
    const b = await network.node()
    const a = await network.node({ addresses: [addressOf(b)] }, { start: false })
    expect(states(a)).to.deep.equal(['waiting'])
    await a.start()
    await connected(a)
  })
})
