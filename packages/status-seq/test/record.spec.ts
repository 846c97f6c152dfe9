import { Certificate, Identity, MAX_CHAIN_LENGTH, TrustStore } from '@fisco-libp2p/identity'
import { decodeRecord, encodeRecord, MAX_ENTRIES, MAX_RECORD_BYTES, openRecord, sealRecord } from '@fisco-libp2p/status-seq'
import { createConsortium, createIdentities, NODE_KEY_TYPES } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import fc from 'fast-check'
import { bytes } from './support/records.ts'
import type { RecordFields, SealedRecord, SignedRecord } from '@fisco-libp2p/status-seq'

const nodeId = 'ab'.repeat(32)
const fields: RecordFields = { nodeId, incarnation: 1_700_000_000_000, seq: 7, entries: new Map([['a', bytes('1')], ['b/é', bytes('')]]) }
const plain = ({ entries, ...rest }: RecordFields): object => ({ ...rest, entries: [...entries].map(([name, value]) => [name, Buffer.from(value).toString('hex')]) })

describe('a record', () => {
  it('is decoded as it was encoded', () => {
    const numbers = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    // eslint-disable-next-line no-control-regex -- names without control characters
    const names = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter(name => Buffer.byteLength(name) <= 64 && !/[\u0000-\u001f\u007f-\u009f\ufffd]/.test(name))
    const entries = fc.array(fc.tuple(names, fc.uint8Array({ maxLength: 50 })), { maxLength: 10 }).map(pairs => new Map(pairs))

    fc.assert(fc.property(numbers, numbers, entries, (incarnation, seq, entries) => {
      const sorted = new Map([...entries].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))

      expect(plain(decodeRecord(encodeRecord({ nodeId, incarnation, seq, entries })))).to.deep.equal(plain({ nodeId, incarnation, seq, entries: sorted }))
    }))
  })

  it('is a record or an error, whatever the bytes', () => {
    const good = encodeRecord(fields)
    const almost = fc.tuple(fc.nat(good.byteLength - 1), fc.nat(255)).map(([at, value]) => good.with(at, value))
    const cut = fc.nat(good.byteLength).map(end => good.subarray(0, end))

    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), almost, cut), wire => {
      try {
        const { incarnation, seq } = decodeRecord(wire)

        expect(incarnation).to.satisfy(Number.isSafeInteger)
        expect(seq).to.satisfy(Number.isSafeInteger)
      } catch (err) {
        expect(err.name).to.be.oneOf(['MalformedStatusError', 'RecordRefusedError'])
      }
    }), { numRuns: 2_000 })
  })

  const refusals: Array<[string, RecordFields, string]> = [
    ['seq 0', { ...fields, seq: 0 }, 'seq is 0'],
    ['incarnation 0', { ...fields, incarnation: 0 }, 'incarnation is 0'],
    ['a seq above 2^53 - 1', { ...fields, seq: 2 ** 53 }, 'seq is 9007199254740992'],
    ['an incarnation near 2^64', { ...fields, incarnation: 2 ** 64 - 2_048 }, 'incarnation is 18446744073709549568'],
    ['a node ID that no key has', { ...fields, nodeId: 'abcdef' }, 'node ID has 3 bytes'],
    ['an entry without a name', { ...fields, entries: new Map([['', bytes('')]]) }, 'the name has 0 bytes'],
    ['a name that is too long', { ...fields, entries: new Map([['x'.repeat(65), bytes('')]]) }, 'the name has 65 bytes'],
    ['a name with a control character', { ...fields, entries: new Map([['a\nb', bytes('')]]) }, 'control characters'],
    ['a value that is too long', { ...fields, entries: new Map([['a', new Uint8Array(16 * 1024 + 1)]]) }, 'the value has 16385 bytes'],
    ['too many bytes', { ...fields, entries: new Map('abcde'.split('').map(name => [name, new Uint8Array(16 * 1024)])) }, `at most ${MAX_RECORD_BYTES}`],
    ['too many entries', { ...fields, entries: new Map(Array.from({ length: MAX_ENTRIES + 1 }, (_, i) => [`${i}`, bytes('')])) }, 'too many elements']
  ]

  for (const [what, broken, message] of refusals) {
    it(`is refused with ${what}`, () => {
      expect(() => decodeRecord(encodeRecord(broken))).to.throw(message).with.property('name', 'MalformedStatusError')
    })
  }

  it('is refused with entries that are out of order, or double', () => {
    const tail = (name: string): Uint8Array => encodeRecord({ ...fields, entries: new Map([[name, bytes('1')]]) }).subarray(encodeRecord({ ...fields, entries: new Map() }).byteLength)
    const head = encodeRecord({ ...fields, entries: new Map() })

    expect(decodeRecord(Buffer.concat([head, tail('a'), tail('b')])).entries.size).to.equal(2)

    for (const order of [['b', 'a'], ['a', 'a']]) {
      expect(() => decodeRecord(Buffer.concat([head, ...order.map(tail)]))).to.throw('not in ascending order')
    }
  })

  it('of a later version is told apart from rubbish', () => {
    const later = encodeRecord(fields).with(1, 2)

    expect(() => decodeRecord(later)).to.throw('version 2').with.property('rule', 'version')
  })
})

describe('a signed record', () => {
  let own: Identity
  let other: Identity
  let sealed: SealedRecord

  const open = (signed: SignedRecord = sealed, identity: Identity = other, known?: SealedRecord): SealedRecord => {
    return openRecord(decodeRecord(signed.bytes), signed, { trust: identity.trust, networkId: identity.networkId, known })
  }

  const resign = (change: Partial<RecordFields>, identity = own): SignedRecord => {
    const bytes = encodeRecord({ ...sealed.record, ...change })

    return { bytes, signature: identity.sign('status', 1, [bytes]), chain: identity.chain.map(({ der }) => der) }
  }

  const sealAs = (identity: Identity): SealedRecord => sealRecord(identity, { incarnation: 1_000, seq: 3, entries: new Map([['a', bytes('1')], ['b', bytes('2')]]) })

  before(async () => {
    [own, other] = await createIdentities(2, { keyType: 'ed25519' })
    sealed = sealAs(own)
  })

  for (const keyType of NODE_KEY_TYPES) {
    it(`is accepted by a stranger of the same consortium (${keyType})`, async () => {
      const consortium = await createConsortium()
      const [a, b] = await consortium.identities(2, { keyType })
      const { record, hash } = open(sealAs(a), b)

      expect(record.nodeId).to.equal(a.nodeId)
      expect(record.certificate.commonName).to.equal('node0')
      expect(record.chain.map(certificate => certificate.commonName)).to.deep.equal(['node0', 'agency'])
      expect(hash).to.match(/^[0-9a-f]{64}$/)
    })
  }

  it('fails when any bit of it, or of its signature, is changed', () => {
    const flips = (length: number): fc.Arbitrary<[number, number]> => fc.tuple(fc.nat(length - 1), fc.nat(7))
    const flip = (from: Uint8Array, [at, bit]: [number, number]): Uint8Array => from.with(at, from[at] ^ (1 << bit))

    fc.assert(fc.property(flips(sealed.bytes.byteLength), at => {
      expect(() => open({ ...sealed, bytes: flip(sealed.bytes, at) })).to.throw()
    }), { numRuns: 500 })
    fc.assert(fc.property(flips(sealed.signature.byteLength), at => {
      expect(() => open({ ...sealed, signature: flip(sealed.signature, at) })).to.throw().with.property('name', 'ForgedRecordError')
    }))
  })

  const changes: Array<[string, () => Partial<RecordFields>]> = [
    ['incarnation', () => ({ incarnation: 1_001 })],
    ['seq', () => ({ seq: 4 })],
    ['value', () => ({ entries: new Map([['a', bytes('1')], ['b', bytes('3')]]) })],
    ['name', () => ({ entries: new Map([['a', bytes('1')], ['c', bytes('2')]]) })],
    ['entry more', () => ({ entries: new Map([...sealed.record.entries, ['c', bytes('')]]) })],
    ['entry less', () => ({ entries: new Map([['a', bytes('1')]]) })]
  ]

  for (const [what, change] of changes) {
    it(`fails with another ${what}`, () => {
      expect(() => open({ ...sealed, bytes: encodeRecord({ ...sealed.record, ...change() }) })).to.throw().with.property('name', 'ForgedRecordError')
      expect(open(resign(change())).nodeId).to.equal(own.nodeId)
    })
  }

  it('fails in the name of another node', () => {
    // signed by own, in the name of other, with the certificate of either
    expect(() => open(resign({ nodeId: other.nodeId }))).to.throw('came with the certificate of').with.property('name', 'ForgedRecordError')
    expect(() => open({ ...resign({ nodeId: other.nodeId }), chain: other.chain.map(({ der }) => der) })).to.throw('not signed').with.property('name', 'ForgedRecordError')
  })

  it('fails in another network', () => {
    const elsewhere = new Identity({ key: own.key, chain: own.chain, trust: own.trust, networkId: new Uint8Array(32) })

    expect(() => open(sealAs(elsewhere))).to.throw('for this network').with.property('name', 'ForgedRecordError')
  })

  it('fails with a signature for another purpose or version', () => {
    expect(() => open({ ...sealed, signature: own.sign('topic', 1, [sealed.bytes]) })).to.throw().with.property('name', 'ForgedRecordError')
    expect(() => open({ ...sealed, signature: own.sign('status', 2, [sealed.bytes]) })).to.throw().with.property('name', 'ForgedRecordError')
    expect(open({ ...sealed, signature: own.sign('status', 1, [sealed.bytes]) }).hash).to.equal(sealed.hash)
  })

  it('of a node that the trust store does not accept is refused, not called forged', async () => {
    const [stranger] = await createIdentities(1, { keyType: 'ed25519' })

    expect(() => open(sealAs(stranger))).to.throw(stranger.nodeId).with.property('rule', 'untrusted')
  })

  it('is refused when its certificate has expired', async () => {
    const consortium = await createConsortium({ keyType: 'ed25519' })
    const [a, b] = await consortium.identities(2)
    const later = new TrustStore(b.trust.anchors, () => a.certificate.notAfter + 1)
    const record = sealAs(a)

    expect(record.validUntil).to.be.at.most(a.certificate.notAfter)
    expect(() => openRecord(decodeRecord(record.bytes), record, { trust: later, networkId: b.networkId })).to.throw('expired').with.property('rule', 'untrusted')
    // nor does a chain that was accepted before count for ever
    expect(() => openRecord(decodeRecord(record.bytes), record, { trust: later, networkId: b.networkId, known: record })).to.throw('expired').with.property('rule', 'untrusted')
  })

  it('takes the chain that was judged before, if it is the same', () => {
    const known = open()
    const newer = open(resign({ seq: 4 }), other, known)

    expect(newer.record.certificate).to.equal(known.record.certificate)
    expect(newer.seq).to.equal(4)
    expect(() => open({ ...sealed, chain: other.chain.map(({ der }) => der) }, other, known)).to.throw().with.property('name', 'ForgedRecordError')
  })

  it('is refused with a chain that cannot be one', () => {
    const [leaf] = own.chain

    for (const chain of [[], Array.from({ length: MAX_CHAIN_LENGTH + 1 }, () => leaf.der), [new Uint8Array(17 * 1024)], [bytes('no certificate')]]) {
      expect(() => open({ ...sealed, chain })).to.throw().with.property('name', 'MalformedStatusError')
    }

    expect(leaf).to.be.an.instanceOf(Certificate)
  })

  it('is refused with a signature that is longer than any', () => {
    expect(() => open({ ...sealed, signature: new Uint8Array(1_025) })).to.throw('1025 bytes').with.property('name', 'MalformedStatusError')
  })
})
