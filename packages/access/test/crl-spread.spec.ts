import { issueNode } from '@fisco-libp2p/ca'
import { createIdentity } from '@fisco-libp2p/identity'
import { createNode } from '@fisco-libp2p/node'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { cast, crlOf, CrlNetwork, hashOf, heldBy, isConnected, keyHashOf, until } from './helpers/crl-network.ts'
import type { Cast } from './helpers/crl-network.ts'
import type { AccessClosed } from '@fisco-libp2p/access'
import type { IssuedNode } from '@fisco-libp2p/ca'
import type { HandshakeRejection } from '@fisco-libp2p/identity'
import type { FiscoNode } from '@fisco-libp2p/node'

const DAY = 24 * 60 * 60 * 1000

describe('CRLs in a network', function () {
  this.timeout(30_000)

  let all: Cast

  before(async () => {
    all = await cast()
  })

  /**
   * A node dials another one that refuses it, and says by which rule.
   */
  async function refusalOf (parts: IssuedNode, by: FiscoNode): Promise<string> {
    const rejected = pEvent<'handshake:rejected', CustomEvent<HandshakeRejection>>(by.identity, 'handshake:rejected')
    const node = await createNode({ identity: createIdentity({ key: parts.key, cert: parts.cert, ca: all.root.cert }), peers: by.getMultiaddrs() })

    try {
      return (await rejected).detail.rule
    } finally {
      await node.stop()
    }
  }

  it('reach everybody over those between, who close what is revoked and let it in no more', async () => {
    await using network = new CrlNetwork()
    const first = await network.add(all.honest, all.root)
    const between = await network.add(all.bystander, all.root, { peers: [first] })
    const last = await network.add(all.absent, all.root, { peers: [between] })
    const revoked = await network.add(all.attacker, all.root, { peers: [between, last] })
    const closed = Promise.all([between, last].map(async ({ services }) => pEvent<'access:closed', CustomEvent<AccessClosed>>(services.access, 'access:closed')))

    expect(isConnected(first, last)).to.equal(false)
    first.identity.trust.update({ crls: [{ crl: first.identity.trust.learn(crlOf(all.one, 1n, [all.attacker]), keyHashOf(all.one)), name: 'one.crl' }] })

    expect((await closed).map(({ detail }) => [detail.nodeId, detail.rule])).to.deep.equal(Array.from({ length: 2 }, () => [revoked.identity.nodeId, 'revoked']))
    await until(() => [between, last].every(node => !isConnected(node, revoked)))
    expect([...network.cutBy([first, between, last])]).to.deep.equal([revoked.identity.nodeId])
    await revoked.stop()
    expect(await refusalOf(all.attacker, last)).to.equal('revoked')
  })

  it('reach a node that was away meanwhile, and is connected with the revoked one before it hears of it', async () => {
    await using network = new CrlNetwork()
    const first = await network.add(all.honest, all.root)
    first.identity.trust.learn(crlOf(all.one, 1n, [all.attacker]), keyHashOf(all.one))
    // it runs on elsewhere, and nobody who knows better is connected with it
    const revoked = await network.add(all.attacker, all.root, { peers: [] })
    const returning = await network.add(all.bystander, all.root, { peers: [revoked] })

    const closed = pEvent<'access:closed', CustomEvent<AccessClosed>>(returning.services.access, 'access:closed')
    first.getMultiaddrs().forEach(address => { returning.services.peers.add(address) })

    expect((await closed).detail).to.include({ nodeId: revoked.identity.nodeId, rule: 'revoked' })
    await until(() => !isConnected(returning, revoked))
    expect([...network.cutBy([first, returning])]).to.deep.equal([revoked.identity.nodeId])
  })

  it('of one agency leave the nodes of another alone, which has none, also when they are out of date', async () => {
    await using network = new CrlNetwork()
    let now = Date.now()
    const clock = (): number => now
    const crls = [{ name: 'one.crl', content: crlOf(all.one, 1n) }]
    // this node alone goes by a clock of its own
    const ofTwo = await network.add(all.bystander, all.root, { identity: { crls, now: clock } })
    const ofOne = await network.add(all.honest, all.root)
    const alsoOfTwo = await network.add(await issueNode(all.two, { name: 'another' }), all.root)

    expect([isConnected(ofTwo, ofOne), isConnected(ofTwo, alsoOfTwo)]).to.deep.equal([true, true])
    const closed = pEvent<'access:closed', CustomEvent<AccessClosed>>(ofTwo.services.access, 'access:closed')
    now += 31 * DAY

    const { detail } = await closed
    expect(detail).to.deep.include({ nodeId: ofOne.identity.nodeId, rule: 'crl-expired' })
    expect(detail.message).to.include('one.crl')
    await until(() => !isConnected(ofTwo, ofOne))
    expect([...network.cutBy([ofTwo])]).to.deep.equal([ofOne.identity.nodeId])

    // where it may be out of date, they are welcome again
    ofTwo.identity.trust.update({ crls: [{ ...ofTwo.identity.trust.configuredCrls[0], softFail: true }] })
    await until(() => isConnected(ofTwo, ofOne))
  })

  it('are kept through a restart: what was revoked is refused at once, and nothing older is taken', async () => {
    await using folder = await temporaryFolder()
    const stateFolder = folder.join('state')
    const [fifth, sixth] = [crlOf(all.one, 5n, [all.attacker]), crlOf(all.one, 6n, [])]

    {
      await using network = new CrlNetwork()
      const node = await network.add(all.bystander, all.root, { stateFolder })
      const neighbour = await network.add(all.honest, all.root)

      neighbour.identity.trust.learn(fifth, keyHashOf(all.one))
      await until(() => heldBy(node).includes(hashOf(fifth)))
      neighbour.identity.trust.learn(sixth, keyHashOf(all.one))
      await until(() => heldBy(node).includes(hashOf(sixth)))
    }

    await using network = new CrlNetwork()
    const restarted = await network.add(all.bystander, all.root, { stateFolder })

    expect(heldBy(restarted)).to.deep.equal([hashOf(sixth)])
    // number 6 does not name it any more
    expect(await refusalOf(all.attacker, restarted)).to.equal('revoked')
    expect(() => restarted.identity.trust.learn(fifth, keyHashOf(all.one))).to.throw('replayed')

    // and it tells of what it holds
    const newcomer = await network.add(all.honest, all.root)
    await until(() => heldBy(newcomer).includes(hashOf(sixth)))
  })
})
