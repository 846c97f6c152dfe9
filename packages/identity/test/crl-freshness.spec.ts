import { createAgency, issueNode } from '@fisco-libp2p/ca'
import { certificatesFromPem, TrustStore } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { extension, root } from './support/issue.ts'
import { accepts, DAY, eventsOf, keyHashOf, learn, notTaken, refuses, source, storeOf, twoAgencies } from './support/revoke.ts'
import { withoutCrlSign } from './support/without-crl-sign.ts'
import type { TwoAgencies } from './support/revoke.ts'

describe('a CRL that was configured', () => {
  let all: TwoAgencies
  let store: TrustStore

  // when the certificates are made, which may be long after this file was loaded
  let begin: number
  let ended: { thisUpdate: Date, nextUpdate: Date }
  const at = (days: number): Date => new Date(begin + days * DAY)

  before(async () => {
    all = await twoAgencies()
    begin = Math.floor(Date.now() / 1000) * 1000
    ended = { thisUpdate: at(-2), nextUpdate: at(-1) }
  })

  beforeEach(() => {
    store = storeOf(all.root)
  })

  describe('that is out of date', () => {
    it('makes all that its issuer issued unacceptable, and names the file', () => {
      store.update({ crls: [source(all.one, ended)] })

      expect(refuses(store, all.nodeOfOne, 'crl-expired').message).to.include('one.crl').and.include(ended.nextUpdate.toISOString()).and.include('crl_soft_fail.N=true')
      accepts(store, all.nodeOfTwo, all.nodeOfRoot)
    })

    it('makes nobody unacceptable where it may be', () => {
      store.update({ crls: [source(all.one, { ...ended, revoked: ['0a'] }, true)] })
      accepts(store, all.nodeOfOne, all.nodeOfTwo)

      store.update({ crls: [source(all.one, { ...ended, revoked: [all.nodeOfOne.serial], number: 2n }, true)] })
      refuses(store, all.nodeOfOne, 'revoked')
    })

    it('is made up for by a newer one, be it configured or learnt', () => {
      const old = source(all.one, { ...ended, number: 4n })
      const fresh = source(all.one, { number: 5n })

      for (const crls of [[old, fresh], [fresh, old]]) {
        store.update({ crls })
        accepts(store, all.nodeOfOne)
      }

      const other = storeOf(all.root)
      other.update({ crls: [source(all.two, { ...ended, number: 4n })] })
      refuses(other, all.nodeOfTwo, 'crl-expired')
      learn(other, all.two, { number: 5n })
      accepts(other, all.nodeOfTwo)
    })

    it('is out of date at its time, and not before', () => {
      let now = begin
      const clocked = storeOf(all.root, () => now)
      clocked.update({ crls: [source(all.one, { nextUpdate: at(2) }), source(all.root, { nextUpdate: at(3) })] })
      const { validUntil } = clocked.judge(certificatesFromPem(all.nodeOfOne.cert))

      expect(validUntil).to.equal(at(2).getTime())
      now = validUntil
      accepts(clocked, all.nodeOfOne)
      now++
      refuses(clocked, all.nodeOfOne, 'crl-expired')
      accepts(clocked, all.nodeOfTwo)
    })

    it('is never out of date where it does not say when the next one comes', () => {
      store.update({ crls: [source(all.one, { nextUpdate: null, thisUpdate: at(-900) })] })

      accepts(store, all.nodeOfOne)
    })

    it('is not so early because of one that was learnt', () => {
      store.update({ crls: [source(all.one, { number: 4n })] })
      accepts(store, all.nodeOfOne)
      learn(store, all.one, { ...ended, number: 5n, revoked: ['0a'] })

      accepts(store, all.nodeOfOne)
    })
  })

  describe('that another key has signed', () => {
    it('makes all that its issuer issued unacceptable, and names the file', () => {
      store.update({ crls: [source(all.two, { as: all.one, revoked: [all.nodeOfOne.serial] })] })

      expect(refuses(store, all.nodeOfOne, 'crl-unusable').message).to.include('two.crl').and.include('not signed by the key of its issuer')
      accepts(store, all.nodeOfTwo, all.nodeOfRoot)
      expect(store.crls).to.deep.equal([])
    })

    it('makes nobody unacceptable, and revokes nothing, where it may fail', () => {
      store.update({ crls: [source(all.two, { as: all.one, revoked: [all.nodeOfOne.serial] }, true)] })

      accepts(store, all.nodeOfOne, all.nodeOfTwo)
    })

    it('does no harm beside the right one: a CA has changed its key, and both have no identifiers', async () => {
      const namesake = await createAgency(all.root, { name: 'one' })
      const node = await issueNode(namesake, { name: 'node' })
      store.update({ crls: [source(all.one, { noKeyId: true }), source(namesake, { noKeyId: true, revoked: ['0a'] })] })
      accepts(store, all.nodeOfOne, node)

      // one that was held before and is not out of date would do
      const fresh = storeOf(all.root)
      fresh.update({ crls: [source(all.one, { noKeyId: true }), source(namesake, { ...ended, noKeyId: true })] })
      accepts(fresh, all.nodeOfOne)
      refuses(fresh, node, 'crl-expired')
    })
  })

  describe('of an agency that is not known yet', () => {
    it('is effective from the first node of it on, and then held', async () => {
      store.update({ crls: [source(all.one, { revoked: [all.nodeOfOne.serial] })] })
      expect(store.crls).to.deep.equal([])
      const held = pEvent(store, 'trust:crl')

      refuses(store, all.nodeOfOne, 'revoked')
      expect((await held as CustomEvent<{ issuerKeyHash: string }>).detail.issuerKeyHash).to.equal(keyHashOf(all.one))
    })

    it('is held before anybody came if the agency is trusted itself', () => {
      const pinned = new TrustStore(certificatesFromPem(all.one.leaf))
      pinned.update({ crls: [source(all.one, {}), source(all.two, {})] })

      expect(pinned.crls.map(({ issuerKeyHash }) => issuerKeyHash)).to.deep.equal([keyHashOf(all.one)])
    })
  })

  describe('of an agency whose key another agency has certified again', () => {
    it('goes by the certificate that it fits, whichever was shown first', async () => {
      const upper = await createAgency(all.root, { name: 'upper', pathLength: 1 })
      const shadow = withoutCrlSign(upper, all.one)
      const shown = [certificatesFromPem(all.nodeOfOne.leaf), shadow, certificatesFromPem(upper.leaf)].flat()

      // the shadow may not sign CRLs, so where one is configured, what it stands above is not accepted
      store.update({ crls: [source(all.one, {})] })
      expect(() => store.judge(shown)).to.throw('crl-unusable')
      accepts(store, all.nodeOfOne)

      const other = storeOf(all.root)
      accepts(other, all.nodeOfOne)
      other.judge(shown)
      learn(other, all.one, { revoked: [all.nodeOfOne.serial] })
      refuses(other, all.nodeOfOne, 'revoked')
      expect(() => other.judge(shown)).to.throw('revoked')
    })

    it('is not signed by a CA that may not sign CRLs', async () => {
      const upper = await createAgency(all.root, { name: 'upper', pathLength: 1 })
      const shadow = withoutCrlSign(upper, all.one)
      store.judge([certificatesFromPem(all.nodeOfOne.leaf), shadow, certificatesFromPem(upper.leaf)].flat())

      notTaken(() => learn(store, all.one, { revoked: [all.nodeOfOne.serial] }), 'key-usage')
    })
  })

  describe('events', () => {
    it('tell of changes once, of CRLs where they are new, and of nothing that is refused', () => {
      accepts(store, all.nodeOfOne)
      const events = eventsOf(store)
      const took = (act: () => unknown): string[] => {
        act()

        return events.splice(0)
      }

      const configured = [source(all.one, { number: 4n, revoked: ['0a'] })]

      expect(took(() => { store.update({ crls: configured }) })).to.deep.equal(['change', 'crl 4'])
      expect(took(() => { store.update({ crls: configured }) })).to.deep.equal(['change'])
      expect(took(() => { store.update({ anchors: store.anchors }) })).to.deep.equal(['change of anchors'])
      expect(took(() => { learn(store, all.one, { number: 5n, revoked: ['0a'] }) })).to.deep.equal(['crl 5'])
      expect(took(() => { learn(store, all.one, { number: 6n, revoked: ['0b'] }) })).to.deep.equal(['change', 'crl 6'])
      expect(took(() => { learn(store, all.one, { number: 7n }) })).to.deep.equal(['crl 7'])
      expect(took(() => { notTaken(() => learn(store, all.one, { number: 6n, revoked: ['0c'] }), 'replayed') })).to.deep.equal([])
      expect(took(() => { accepts(store, all.nodeOfOne, all.nodeOfTwo) })).to.deep.equal([])
    })
  })

  it('changes nothing for a trusted CA of another name whose extensions cannot be read', () => {
    const strange = root({ extensions: { subjectKeyId: extension('2.5.29.14', false, Buffer.from('no DER')) } }, 'strange').certificate
    const both = new TrustStore([strange, ...certificatesFromPem(all.root.cert)])
    both.update({ crls: [source(all.one, { revoked: [all.nodeOfOne.serial] })] })

    refuses(both, all.nodeOfOne, 'revoked')
  })
})
