import { accessControl, accessGater } from '@fisco-libp2p/access'
import { createCrl } from '@fisco-libp2p/ca'
import { Crl } from '@fisco-libp2p/identity'
import { createNode } from '@fisco-libp2p/node'
import { createConsortium, freePorts } from '@fisco-libp2p/test-kit'
import { caTlsTcp } from '@fisco-libp2p/tls'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { pEvent } from 'p-event'
import { Nodes, SetClock, until } from './helpers/nodes.ts'
import type { AccessClosed } from '@fisco-libp2p/access'
import type { Certificate, CrlSource } from '@fisco-libp2p/identity'
import type { FiscoNode } from '@fisco-libp2p/node'
import type { PeerDownDetail } from '@fisco-libp2p/peers'

async function gone (node: FiscoNode, other: FiscoNode): Promise<void> {
  await until(() => !node.services.peers.members().some(({ nodeId }) => nodeId === other.identity.nodeId), async () => down(node))
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

async function closed ({ services }: FiscoNode): Promise<AccessClosed> {
  return (await pEvent<'access:closed', CustomEvent<AccessClosed>>(services.access, 'access:closed')).detail
}

async function down ({ services }: FiscoNode): Promise<PeerDownDetail> {
  return (await pEvent<'peer:down', CustomEvent<PeerDownDetail>>(services.peers, 'peer:down')).detail
}

describe('live connections', () => {
  for (const [title, lists, rule] of [
    ['a node that is put on the deny list', (nodeId: string) => ({ deny: [nodeId] }), 'denied'],
    ['a node that an allow list does not have', (_: string, other: string) => ({ allow: [other] }), 'not-allowed'],
    ['a node that is on both lists: deny wins', (nodeId: string, other: string) => ({ allow: [nodeId, other], deny: [nodeId] }), 'denied']
  ] as const) {
    it(`disconnects ${title}, tells it why, and nobody else`, async () => {
      await using nodes = await Nodes.start(await (await createConsortium()).identities(3))
      const [judge, bystander, victim] = nodes.all
      await nodes.beating()
      const told = down(victim)
      const event = closed(judge)

      judge.lists.update(lists(victim.identity.nodeId, bystander.identity.nodeId))

      expect(await event).to.include({ nodeId: victim.identity.nodeId, rule })
      expect(await told).to.include({ nodeId: judge.identity.nodeId, reason: 'denied' })
      await gone(judge, victim)
      expect(judge.services.peers.members().map(({ nodeId }) => nodeId)).to.deep.equal([bystander.identity.nodeId])
    })
  }

  it('closes at the moment at which a certificate ends, and not before', async () => {
    const consortium = await createConsortium()
    const clock = new SetClock()
    const end = Math.ceil(Date.now() / 1000) * 1000 + 10 * MINUTE
    const [lasting, ending] = [await consortium.identity({ now: clock.now }), await consortium.identity({ notAfter: new Date(end), now: clock.now })]
    await using nodes = await Nodes.start([lasting, ending])
    const closing = closed(nodes.all[0])

    clock.set(end - 1_500)
    const { rule, nodeId } = await closing

    expect(clock.now()).to.be.above(end)
    expect(rule).to.equal('expired')
    expect(nodeId).to.equal(ending.nodeId)
  })

  it('keeps the link of a node that has renewed its certificate in time', async () => {
    const consortium = await createConsortium()
    const clock = new SetClock()
    const end = Math.ceil(Date.now() / 1000) * 1000 + 10 * MINUTE
    const [lasting, renewing] = [await consortium.identity({ now: clock.now }), await consortium.identity({ notAfter: new Date(end), now: clock.now })]
    const third = await consortium.identity({ notAfter: new Date(end), now: clock.now })
    await using nodes = await Nodes.start([lasting, renewing, third])
    const [judge] = nodes.all
    const { chain } = await consortium.identity({ key: renewing.key.export({ format: 'pem', type: 'pkcs8' }).toString() })
    const before = judge.getConnections(renewing.peerId)
    const event = closed(judge)

    renewing.renew(chain)
    await until(() => judge.services.statusSeq.get(renewing.nodeId)?.certificate.serial === chain[0].serial, async () => pEvent(judge.services.statusSeq, 'status:change'))
    clock.set(end + 1)

    // the one that was not renewed in time
    expect((await event).nodeId).to.equal(third.nodeId)
    await gone(judge, nodes.all[2])
    expect(judge.services.peers.members().map(({ nodeId }) => nodeId)).to.deep.equal([renewing.nodeId])
    expect(before.some(({ status }) => status === 'open')).to.equal(true)
  })

  it('dials at once when its certificate, which had ended, is renewed', async () => {
    const consortium = await createConsortium()
    const clock = new SetClock()
    const end = Math.ceil(Date.now() / 1000) * 1000 + 10 * MINUTE
    const [lasting, renewing] = [await consortium.identity({ now: clock.now }), await consortium.identity({ notAfter: new Date(end), now: clock.now })]
    // longer than the test has
    const pauses = { minDelay: 60 * MINUTE, maxDelay: 60 * MINUTE }
    await using nodes = await Nodes.start([lasting, renewing], () => ({ links: pauses }))
    const { chain } = await consortium.identity({ key: renewing.key.export({ format: 'pem', type: 'pkcs8' }).toString() })

    clock.set(end + 1)
    await Promise.all(nodes.all.map(async (node, i) => gone(node, nodes.all[1 - i])))
    renewing.renew(chain)
    await nodes.connected()
  })

  it('notices that the clock is set back before a certificate begins', async () => {
    const clock = new SetClock()
    const consortium = await createConsortium({ validFrom: new Date(Date.now() - DAY) })
    const young = await consortium.identity()
    await using nodes = await Nodes.start([await consortium.identity({ now: clock.now, notBefore: new Date(Date.now() - DAY) }), young])
    const event = closed(nodes.all[0])

    clock.set(young.certificate.notBefore - 60 * MINUTE)

    expect(await event).to.include({ rule: 'not-yet-valid', nodeId: young.nodeId })
  })

  it('leaves certificates of a hundred years alone', async () => {
    const clock = new SetClock()
    const consortium = await createConsortium()
    const lasting = await consortium.identity({ now: clock.now })
    const ending = await consortium.identity({ notAfter: new Date(Math.ceil((Date.now() + DAY) / 1000) * 1000) })
    await using nodes = await Nodes.start([lasting, await consortium.identity(), ending])
    const event = closed(nodes.all[0])
    expect(lasting.certificate.notAfter - Date.now()).to.be.above(2 ** 31 - 1)

    // fifty years later, what ends is looked at, and ends; what does not, stays
    clock.set(Date.now() + 50 * 365 * DAY)

    expect((await event).nodeId).to.equal(ending.nodeId)
    await gone(nodes.all[0], nodes.all[2])
    expect(nodes.all[0].services.peers.members()).to.have.lengthOf(1)
  })

  it('disconnects those who are under a CA that is not trusted any more', async () => {
    const [ours, theirs] = [await createConsortium(), await createConsortium({ name: 'theirs' })]
    const cas = ours.root.cert + theirs.root.cert
    const networkId = new Uint8Array(32)
    const identities = [await ours.identity({ ca: cas, networkId }), await ours.identity({ ca: cas, networkId }), await theirs.identity({ ca: cas, networkId })]
    await using nodes = await Nodes.start(identities)
    await nodes.beating()
    const told = down(nodes.all[2])
    const event = closed(nodes.all[0])

    identities[0].trust.update({ anchors: identities[0].trust.anchors.slice(0, 1) as Certificate[] })

    expect(await event).to.include({ rule: 'untrusted-issuer', nodeId: identities[2].nodeId })
    expect((await told).reason).to.equal('untrusted-issuer')
    await gone(nodes.all[0], nodes.all[2])
    expect(nodes.all[0].services.peers.members().map(({ nodeId }) => nodeId)).to.deep.equal([identities[1].nodeId])
  })

  it('disconnects those whose CRL is out of date where it must not be, and takes them again with a new one', async () => {
    const clock = new SetClock()
    const [ours, theirs] = [await createConsortium(), await createConsortium({ name: 'theirs' })]
    const init = { ca: ours.root.cert + theirs.root.cert, networkId: new Uint8Array(32) }
    const identities = [await ours.identity({ ...init, now: clock.now }), await ours.identity(init), await theirs.identity(init)]
    await using nodes = await Nodes.start(identities)
    const [judge, , theirNode] = nodes.all
    const list = (number: bigint, days: number): CrlSource => ({ name: 'theirs.crl', crl: new Crl(createCrl(theirs.agency, { revoked: [], number, days }).der) })
    const event = closed(judge)

    judge.identity.trust.update({ crls: [list(1n, 1)] })
    clock.set(Date.now() + 2 * DAY)
    const { rule, message, nodeId } = await event
    await gone(judge, theirNode)

    expect({ rule, nodeId }).to.deep.equal({ rule: 'crl-expired', nodeId: identities[2].nodeId })
    expect(message).to.include('theirs.crl (CRL number 1 of "CN=agency')
    expect(judge.services.peers.members().map(({ nodeId }) => nodeId)).to.deep.equal([identities[1].nodeId])

    judge.identity.trust.update({ crls: [list(2n, 30)] })
    await until(() => judge.services.peers.members().length === 2, async () => pEvent(judge.services.peers, 'peer:up'))
  })

  it('says that the node\'s own certificate is refused', async () => {
    const consortium = await createConsortium()
    const identity = await consortium.identity()
    const [port] = await freePorts(1)
    const node = await createNode({ identity, listen: [`/ip4/127.0.0.1/tcp/${port}/tls`] })

    try {
      const event = pEvent<'certificate:refused', CustomEvent<{ rule: string }>>(node.services.access, 'certificate:refused')
      identity.trust.update({ deniedSerials: [{ issuerKeyHash: identity.chain[1].keyHash, serial: identity.certificate.serial }] })

      expect((await event).detail.rule).to.equal('revoked')
    } finally {
      await node.stop()
    }
  })

  for (const uncertified of ['refuse', 'allow'] as const) {
    it(`${uncertified === 'allow' ? 'leaves' : 'aborts'} connections without a certificate, by a second door that the node has, if told to ${uncertified} them`, async () => {
      const [identity] = await (await createConsortium()).identities(1)
      const node = await createLibp2p({
        privateKey: identity.privateKey,
        addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
        transports: [caTlsTcp({ identity }), tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        services: { access: accessControl({ uncertified }), ping: ping() }
      })
      const stranger = await createLibp2p({ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], services: { ping: ping() } })
      const rules: string[] = []
      node.services.access.addEventListener('access:closed', ({ detail }) => { rules.push(detail.rule) })

      try {
        const answer = stranger.services.ping.ping(multiaddr(node.getMultiaddrs()[0].toString())).then(() => 'answered', () => 'nothing')

        expect(await answer).to.equal(uncertified === 'allow' ? 'answered' : 'nothing')
        expect(rules).to.deep.equal(uncertified === 'allow' ? [] : ['no-certificate'])
      } finally {
        await Promise.all([node.stop(), stranger.stop()])
      }
    })
  }

  it('works in a node that has neither peers, nor status, nor unicast', async () => {
    const identities = await (await createConsortium()).identities(2)
    const gater = accessGater()
    const [one, other] = await Promise.all(identities.map(async (identity, i) => createLibp2p({
      privateKey: identity.privateKey,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0/tls'] },
      transports: [caTlsTcp({ identity })],
      streamMuxers: [yamux()],
      connectionGater: i === 0 ? gater : undefined,
      services: { access: accessControl() }
    })))

    try {
      const connection = await other.dial(multiaddr(one.getMultiaddrs()[0].toString()))
      const disconnected = pEvent(other, 'peer:disconnect')
      gater.update({ deny: [identities[1].nodeId] })
      await disconnected

      expect(connection.status).to.not.equal('open')
    } finally {
      await Promise.all([one.stop(), other.stop()])
    }
  })
})
