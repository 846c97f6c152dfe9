import { Relay } from '@fisco-libp2p/test-kit'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { addressOf, connected, openConnections, portOf, recordLinks, states, until } from './network.ts'
import { MemberNetwork } from './support/members.ts'
import type { TestNode } from './network.ts'
import type { PeerRefusedDetail, PeersEvents } from '@fisco-libp2p/peers'

const LINK_TIMEOUT = 1_000

async function next<Name extends keyof PeersEvents> (node: TestNode, name: Name): Promise<PeersEvents[Name]['detail']> {
  return (await pEvent<Name, PeersEvents[Name]>(node.services.peers, name)).detail
}

describe('links under faults', () => {
  const network = new MemberNetwork()

  afterEach(async () => network.stop())

  it('finds at both ends that nobody is left at the other one, and comes back when the way is free', async () => {
    const { node: b } = await network.member({ linkTimeout: LINK_TIMEOUT })
    await using relay = await new Relay(portOf(b)).listen()
    const { node: a } = await network.member({ linkTimeout: LINK_TIMEOUT, dialTimeout: 500, addresses: [`/ip4/127.0.0.1/tcp/${relay.port}/tls`] })
    await connected(a)
    await until(b, () => b.services.peers.members().length === 1)
    relay.silence(true)
    const downs = await Promise.all([a, b].map(async node => next(node, 'peer:down')))

    expect(downs.map(({ reason }) => reason)).to.deep.equal(['silent', 'silent'])
    expect(a.services.peers.list()[0].lastError).to.equal('the peer was silent for too long')
    relay.silence(false)
    await connected(a)
  })

  it('says of a link with two connections that it was silent when both are', async () => {
    const { node: b } = await network.member({ linkTimeout: LINK_TIMEOUT })
    await using relay = await new Relay(portOf(b)).listen()
    const { node: a } = await network.member({ linkTimeout: LINK_TIMEOUT })
    await b.handle('/pending/1.0.0', () => {})
    const throughRelay = multiaddr(`/ip4/127.0.0.1/tcp/${relay.port}/tls`)
    await a.dial(throughRelay)
    // in use, so it is not given up at once
    await (await a.dial(throughRelay, { force: true })).newStream('/pending/1.0.0')
    await until([a, b], () => openConnections(a).length === 2 && openConnections(b).length === 2)
    relay.silence(true)
    const downs = await Promise.all([a, b].map(async node => next(node, 'peer:down')))

    expect(downs.map(({ reason }) => reason)).to.deep.equal(['silent', 'silent'])
  })

  it('forgets that one connection was silent when another one carries the link on', async () => {
    const { node: b } = await network.member({ linkTimeout: LINK_TIMEOUT })
    await using relay = await new Relay(portOf(b)).listen()
    const { node: a } = await network.member({ linkTimeout: LINK_TIMEOUT })
    await b.handle('/pending/1.0.0', () => {})
    await a.dial(multiaddr(`/ip4/127.0.0.1/tcp/${relay.port}/tls`))
    const second = await a.dial(addressOf(b), { force: true })
    await second.newStream('/pending/1.0.0')
    await until([a, b], () => openConnections(a).length === 2 && openConnections(b).length === 2)
    relay.silence(true)
    await until([a, b], () => openConnections(a).length === 1 && openConnections(b).length === 1)
    const downs = Promise.all([a, b].map(async node => next(node, 'peer:down')))
    await second.close()

    expect((await downs).map(({ reason }) => reason)).to.deep.equal(['closed', 'closed'])
  })

  it('measures round trips, and keeps quiet links', async () => {
    const { node: b } = await network.member({ linkTimeout: LINK_TIMEOUT })
    const { node: a } = await network.member({ linkTimeout: LINK_TIMEOUT, addresses: [addressOf(b)] })
    await connected(a)
    const events = recordLinks(a)
    const measured = new Set<number | undefined>()
    // three timeouts of a quiet link, one measurement in each interval
    await until(a, () => measured.add(a.services.peers.members()[0].rtt).size > 8)

    expect(events).to.deep.equal([])
    expect(a.services.peers.list()[0]).to.have.property('rtt').that.is.a('number').above(0)
  })

  it('survives an event loop that stands still for longer than the timeout', async () => {
    const { node: b } = await network.member({ linkTimeout: LINK_TIMEOUT })
    const { node: a } = await network.member({ linkTimeout: LINK_TIMEOUT, addresses: [addressOf(b)] })
    await connected(a)
    await until(b, () => b.services.peers.members().length === 1)
    const events = [recordLinks(a), recordLinks(b)]

    for (const end = performance.now() + 3 * LINK_TIMEOUT; performance.now() < end;) {
      // busy
    }

    const measured = new Set<number | undefined>()
    await until(a, () => measured.add(a.services.peers.members()[0]?.rtt).size > 4)
    expect(events.flat()).to.deep.equal([])
  })

  it('replaces a link that only the other end knows to be dead, long before the timeout', async () => {
    const { node: b } = await network.member({ linkTimeout: 3_600_000 })
    await using relay = await new Relay(portOf(b)).listen()
    const { node: a } = await network.member({ linkTimeout: 3_600_000, addresses: [`/ip4/127.0.0.1/tcp/${relay.port}/tls`] })
    await connected(a)
    await until(b, () => b.services.peers.members().length === 1)
    const [old] = openConnections(b)
    const events = recordLinks(b)
    // old enough not to be one of two simultaneous dials
    await until(b, () => Date.now() - old.timeline.open > 5_100)
    relay.resetDiallers()
    await until([a, b], () => openConnections(b).length === 1 && openConnections(b)[0] !== old && openConnections(a).length === 1)

    expect(events).to.deep.equal([])
    expect(old.status).to.equal('aborted')
  })

  it('takes leave: a peer that stops is no fault, and is dialled again', async () => {
    const { node: b } = await network.member()
    const { node: a } = await network.member({ minDelay: 50, maxDelay: 100, addresses: [addressOf(b)] })
    const { node: c } = await network.member({ addresses: [addressOf(a)] })
    await connected(a, c)
    await until([a, b], () => [a, b].every(({ services }) => services.peers.members().some(({ peerId, rtt }) => !peerId.equals(c.peerId) && rtt != null)))
    const events: string[] = []
    a.services.peers.addEventListener('peer:up', ({ detail }) => { events.push(`up ${detail.peerId}`) })
    a.services.peers.addEventListener('peer:down', ({ detail }) => { events.push(`down ${detail.peerId} ${detail.reason}`) })
    const down = next(a, 'peer:down')
    const retry = next(a, 'peer:retry')
    await b.stop()

    expect((await down).reason).to.equal('draining')
    expect(await retry).to.include({ attempts: 0, error: 'the peer said that it stops' })
    await b.start()
    await until(a, () => a.services.peers.members().length === 2 || states(a)[0] === 'waiting')

    await a.stop()
    expect(events).to.include.members([`down ${b.peerId} draining`, `down ${c.peerId} stopped`])
  })

  it('does not take a new link while it stops, and says so', async () => {
    const { node: b } = await network.member()
    await (b.services.peers as unknown as { beforeStop (): Promise<void> }).beforeStop()
    const { node: a } = await network.member()
    const refusals: PeerRefusedDetail[] = []
    a.services.peers.addEventListener('peer:refused', evt => { refusals.push(evt.detail) })
    a.services.peers.add(addressOf(b))
    const { error } = await next(a, 'peer:retry')

    expect(error).to.equal('the peer refused us: this node stops: dial it again later')
    expect(states(a)).to.deep.equal(['waiting'])
    expect(refusals).to.deep.equal([])
  })

  it('has room for so many, and always for those that it is configured with', async () => {
    const { node: hub } = await network.member({ maxMembers: 2, maxUnconfigured: 1 })
    const { node: first } = await network.member({ addresses: [addressOf(hub)] })
    await connected(first)
    const { node: second } = await network.member({ addresses: [addressOf(hub)], minDelay: 100, maxDelay: 200 })
    const { error } = await next(second, 'peer:retry')

    expect(error).to.contain('has no room for nodes that it is not configured with')
    expect(states(second)[0]).to.not.equal('refused')

    // configured, it finds room; the third place makes the one that is not configured go
    hub.services.peers.add(addressOf(second))
    await connected(second, hub)
    const { node: third } = await network.member()
    const down = next(first, 'peer:down')
    hub.services.peers.add(addressOf(third))
    await connected(hub)

    expect((await down).reason).to.equal('overloaded')
    await until(hub, () => hub.services.peers.members().length === 2)
    expect(hub.services.peers.members().every(({ configured }) => configured)).to.be.true
  })

  it('leaves a peer alone that refused it for good, until it is asked to try again', async () => {
    const { node: b, access } = await network.member()
    const { node: a, identity } = await network.member()
    access.update({ deny: [identity.nodeId] })
    a.services.peers.add(addressOf(b))
    const refused = await next(a, 'peer:refused')
    const [peer] = a.services.peers.list()

    expect(refused).to.include({ rule: 'denied', refusedBy: 'them', final: true })
    expect(peer).to.include({ state: 'refused', rule: 'denied', final: true, attempts: 1 })
    expect(peer.state === 'refused' && peer.until - peer.since).to.be.within(300_000, 600_000)
    access.update({ deny: [] })
    expect(a.services.peers.retry('/ip4/127.0.0.1/tcp/1/tls')).to.be.false
    expect(a.services.peers.retry(addressOf(b))).to.be.true
    await connected(a)
  })

  it('tries again by itself when a list of its own was the reason, and has changed', async () => {
    const { node: b, identity } = await network.member()
    const { node: a, access } = await network.member()
    access.update({ deny: [identity.nodeId] })
    a.services.peers.add(addressOf(b))
    expect(await next(a, 'peer:refused')).to.include({ rule: 'denied', refusedBy: 'us', final: true })
    // a peer ID in the address: the gater is asked before the dial
    a.services.peers.add(b.getMultiaddrs()[0])
    expect(await next(a, 'peer:refused')).to.include({ rule: 'connection-gater', refusedBy: 'us', final: true })
    access.update({ deny: [] })
    await connected(a)
  })

  it('leaves a node of another network alone', async () => {
    const { node: b } = await network.member({}, { chainId: '7' })
    const { node: a } = await network.member({ addresses: [addressOf(b)] })
    await until(a, () => states(a)[0] === 'refused')

    expect(a.services.peers.list()[0]).to.include({ rule: 'other-network', final: true })
  })
})
