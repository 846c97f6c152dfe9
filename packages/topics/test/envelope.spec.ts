import { generateKeyPairSync } from 'node:crypto'
import { nodeIdFromPublicKey, publicKeyFromKeyObject, signFields } from '@fisco-libp2p/identity'
import { decodeEnvelope, encodeEnvelope, gossipTopic, MAX_DATA_BYTES, MAX_MESSAGE_BYTES, MESSAGE_VERSION, verifyEnvelope } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'
import type { SignaturePurpose } from '@fisco-libp2p/identity'
import type { Envelope, ReceivedEnvelope } from '@fisco-libp2p/topics'
import type { KeyObject } from 'node:crypto'

const networkId = Buffer.alloc(32, 7)
const now = Date.now()

interface Author {
  nodeId: string
  publicKey: KeyObject
  privateKey: KeyObject
}

function author ({ publicKey, privateKey }: { publicKey: KeyObject, privateKey: KeyObject }): Author {
  return { nodeId: nodeIdFromPublicKey(publicKeyFromKeyObject(publicKey)), publicKey, privateKey }
}

const AUTHORS: Record<string, Author> = {
  secp256k1: author(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
  ed25519: author(generateKeyPairSync('ed25519')),
  rsa: author(generateKeyPairSync('rsa', { modulusLength: 2048 }))
}

function sign ({ privateKey }: Author, purpose: SignaturePurpose = 'topic', network: Uint8Array = networkId) {
  return (fields: readonly Uint8Array[]): Uint8Array => signFields(privateKey, { purpose, version: MESSAGE_VERSION, networkId: network }, fields)
}

function message (author: Author, fields: Partial<Envelope> = {}): Envelope {
  return { author: author.nodeId, incarnation: now, sequence: 1, topic: 'fisco/prices', data: Uint8Array.of(1, 2, 3), ...fields }
}

for (const [keyType, writer] of Object.entries(AUTHORS)) {
  describe(`signed message of a ${keyType} node`, () => {
    const received = (fields?: Partial<Envelope>): ReceivedEnvelope => decodeEnvelope(encodeEnvelope(message(writer, fields), sign(writer)), now)
    const verify = (envelope: ReceivedEnvelope): boolean => verifyEnvelope(envelope, writer.publicKey, networkId)

    it('comes back as it was, and verifies', () => {
      fc.assert(fc.property(fc.record({
        incarnation: fc.integer({ min: 1, max: now }),
        sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        topic: fc.string({ minLength: 1, maxLength: 40 }).map(name => `fisco/${name}`),
        data: fc.uint8Array({ maxLength: 100 })
      }), fields => {
        const { signature, version, ...envelope } = received(fields)

        expect(version).to.equal(MESSAGE_VERSION)
        expect(envelope).to.deep.equal({ ...fields, author: writer.nodeId })
        expect(verify({ ...envelope, version, signature })).to.equal(true)
      }), { numRuns: 20 })
    })

    it('does not verify when any field was changed', () => {
      const original = received()
      const other = keyType === 'ed25519' ? AUTHORS.secp256k1 : AUTHORS.ed25519

      expect(verify(original)).to.equal(true)
      expect(verify({ ...original, version: 2 })).to.equal(false)
      expect(verify({ ...original, author: other.nodeId })).to.equal(false)
      expect(verify({ ...original, incarnation: now - 1 })).to.equal(false)
      expect(verify({ ...original, sequence: 2 })).to.equal(false)
      expect(verify({ ...original, topic: 'fisco/price' })).to.equal(false)
      expect(verify({ ...original, data: Uint8Array.of(1, 2, 4) })).to.equal(false)
      expect(verify({ ...original, data: Uint8Array.of(1, 2) })).to.equal(false)
      // a byte that moves from one field to the next
      expect(verify({ ...original, topic: 'fisco/price', data: Uint8Array.of(115, 1, 2, 3) })).to.equal(false)
      expect(verify({ ...original, signature: original.signature.slice(1) })).to.equal(false)
      expect(verify({ ...original, signature: original.signature.map((byte, i) => i === 9 ? byte ^ 1 : byte) })).to.equal(false)
    })

    it('does not verify with the key of another node', () => {
      expect(verifyEnvelope(received(), author(generateKeyPairSync('ed25519')).publicKey, networkId)).to.equal(false)
    })

    it('does not verify for another purpose or network', () => {
      const signedFor = (purpose: SignaturePurpose, network: Uint8Array): ReceivedEnvelope => decodeEnvelope(encodeEnvelope(message(writer), sign(writer, purpose, network)), now)

      expect(verify(signedFor('topic', networkId))).to.equal(true)
      expect(verify(signedFor('status', networkId))).to.equal(false)
      expect(verify(signedFor('topic', Buffer.alloc(32, 8)))).to.equal(false)
    })

    it('stays below 1 MiB with as much data as is allowed', () => {
      const bytes = encodeEnvelope(message(writer, { topic: gossipTopic('t'.repeat(128)), data: new Uint8Array(MAX_DATA_BYTES) }), sign(writer))

      expect(bytes.byteLength).to.be.at.most(MAX_MESSAGE_BYTES)
      expect(verify(decodeEnvelope(bytes, now))).to.equal(true)
    })
  })
}

describe('decoding a signed message', () => {
  const valid = encodeEnvelope(message(AUTHORS.secp256k1), sign(AUTHORS.secp256k1))
  const encode = (fields: Partial<Envelope>): Uint8Array => encodeEnvelope(message(AUTHORS.ed25519, fields), () => Uint8Array.of(1))

  function decode (bytes: Uint8Array): ReceivedEnvelope | undefined {
    try {
      return decodeEnvelope(bytes, now)
    } catch (err) {
      expect(err).to.have.property('name', 'MalformedMessageError')
    }
  }

  it('gives a message or an error for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => { decode(bytes) }))
  })

  it('gives a message or an error for a message with any change', () => {
    fc.assert(fc.property(fc.nat(valid.byteLength - 1), fc.nat(255), fc.nat(valid.byteLength), (at, byte, length) => {
      const bytes = valid.slice(0, length)

      bytes[at] = byte

      const envelope = decode(bytes)

      if (envelope?.version === MESSAGE_VERSION) {
        expect(envelope.author).to.match(/^[0-9a-f]+$/)
        expect(envelope.sequence).to.be.within(1, Number.MAX_SAFE_INTEGER)
        expect(envelope.incarnation).to.be.within(1, now + 86_400_000)
      }
    }))
  })

  it('refuses numbers out of range', () => {
    expect(() => decodeEnvelope(encode({ sequence: 0 }), now)).to.throw('sequence number')
    // 2^60 as a varint; of a field that comes twice, protobuf takes the last
    expect(() => decodeEnvelope(Buffer.concat([encode({}), Uint8Array.of(0x20, 128, 128, 128, 128, 128, 128, 128, 128, 16)]), now)).to.throw().with.property('name', 'MalformedMessageError')
    expect(() => decodeEnvelope(encode({ incarnation: 0 }), now)).to.throw('incarnation')
    expect(() => decodeEnvelope(encode({ incarnation: now + 86_400_001 }), now)).to.throw('future')
    expect(decodeEnvelope(encode({ incarnation: now + 86_400_000 }), now).incarnation).to.equal(now + 86_400_000)
  })

  it('refuses an author that is no node ID', () => {
    for (const author of ['', '00', '11'.repeat(33), 'ff'.repeat(1_025), 'ff'.repeat(500_000)]) {
      expect(() => decodeEnvelope(encode({ author }), now)).to.throw('author').with.property('name', 'MalformedMessageError')
    }
  })

  it('refuses what is larger than 1 MiB before it reads it', () => {
    expect(() => decodeEnvelope(new Uint8Array(MAX_MESSAGE_BYTES + 1), now)).to.throw('1048577 bytes').with.property('name', 'MalformedMessageError')
  })

  it('says the version of a later format, and nothing else', () => {
    const later = Uint8Array.of(8, 2, 18, 1, 0)

    expect(decodeEnvelope(later, now)).to.include({ version: 2, author: '00' })
  })
})
