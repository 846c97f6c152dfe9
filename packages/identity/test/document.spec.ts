import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { networkIdOf, nodeIdFromPublicKey, nodeIdToPeerId, peerIdToNodeId, publicKeyFromKeyObject, SIGNATURE_PURPOSES, signatureInput, signFields, verifyFields } from '@fisco-libp2p/identity'
import { documentedConstants, documentedTable, documentedVector } from '@fisco-libp2p/test-kit'
import { peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'chai'
import * as constants from '../src/constants.ts'
import { loadNativeSecp256k1 } from '../src/secp256k1.ts'
import type { Certificate, CrlRule, SignatureContext } from '@fisco-libp2p/identity'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (name: string): Buffer => Buffer.from(documentedVector(name), 'hex')

const ed25519 = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), bytes('private key Ed25519')]), format: 'der', type: 'pkcs8' })
const ecdh = createECDH('secp256k1')
ecdh.setPrivateKey(bytes('private key secp256k1'))
const point = ecdh.getPublicKey()
const secp256k1 = createPrivateKey({
  key: { kty: 'EC', crv: 'secp256k1', d: bytes('private key secp256k1').toString('base64url'), x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) },
  format: 'jwk'
})
const rsa = createPrivateKey(readFileSync(new URL('../../test/fixtures/rsa-2048.key', import.meta.url)))
const publicKeys = [ed25519, secp256k1, rsa].map(key => createPublicKey(key))

describe('docs/PROTOCOLS.md, keys and signatures', () => {
  const context: SignatureContext = { purpose: 'status', version: 1, networkId: Uint8Array.of(1, 2) }
  const fields = [Uint8Array.of(9)]

  for (const [i, name] of ['node ID Ed25519', 'node ID secp256k1', 'node ID RSA'].entries()) {
    it(`vector: ${name}`, () => {
      expect(nodeIdFromPublicKey(publicKeyFromKeyObject(publicKeys[i]))).to.equal(documentedVector(name))
    })
  }

  for (const [nodeId, name] of [['node ID Ed25519', 'peer ID Ed25519'], ['node ID secp256k1', 'peer ID secp256k1'], ['node ID RSA', 'peer ID RSA']]) {
    it(`vector: ${name}`, () => {
      expect(nodeIdToPeerId(documentedVector(nodeId)).toString()).to.equal(documentedVector(name))

      if (!nodeId.endsWith('RSA')) {
        expect(peerIdToNodeId(peerIdFromString(documentedVector(name)))).to.equal(documentedVector(nodeId))
      }
    })
  }

  for (const [i, name] of ['SubjectPublicKeyInfo Ed25519', 'SubjectPublicKeyInfo secp256k1'].entries()) {
    it(`vector: ${name}`, () => {
      expect(hex(publicKeys[i].export({ format: 'der', type: 'spki' }))).to.equal(documentedVector(name))
    })
  }

  it('vector: network ID', () => {
    const anchors = ['SubjectPublicKeyInfo secp256k1', 'SubjectPublicKeyInfo Ed25519', 'SubjectPublicKeyInfo secp256k1']
      .map(name => ({ publicKey: createPublicKey({ key: bytes(name), format: 'der', type: 'spki' }) }) as unknown as Certificate)

    expect(hex(networkIdOf(anchors, '1'))).to.equal(documentedVector('network ID'))
  })

  it('vector: signature input', () => {
    expect(hex(signatureInput(context, fields))).to.equal(documentedVector('signature input'))
  })

  for (const [i, name] of ['signature Ed25519', 'signature secp256k1', 'signature RSA'].entries()) {
    it(`vector: ${name}`, () => {
      // OpenSSL's ECDSA takes random numbers
      if (name !== 'signature secp256k1' || loadNativeSecp256k1() != null) {
        expect(hex(signFields([ed25519, secp256k1, rsa][i], context, fields))).to.equal(documentedVector(name))
      }

      expect(verifyFields(publicKeys[i], context, fields, bytes(name))).to.equal(true)
      expect(verifyFields(publicKeys[i], { ...context, purpose: 'topic' }, fields, bytes(name))).to.equal(false)
    })
  }

  it('rules by which a CRL is refused', () => {
    const heading = documentedTable('rule', 'what is refused').map(([rules]) => rules.split(', '))
    const ofCrls = heading.slice(heading.findLastIndex(([rule]) => rule === 'malformed')).flat()
    const rules: Record<CrlRule, true> = {
      malformed: true,
      'bad-signature': true,
      'signature-algorithm': true,
      delta: true,
      indirect: true,
      'unknown-critical-extension': true,
      'duplicate-extension': true,
      'other-issuer': true,
      'key-usage': true,
      future: true,
      'unknown-issuer': true,
      replayed: true
    }

    expect(ofCrls).to.deep.equal(Object.keys(rules))
  })

  it('purposes and constants', () => {
    expect(documentedTable('purpose', 'of').map(([purpose]) => purpose)).to.deep.equal([...SIGNATURE_PURPOSES])
    expect({ ...constants }).to.include(documentedConstants('identity'))
  })
})
