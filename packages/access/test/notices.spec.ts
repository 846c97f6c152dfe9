import { randomBytes } from 'node:crypto'
import { decodeNotices, encodeNotices, MAX_NOTICES } from '@fisco-libp2p/access'
import { createChainCa } from '@fisco-libp2p/ca'
import { Crl, MAX_CRL_BYTES } from '@fisco-libp2p/identity'
import { hostileCrl } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import fc from 'fast-check'
import { noticeBytes } from './helpers/notice-bytes.ts'
import type { WrittenNotice } from './helpers/notice-bytes.ts'
import type { CertificateAuthority } from '@fisco-libp2p/ca'
import type { HeldCrl } from '@fisco-libp2p/identity'
import type { HostileCrlParts } from '@fisco-libp2p/test-kit'

/**
 * Most bytes of a status entry.
 */
const MAX_ENTRY_BYTES = 16 * 1024

describe('notices of CRLs', () => {
  let ca: CertificateAuthority

  before(async () => {
    ca = await createChainCa({ keyType: 'ed25519' })
  })

  function held (parts: HostileCrlParts, subordinate = false): HeldCrl {
    const crl = new Crl(hostileCrl(ca, parts))

    return { issuerKeyHash: randomBytes(32).toString('hex'), crl, serials: crl.fields.serials, latest: crl.fields, subordinate }
  }

  it('say of each CRL what is needed to see whether it is news', () => {
    const all = [held({ number: 1n }), held({ number: (1n << 159n) - 1n, revoked: ['0a'] }), held({ number: null }), held({ number: 0n })]
    const read = decodeNotices(encodeNotices(all))

    expect(read).to.have.deep.members(all.map(({ issuerKeyHash, crl: { fields, hash, der } }) => ({
      issuer: issuerKeyHash, number: fields.number, thisUpdate: fields.thisUpdate, hash, size: der.byteLength
    })))
  })

  it(`are of the ${MAX_NOTICES} CRLs that were made last, and fit into one entry`, () => {
    const dated = (i: number): Date => new Date(Date.UTC(2026, 0, 1) + i * 60_000)
    const all = Array.from({ length: MAX_NOTICES + 20 }, (_, i) => held({ number: (1n << 159n) - 1n, thisUpdate: dated(i) }))
    const bytes = encodeNotices(all)

    expect(bytes.byteLength).to.be.lessThan(MAX_ENTRY_BYTES)
    expect(decodeNotices(bytes).map(({ thisUpdate }) => thisUpdate)).to.deep.equal(all.slice(20).reverse().map(({ crl }) => crl.fields.thisUpdate))
  })

  it('are of CAs that a trusted CA has certified first, however many others there are', () => {
    const old = held({ thisUpdate: new Date(Date.UTC(2020, 0, 1)) })
    const brood = Array.from({ length: MAX_NOTICES + 1 }, () => held({}, true))

    expect(decodeNotices(encodeNotices([...brood, old]))[0].hash).to.equal(old.crl.hash)
  })

  it('are read without those that make no sense', () => {
    const good: WrittenNotice = { issuer: randomBytes(32), hash: randomBytes(32), thisUpdate: 1, size: 1 }
    const read = (...notices: Array<Partial<WrittenNotice>>): number => decodeNotices(noticeBytes(notices.map(notice => ({ ...good, ...notice })))).length

    expect(read({}, { number: new Uint8Array(20) }, { size: MAX_CRL_BYTES }, { number: new Uint8Array() })).to.equal(4)
    expect(read({ issuer: randomBytes(31) }, { issuer: randomBytes(33) }, { hash: randomBytes(31) }, { hash: new Uint8Array() }, { size: 0 }, { size: MAX_CRL_BYTES + 1 }, { number: new Uint8Array(21) })).to.equal(0)
    expect(read({}, { size: MAX_CRL_BYTES + 1 })).to.equal(1)
    expect(decodeNotices(noticeBytes(Array.from({ length: MAX_NOTICES + 1 }, () => good)))).to.deep.equal([])
  })

  it('are read from any bytes without an error', () => {
    const bytes = encodeNotices([held({ number: 1n }), held({ number: null })])
    const attempt = (changed: Uint8Array): void => {
      for (const { issuer, hash, size, thisUpdate } of decodeNotices(changed)) {
        expect(issuer).to.match(/^[0-9a-f]{64}$/)
        expect(hash).to.match(/^[0-9a-f]{64}$/)
        expect(size).to.be.within(1, MAX_CRL_BYTES)
        expect(Number.isSafeInteger(thisUpdate)).to.equal(true)
      }
    }

    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt))
    fc.assert(fc.property(fc.nat(bytes.byteLength - 1), fc.nat(255), (at, byte) => {
      const changed = Uint8Array.from(bytes)
      changed[at] = byte
      attempt(changed)
    }), { numRuns: 1000 })
    fc.assert(fc.property(fc.nat(bytes.byteLength), length => { attempt(bytes.subarray(0, length)) }))
  })
})
