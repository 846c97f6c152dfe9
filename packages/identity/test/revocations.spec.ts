import { createAgency, createChainCa, issueNode } from '@fisco-libp2p/ca'
import { certificatesFromPem, Crl, MAX_CRL_LEAD, MAX_ISSUERS, MAX_REVOKED_SERIALS, MAX_SUBORDINATE_ISSUERS, TrustStore } from '@fisco-libp2p/identity'
import { hostileCrl } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { accepts, DAY, eventsOf, keyHashOf, learn, notTaken, refuses, source, storeOf, twoAgencies } from './support/revoke.ts'
import type { TwoAgencies } from './support/revoke.ts'

describe('revocations', () => {
  let all: TwoAgencies
  let store: TrustStore

  // when the certificates are made, which may be long after this file was loaded
  let now: number
  let yesterday: Date

  before(async () => {
    all = await twoAgencies()
    now = Date.now()
    yesterday = new Date(now - DAY)
  })

  beforeEach(() => {
    store = storeOf(all.root)
    accepts(store, all.nodeOfOne, all.nodeOfTwo, all.nodeOfRoot)
  })

  describe('touch what the issuer issued, and nobody else', () => {
    for (const way of ['configured', 'learnt'] as const) {
      const take = (...[ca, parts]: Parameters<typeof source>): unknown => way === 'configured' ? store.update({ crls: [source(ca, parts)] }) : learn(store, ca, parts)

      it(`a node, by a CRL of its agency that was ${way}`, () => {
        take(all.one, { revoked: [all.nodeOfOne.serial] })

        expect(refuses(store, all.nodeOfOne, 'revoked').message).to.include('its issuer "CN=one')
        accepts(store, all.nodeOfTwo, all.nodeOfRoot)
      })

      it(`an agency with all its nodes, by a CRL of the root that was ${way}`, () => {
        take(all.root, { revoked: [all.one.serial] })

        expect(refuses(store, all.nodeOfOne, 'revoked').subject).to.include('CN=one')
        accepts(store, all.nodeOfTwo, all.nodeOfRoot)
      })

      it(`nobody, by a CRL that was ${way} and names what others issued`, () => {
        take(all.one, { revoked: [all.nodeOfTwo, all.nodeOfRoot, all.two, all.one, all.root].map(({ serial }) => serial) })

        accepts(store, all.nodeOfOne, all.nodeOfTwo, all.nodeOfRoot)
      })
    }

    it('by the key: an agency of the same name has other serial numbers', async () => {
      const namesake = await createAgency(all.root, { name: 'one' })
      const node = await issueNode(namesake, { name: 'node' })
      learn(store, all.one, { revoked: [all.nodeOfOne.serial, node.serial] })

      refuses(store, all.nodeOfOne, 'revoked')
      accepts(store, node)
    })

    it('by serial numbers that this node denies, under one issuer alone', () => {
      store.update({ deniedSerials: [{ issuerKeyHash: keyHashOf(all.one), serial: all.nodeOfOne.serial.toLowerCase() }, { issuerKeyHash: keyHashOf(all.one), serial: all.nodeOfTwo.serial.toLowerCase() }] })
      expect(refuses(store, all.nodeOfOne, 'revoked').message).to.include('deny list of this node')
      accepts(store, all.nodeOfTwo, all.nodeOfRoot)

      store.update({ deniedSerials: [] })
      accepts(store, all.nodeOfOne)
    })
  })

  describe('stay', () => {
    it('when a later list leaves them out, or an older one is configured', () => {
      learn(store, all.one, { revoked: [all.nodeOfOne.serial], number: 5n })
      learn(store, all.one, { number: 6n })
      refuses(store, all.nodeOfOne, 'revoked')

      store.update({ crls: [source(all.one, { number: 4n })] })
      refuses(store, all.nodeOfOne, 'revoked')

      store.update({ crls: [] })
      refuses(store, all.nodeOfOne, 'revoked')
      expect(store.crls.map(({ crl }) => crl.fields.number)).to.deep.equal([6n])
    })

    it('and an older list that is configured adds to them', () => {
      learn(store, all.one, { number: 6n })
      store.update({ crls: [source(all.one, { revoked: [all.nodeOfOne.serial], number: 4n })] })

      refuses(store, all.nodeOfOne, 'revoked')
      expect(store.crls.map(({ crl }) => crl.fields.number)).to.deep.equal([6n])
    })

    it('through a restart, after which nothing older is taken either', () => {
      learn(store, all.one, { revoked: [all.nodeOfOne.serial], number: 5n })
      learn(store, all.one, { number: 6n })

      const restarted = storeOf(all.root)
      store.crls.forEach(held => { restarted.restore(held) })

      refuses(restarted, all.nodeOfOne, 'revoked')
      accepts(restarted, all.nodeOfTwo)
      notTaken(() => learn(restarted, all.one, { number: 6n }), 'replayed')
      learn(restarted, all.one, { number: 7n })
    })

    it('through a restart with an older list that was configured meanwhile', () => {
      learn(store, all.one, { revoked: [all.nodeOfOne.serial], number: 5n })

      const restarted = storeOf(all.root)
      restarted.update({ crls: [source(all.one, { number: 2n })] })
      accepts(restarted, all.nodeOfOne)
      store.crls.forEach(held => { restarted.restore(held) })

      refuses(restarted, all.nodeOfOne, 'revoked')
      notTaken(() => learn(restarted, all.one, { number: 5n }), 'replayed')
    })
  })

  describe('are learnt', () => {
    it('from lists with a higher number only, or a later time where there is none', () => {
      learn(store, all.one, { number: 5n })
      notTaken(() => learn(store, all.one, { number: 5n, revoked: [all.nodeOfOne.serial] }), 'replayed')
      notTaken(() => learn(store, all.one, { number: 4n, revoked: [all.nodeOfOne.serial] }), 'replayed')
      accepts(store, all.nodeOfOne)

      learn(store, all.two, { number: null, thisUpdate: yesterday })
      notTaken(() => learn(store, all.two, { number: null, thisUpdate: yesterday, revoked: [all.nodeOfTwo.serial] }), 'replayed')
      learn(store, all.two, { number: null, thisUpdate: new Date(now - 1000), revoked: [all.nodeOfTwo.serial] })
      refuses(store, all.nodeOfTwo, 'revoked')
    })

    it('from lists above the highest number of all, although one without a number came between', () => {
      learn(store, all.one, { number: 5n, thisUpdate: yesterday })
      learn(store, all.one, { number: null, thisUpdate: new Date(now - 2000) })

      notTaken(() => learn(store, all.one, { number: 3n, thisUpdate: new Date(now - 1000) }), 'replayed')
      notTaken(() => learn(store, all.one, { number: null, thisUpdate: new Date(now - 3000) }), 'replayed')
      learn(store, all.one, { number: 6n, thisUpdate: yesterday })
    })

    it('not from lists of more than five minutes in the future', () => {
      const clocked = storeOf(all.root, () => now)

      notTaken(() => learn(clocked, all.root, { thisUpdate: new Date(now + MAX_CRL_LEAD + 1000), revoked: [all.nodeOfRoot.serial] }), 'future')
      accepts(clocked, all.nodeOfRoot)
      learn(clocked, all.root, { thisUpdate: new Date(now + MAX_CRL_LEAD - 1000), revoked: [all.nodeOfRoot.serial] })
      refuses(clocked, all.nodeOfRoot, 'revoked')
    })

    it('only from issuers that are trusted, or were seen below them', async () => {
      const fresh = storeOf(all.root)
      const stranger = await createAgency(await createChainCa({ keyType: 'ed25519' }), { name: 'stranger' })

      notTaken(() => learn(fresh, all.one, {}), 'unknown-issuer')
      notTaken(() => learn(fresh, stranger, {}), 'unknown-issuer')
      accepts(fresh, all.nodeOfOne)
      learn(fresh, all.one, {})
      learn(fresh, all.root, {})
      notTaken(() => learn(fresh, all.one, {}, all.nodeOfOne), 'unknown-issuer')
    })

    it('not from lists that another key has signed', () => {
      notTaken(() => learn(store, all.two, { as: all.one, revoked: [all.nodeOfOne.serial] }, all.one), 'bad-signature')
      notTaken(() => learn(store, all.two, { as: all.one, noKeyId: true, revoked: [all.nodeOfOne.serial] }, all.two), 'other-issuer')
      accepts(store, all.nodeOfOne, all.nodeOfTwo)
      expect(store.crls).to.deep.equal([])
    })

    it('and make nobody unacceptable when they are out of date', () => {
      learn(store, all.one, { thisUpdate: new Date(now - 2 * DAY), nextUpdate: yesterday })

      accepts(store, all.nodeOfOne)
    })
  })

  describe('are forgotten, and not taken, where they are too many', () => {
    it(`no more than ${MAX_REVOKED_SERIALS} of one issuer; what the latest list says is not among the forgotten`, () => {
      const serials = Array.from({ length: MAX_REVOKED_SERIALS }, (_, i) => (0x10000000 + i).toString(16))
      const crl = new Crl(hostileCrl(all.one, {}))
      store.restore({ issuerKeyHash: keyHashOf(all.one), crl, serials: new Set(serials), latest: crl.fields, subordinate: false })
      const events = eventsOf(store)

      learn(store, all.one, { revoked: [all.nodeOfOne.serial, serials[0]], number: 2n })

      refuses(store, all.nodeOfOne, 'revoked')
      expect(events).to.deep.equal(['change', 'crl 2'])
      expect(store.crls[0].serials.size).to.equal(MAX_REVOKED_SERIALS)
      expect(store.crls[0].serials.has(serials[0])).to.equal(true)
      expect(store.crls[0].serials.has(serials[1])).to.equal(false)
    })

    it(`lists of ${MAX_ISSUERS} issuers; one that is configured is taken all the same`, async () => {
      const cas = await Promise.all(Array.from({ length: MAX_ISSUERS + 1 }, async (_, i) => createChainCa({ name: `chain ${i}`, keyType: 'ed25519' })))
      const many = new TrustStore(cas.flatMap(({ cert }) => certificatesFromPem(cert)))
      const last = cas[MAX_ISSUERS]
      const node = await issueNode(last, { name: 'node' })
      cas.slice(0, MAX_ISSUERS).forEach(ca => { learn(many, ca, {}) })

      notTaken(() => learn(many, last, { revoked: [node.serial] }), 'unknown-issuer')
      accepts(many, node)
      // those of which one is held go on
      learn(many, cas[0], { number: 2n })

      many.update({ crls: [source(last, { revoked: [node.serial] })] })
      refuses(many, node, 'revoked')
      expect(many.crls).to.have.lengthOf(MAX_ISSUERS + 1)
    })

    it(`CAs below agencies after ${MAX_SUBORDINATE_ISSUERS} others, and lists of so many; agencies of the root have room all the same`, async () => {
      const breeder = await createAgency(all.root, { name: 'breeder', pathLength: 1 })
      const brood = await Promise.all(Array.from({ length: MAX_SUBORDINATE_ISSUERS + 1 }, async (_, i) => createAgency(breeder, { name: `brood ${i}` })))
      const nodes = await Promise.all(brood.map(async agency => issueNode(agency, { name: 'node' })))
      const fresh = storeOf(all.root)
      accepts(fresh, all.nodeOfOne)

      for (const [i, agency] of brood.entries()) {
        accepts(fresh, nodes[i])

        if (i < MAX_SUBORDINATE_ISSUERS) {
          learn(fresh, agency, {})
        } else {
          notTaken(() => learn(fresh, agency, {}), 'unknown-issuer')
        }
      }

      expect(brood.filter(agency => fresh.issuer(keyHashOf(agency)) != null)).to.have.lengthOf(MAX_SUBORDINATE_ISSUERS)
      learn(fresh, all.one, { revoked: [all.nodeOfOne.serial] })
      refuses(fresh, all.nodeOfOne, 'revoked')
      expect(fresh.crls.filter(({ subordinate }) => !subordinate).map(({ crl }) => crl.issuer)).to.deep.equal([fresh.issuer(keyHashOf(all.one))?.subject])
    })

    it(`agencies after ${MAX_ISSUERS} others`, async () => {
      const agencies = await Promise.all(Array.from({ length: MAX_ISSUERS }, async (_, i) => createAgency(all.root, { name: `agency ${i}` })))
      const nodes = await Promise.all(agencies.map(async agency => issueNode(agency, { name: 'node' })))
      const fresh = storeOf(all.root)

      accepts(fresh, all.nodeOfOne, ...nodes)

      expect(fresh.issuer(keyHashOf(all.one))).to.equal(undefined)
      expect(agencies.every(agency => fresh.issuer(keyHashOf(agency)) != null)).to.equal(true)
      // the root is trusted, and so never forgotten
      expect(fresh.issuer(keyHashOf(all.root))?.commonName).to.equal('chain')
    })
  })
})
