import { createECDH, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { SIGNATURE_PURPOSES, signatureInput, signFields, verifyFields } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import fc from 'fast-check'
import { loadNativeSecp256k1 } from '../src/secp256k1.ts'
import { createSignatures } from '../src/signature.ts'
import type { SignatureContext } from '@fisco-libp2p/identity'

const keys = {
  secp256k1: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
  ed25519: generateKeyPairSync('ed25519').privateKey,
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}
const context: SignatureContext = { purpose: 'status', version: 1, networkId: new Uint8Array(32).fill(7) }
const fields = [Buffer.from('one'), Buffer.from(''), Buffer.from('three')]

describe('signature', () => {
  for (const [type, key] of Object.entries(keys)) {
    describe(type, () => {
      const publicKey = createPublicKey(key)
      const signature = signFields(key, context, fields)

      it('is good for what was signed', () => {
        expect(verifyFields(publicKey, context, fields, signature)).to.equal(true)
      })

      it('fails under every other purpose, version, network and key', () => {
        const others: SignatureContext[] = [
          ...SIGNATURE_PURPOSES.filter(purpose => purpose !== context.purpose).map(purpose => ({ ...context, purpose })),
          { ...context, version: 2 },
          { ...context, networkId: new Uint8Array(32).fill(8) }
        ]

        for (const other of others) {
          expect(verifyFields(publicKey, other, fields, signature)).to.equal(false)
        }

        for (const otherKey of Object.values(keys).filter(other => other !== key)) {
          expect(verifyFields(createPublicKey(otherKey), context, fields, signature)).to.equal(false)
        }
      })

      it('fails when bytes move from one field to the next', () => {
        expect(verifyFields(publicKey, context, [Buffer.from('onet'), Buffer.from(''), Buffer.from('hree')], signature)).to.equal(false)
        expect(verifyFields(publicKey, context, [Buffer.from('one'), Buffer.from('three')], signature)).to.equal(false)
      })

      it('takes any bytes for a signature without throwing', () => {
        fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
          expect(verifyFields(publicKey, context, fields, bytes)).to.equal(false)
        }), { numRuns: 50 })
      })
    })
  }

  it('of secp256k1 is refused in its other, high-S form', () => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

    for (let i = 0; i < 20; i++) {
      const signature = signFields(keys.secp256k1, context, [Uint8Array.of(i)])
      const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`)
      const high = Buffer.concat([signature.subarray(0, 32), Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex')])

      expect(verifyFields(createPublicKey(keys.secp256k1), context, [Uint8Array.of(i)], signature)).to.equal(true)
      expect(verifyFields(createPublicKey(keys.secp256k1), context, [Uint8Array.of(i)], high)).to.equal(false)
    }
  })

  it('is the same with libsecp256k1 and without', async () => {
    const native = loadNativeSecp256k1()
    const implementations = [createSignatures(undefined), ...native == null ? [] : [createSignatures(native)]]

    const pairs = implementations.flatMap(signer => implementations.map(verifier => [signer, verifier]))

    for (const key of Object.values(keys)) {
      const publicKey = createPublicKey(key)

      for (const [signer, verifier] of [...pairs, ...pairs]) {
        const signed = [Uint8Array.of(1)]
        const signature = signer.signFields(key, context, signed)

        for (const [what, bytes, expected] of [[signed, signature, true], [fields, signature, false], [signed, signature.subarray(1), false]] as const) {
          expect(verifier.verifyFields(publicKey, context, what, bytes)).to.equal(expected)
          expect(await verifier.verifyFieldsOffThread(publicKey, context, what, bytes)).to.equal(expected)
        }
      }
    }
  })

  it('of a key with leading zeros is the same', () => {
    const native = loadNativeSecp256k1()
    const [fallback, fast] = [createSignatures(undefined), createSignatures(native)]

    // the scalar is short; node:crypto may leave out its zeros
    for (const scalar of ['1', '2c']) {
      const ecdh = createECDH('secp256k1')
      ecdh.setPrivateKey(scalar.padStart(64, '0'), 'hex')
      const point = ecdh.getPublicKey()
      const key = createPrivateKey({
        format: 'jwk',
        key: { kty: 'EC', crv: 'secp256k1', d: Buffer.from(scalar.padStart(64, '0'), 'hex').toString('base64url'), x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) }
      })

      expect(fallback.verifyFields(createPublicKey(key), context, fields, fast.signFields(key, context, fields))).to.equal(true)
      expect(fast.verifyFields(createPublicKey(key), context, fields, fallback.signFields(key, context, fields))).to.equal(true)
    }
  })

  it('has a version of one byte', () => {
    expect(() => signatureInput({ ...context, version: 256 }, [])).to.throw().with.property('name', 'InvalidParametersError')
  })
})
