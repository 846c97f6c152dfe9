import { Certificate, certificatesFromPem, createIdentity, networkIdOf, TrustStore } from '@fisco-libp2p/identity'
import { decodeMessage, decodeRecord, digestOf, encodeFrame, encodeMessage, encodeRecord, FrameDecoder, openRecord, sealRecord } from '@fisco-libp2p/status-seq'
import { expect } from 'chai'
import { VALID_AT, VECTOR_FIELDS, VECTORS } from './fixtures/vectors.ts'
import type { SignedRecord, StatusMessage } from '@fisco-libp2p/status-seq'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const now = (): number => VALID_AT

describe('the byte vectors of the specification', () => {
  for (const vector of VECTORS) {
    const anchors = certificatesFromPem(vector.ca)
    const chain = certificatesFromPem(vector.cert).map(({ der }) => der)
    const signed: SignedRecord = { bytes: Buffer.from(vector.record, 'hex'), signature: Buffer.from(vector.signature, 'hex'), chain }

    describe(vector.keyType, () => {
      it('say what they should', () => {
        const fields = decodeRecord(signed.bytes)

        expect({ ...fields, entries: [...fields.entries].map(([name, value]) => [name, hex(value)]) }).to.deep.equal({
          nodeId: vector.nodeId, incarnation: 1_700_000_000_000, seq: 7, entries: [['fisco/topics', ''], ['height', '0000002a']]
        })
        expect(hex(encodeRecord({ nodeId: vector.nodeId, ...VECTOR_FIELDS }))).to.equal(vector.record)
      })

      it('are signed by the owner', () => {
        const sealed = openRecord(decodeRecord(signed.bytes), signed, { trust: new TrustStore(anchors, now), networkId: Buffer.from(vector.networkId, 'hex') })

        expect(sealed.hash).to.equal(vector.hash)
        expect(sealed.record.certificate).to.be.an.instanceOf(Certificate)
        expect(hex(networkIdOf(anchors, '1'))).to.equal(vector.networkId)
        expect(digestOf([sealed])).to.equal(vector.digest)
      })

      it('travel in these frames', () => {
        const frames: Array<[string, StatusMessage]> = [
          [vector.announce, { announce: { incarnation: VECTOR_FIELDS.incarnation, seq: VECTOR_FIELDS.seq, digest: vector.digest } }],
          [vector.request, { request: [vector.nodeId] }]
        ]

        for (const [frame, message] of frames) {
          const decoder = new FrameDecoder()
          decoder.push(Buffer.from(frame, 'hex'))

          expect(hex(encodeFrame(encodeMessage(message)))).to.equal(frame)
          expect(decodeMessage(decoder.next() ?? new Uint8Array(0))).to.deep.include(message)
          expect(decoder.next()).to.equal(undefined)
        }
      })
    })
  }

  it('can be made again where the key is known and signatures are a function of it', () => {
    const [{ key, cert, ca, record, signature }] = VECTORS
    const sealed = sealRecord(createIdentity({ key: key ?? '', cert, ca, now }), VECTOR_FIELDS)

    expect(hex(sealed.bytes)).to.equal(record)
    expect(hex(sealed.signature)).to.equal(signature)
  })
})
