import { EXPIRY_ENTRY } from '@fisco-libp2p/access'
import { createCrl } from '@fisco-libp2p/ca'
import { Crl } from '@fisco-libp2p/identity'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { Nodes, SetClock, until } from './helpers/nodes.ts'
import type { CertificateExpiring } from '@fisco-libp2p/access'

const DAY = 24 * 60 * 60_000

describe('certificates that end', () => {
  it('are told by everybody, to everybody, at 30, 7 and 1 days, once each', async () => {
    const clock = new SetClock()
    const consortium = await createConsortium()
    const end = Math.ceil((Date.now() + 100 * DAY) / 1000) * 1000
    const ending = await consortium.identity({ now: clock.now, notAfter: new Date(end) })
    await using nodes = await Nodes.start([await consortium.identity({ now: clock.now }), ending])
    const told: string[] = []

    for (const [i, { services, identity: { trust } }] of nodes.all.entries()) {
      services.access.addEventListener('certificate:expiring', ({ detail: { nodeId, days, own, notAfter } }) => {
        told.push(`${i} ${nodeId === ending.nodeId ? 'ending' : 'other'} ${days} ${own}`)
        expect(notAfter).to.equal(end)
      })
      await until(() => services.access.calendar().length === 2, async () => pEvent(services.statusSeq, 'status:change'))
      expect(services.access.calendar()[0]).to.include({ nodeId: ending.nodeId, name: ending.name, notAfter: end })

      for (const days of [31, 29, 8, 6.5, 6, 0.5, 0.4]) {
        clock.set(end - days * DAY)
        // one of the moments at which it looks
        trust.update({})
      }

      clock.set(end - 100 * DAY)
      trust.update({})
    }

    expect(told).to.deep.equal(['0 ending 30 false', '0 ending 7 false', '0 ending 1 false', '1 ending 30 true', '1 ending 7 true', '1 ending 1 true'])
  })

  it('are told of at the moment at which they end, and stay in the calendar until they are renewed', async () => {
    const consortium = await createConsortium()
    const clock = new SetClock()
    const end = Math.ceil(Date.now() / 1000) * 1000 + 600_000
    const ending = await consortium.identity({ notAfter: new Date(end), now: clock.now })
    await using nodes = await Nodes.start([await consortium.identity({ now: clock.now }), ending])
    const [lasting, over] = nodes.all
    const told = nodes.all.map(async ({ services }) => pEvent<'certificate:expiring', CustomEvent<CertificateExpiring>>(services.access, 'certificate:expiring', { filter: ({ detail: { nodeId, days } }) => nodeId === ending.nodeId && days === 0 }))

    await until(() => lasting.services.access.calendar().length === 2, async () => pEvent(lasting.services.statusSeq, 'status:change'))
    clock.set(end - 1_500)
    nodes.all.forEach(({ identity }) => { identity.trust.update({}) })
    expect((await Promise.all(told)).map(({ detail }) => detail.own)).to.deep.equal([false, true])
    expect(lasting.services.access.calendar()[0]).to.include({ nodeId: ending.nodeId, notAfter: end })
    const { chain } = await consortium.identity({ key: ending.key.export({ format: 'pem', type: 'pkcs8' }).toString() })
    over.identity.renew(chain)
    await until(() => lasting.services.access.calendar().every(({ notAfter }) => notAfter > end), async () => pEvent(lasting.services.statusSeq, 'status:change'))
    expect(lasting.services.access.calendar()).to.have.lengthOf(2)
  })

  it('stand in the status, with the end of the CA above them', async () => {
    const consortium = await createConsortium()
    await using nodes = await Nodes.start(await consortium.identities(2))
    const [one, other] = nodes.all
    const entry = (): string => Buffer.from(one.services.statusSeq.get(other.identity.nodeId)?.entries.get(EXPIRY_ENTRY) ?? []).toString()

    await until(() => entry() !== '', async () => pEvent(one.services.statusSeq, 'status:change'))

    expect(Number(entry())).to.equal(Math.min(...[...other.identity.chain, ...other.identity.trust.anchors].map(({ notAfter }) => notAfter)))
  })

  it('are told of CRLs as well, which must not be out of date', async () => {
    const clock = new SetClock()
    const consortium = await createConsortium()
    const identity = await consortium.identity({ now: clock.now })
    await using nodes = await Nodes.start([identity])
    const event = pEvent<'certificate:expiring', CustomEvent<CertificateExpiring>>(nodes.all[0].services.access, 'certificate:expiring')
    const { der, nextUpdate } = createCrl(consortium.agency, { revoked: [], number: 1n, days: 30 })

    identity.trust.update({ crls: [{ crl: new Crl(der), name: 'agency.crl' }] })
    clock.set(nextUpdate.getTime() - 2 * DAY)
    identity.trust.update({})

    const { detail } = await event
    expect(detail).to.include({ own: true, days: 7, notAfter: nextUpdate.getTime() })
    expect(detail.certificate).to.match(/^agency\.crl \(CRL number 1 of "CN=agency/)
  })
})

describe('clocks', () => {
  it('tells a node by how much its clock is wrong, by the median of its neighbours, and the others nothing', async () => {
    const clock = new SetClock()
    clock.offset = -20_000
    const consortium = await createConsortium()
    const identities = [await consortium.identity({ now: clock.now }), ...await consortium.identities(3)]
    await using nodes = await Nodes.start(identities)
    const [wrong, right] = nodes.all
    await until(() => wrong.services.access.clockOffsets().size === 3 && right.services.access.clockOffsets().size === 3, async () => new Promise(resolve => { setTimeout(resolve, 10) }))

    expect(wrong.services.access.clock()).to.include({ neighbours: 3, skewed: true })
    expect(wrong.services.access.clock()?.offset).to.be.within(19_000, 21_000)
    expect(right.services.access.clock()).to.include({ neighbours: 3, skewed: false })
    expect(right.services.access.clockOffsets().get(wrong.identity.nodeId)).to.be.within(-21_000, -19_000)
  })
})
