import { createHash } from 'node:crypto'
import { Certificate, certificatesFromPem, createIdentity, networkIdOf, signatureInput, TrustStore } from '@fisco-libp2p/identity'
import { ADDRESSES_ENTRY, decodeMessage, decodeRecord, describeRecord, digestOf, encodeFrame, encodeMessage, encodeRecord, FrameDecoder, namesNeighbour, NEIGHBOURS_ENTRY, neighboursEntry, openRecord, RECORD_REFUSALS, RECORD_VERSION, sealRecord, VERSION_ENTRY } from '@fisco-libp2p/status-seq'
import { documentedConstants, documentedNames, documentedTable, documentedVector, wireNames } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import * as constants from '../src/constants.ts'
import { addressesEntry, versionEntry } from '../src/description.ts'
import { FIELDS, OWNERS, VALID_AT } from './fixtures/owners.ts'
import type { StatusMessage } from '@fisco-libp2p/status-seq'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (name: string): Uint8Array => Uint8Array.from(Buffer.from(documentedVector(name), 'hex'))
const now = (): number => VALID_AT

const NODE = documentedVector('status node ID Ed25519')
const OTHER = documentedVector('status node ID secp256k1')
const { incarnation, seq } = FIELDS

const MESSAGES: Record<string, StatusMessage> = {
  'status announce': { announce: { incarnation, seq, digest: documentedVector('status digest Ed25519') } },
  'status request': { request: [NODE] },
  'status list': { lists: [{ from: '', to: undefined, numbers: [{ nodeId: NODE, incarnation, seq, hash: documentedVector('status hash Ed25519') }] }] },
  'status list, bounded and empty': { lists: [{ from: 'b8', to: 'fe8a', numbers: [] }] },
  'status compare': { compares: [{ from: '', parts: [{ digest: 'aa'.repeat(16), to: 'b8' }, { digest: 'bb'.repeat(16), to: undefined }] }] },
  'status records': { records: [{ bytes: bytes('status record Ed25519'), signature: bytes('status signature Ed25519'), chain: [], age: 1_500 }] },
  'status records, with a chain': { records: [{ bytes: Uint8Array.of(1, 2), signature: Uint8Array.of(3, 4), chain: [Uint8Array.of(0x30, 0), Uint8Array.of(0x30, 1, 0)], age: 0 }] }
}

describe('docs/PROTOCOLS.md, status', () => {
  for (const { vectors, key, cert, ca } of OWNERS) {
    const anchors = certificatesFromPem(ca)
    const networkId = bytes(vectors.networkId)
    const nodeId = documentedVector(vectors.nodeId)
    const signed = { bytes: bytes(vectors.record), signature: bytes(vectors.signature), chain: certificatesFromPem(cert).map(({ der }) => der) }

    it(`vector: ${vectors.record}`, () => {
      expect(hex(encodeRecord({ nodeId, ...FIELDS }))).to.equal(documentedVector(vectors.record))
      expect(decodeRecord(signed.bytes)).to.deep.equal({ nodeId, ...FIELDS })
    })

    it(`vectors: ${vectors.signature}, and what follows from the record`, () => {
      const sealed = openRecord(decodeRecord(signed.bytes), signed, { trust: new TrustStore(anchors, now), networkId })
      const input = signatureInput({ purpose: 'status', version: RECORD_VERSION, networkId }, [signed.bytes])

      expect(sealed.record.certificate).to.be.an.instanceOf(Certificate)
      expect(hex(networkIdOf(anchors, '1'))).to.equal(documentedVector(vectors.networkId))
      expect(sealed.hash).to.equal(documentedVector(vectors.hash))
      expect(createHash('sha256').update(input).digest('hex')).to.equal(documentedVector(vectors.signedHash))
      expect(digestOf([sealed])).to.equal(documentedVector(vectors.digest))

      if (key != null) {
        expect(hex(sealRecord(createIdentity({ key, cert, ca, now }), FIELDS).signature)).to.equal(documentedVector(vectors.signature))
      }
    })
  }

  for (const [name, message] of Object.entries(MESSAGES)) {
    it(`vector: ${name}`, () => {
      const decoder = new FrameDecoder()
      decoder.push(bytes(name))

      expect(hex(encodeFrame(encodeMessage(message)))).to.equal(documentedVector(name))
      expect(decodeMessage(decoder.next() ?? new Uint8Array())).to.deep.include(message)
      expect(decoder.next()).to.equal(undefined)
    })
  }

  it('vector: entry fisco/neighbours', () => {
    const entries = new Map([[NEIGHBOURS_ENTRY, bytes('entry fisco/neighbours')]])

    expect(hex(neighboursEntry([NODE, OTHER]))).to.equal(documentedVector('entry fisco/neighbours'))
    expect([NODE, OTHER, 'ab'.repeat(32)].map(nodeId => namesNeighbour({ entries }, nodeId))).to.deep.equal([true, true, false])
  })

  it('vector: entry fisco/version', () => {
    expect(hex(versionEntry({ name: 'fisco-libp2p', version: '0.1.0' }))).to.equal(documentedVector('entry fisco/version'))
    expect(describeRecord({ entries: new Map([[VERSION_ENTRY, bytes('entry fisco/version')]]) }).version).to.equal('fisco-libp2p/0.1.0')
  })

  it('vector: entry fisco/addresses', () => {
    const addresses = ['/ip4/10.0.0.1/tcp/30300/tls', '/dns4/a.example/tcp/1/tls']

    expect(hex(addressesEntry([...addresses, `${addresses[0]}/p2p/${documentedVector('peer ID Ed25519')}`]))).to.equal(documentedVector('entry fisco/addresses'))
    expect(describeRecord({ entries: new Map([[ADDRESSES_ENTRY, bytes('entry fisco/addresses')]]) }).addresses).to.deep.equal(addresses.sort())
  })

  it('refusals, constants and names', () => {
    const [[refusals]] = documentedTable('refusal', "neighbour's stream")

    expect(refusals.split(', ')).to.deep.equal([...RECORD_REFUSALS])
    expect({ ...constants }).to.include(documentedConstants('status-seq'))
    expect(wireNames(constants).filter(name => name !== constants.RESERVED_PREFIX)).to.have.members(documentedNames('status-seq'))
  })
})
