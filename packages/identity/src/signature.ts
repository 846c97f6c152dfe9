import { createHash, sign, verify } from 'node:crypto'
import { InvalidParametersError } from '@libp2p/interface'
import { loadNativeSecp256k1, rawSecp256k1Key } from './secp256k1.ts'
import type { NativeSecp256k1 } from './secp256k1.ts'
import type { KeyObject } from 'node:crypto'

/**
 * What a signature is for. A signature made for one purpose fails under every other: a `node.key` of FISCO BCOS 2.x
 * also signs consensus messages, so nothing that a peer supplies is ever signed as it is.
 */
export const SIGNATURE_PURPOSES = ['status', 'topic'] as const

/**
 * One of {@link SIGNATURE_PURPOSES}.
 */
export type SignaturePurpose = typeof SIGNATURE_PURPOSES[number]

/**
 * What a signature binds besides the fields.
 */
export interface SignatureContext {
  purpose: SignaturePurpose

  /**
   * Version of the message format, 0 to 255.
   */
  version: number

  /**
   * The network that the signature is good for: 32 bytes.
   */
  networkId: Uint8Array
}

/**
 * Order of the secp256k1 group (SEC 2, 2.4.1), and half of it: the larger half of S values is refused, so that a
 * signature cannot be changed into another valid one.
 */
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const HALF_ORDER = SECP256K1_ORDER >> 1n

/**
 * The bytes of which the SHA-256 is signed: `'fisco-libp2p' 00 purpose 00 version 00`, then network ID and fields,
 * each behind its length as 32-bit big-endian number (docs/PROTOCOLS.md, "Signatures").
 */
export function signatureInput (context: SignatureContext, fields: readonly Uint8Array[]): Uint8Array {
  if (!Number.isInteger(context.version) || context.version < 0 || context.version > 255) {
    throw new InvalidParametersError(`A signature's version is 0 to 255, not ${context.version}`)
  }

  const parts: Uint8Array[] = [Buffer.from(`fisco-libp2p\0${context.purpose}\0`), Uint8Array.of(context.version, 0)]

  for (const field of [context.networkId, ...fields]) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(field.byteLength)
    parts.push(length, field)
  }

  return Buffer.concat(parts)
}

/**
 * Signing and verifying, with or without libsecp256k1.
 */
export interface Signatures {
  signFields (key: KeyObject, context: SignatureContext, fields: readonly Uint8Array[]): Uint8Array
  verifyFields (key: KeyObject, context: SignatureContext, fields: readonly Uint8Array[], signature: Uint8Array): boolean
  verifyFieldsOffThread (key: KeyObject, context: SignatureContext, fields: readonly Uint8Array[], signature: Uint8Array): boolean | Promise<boolean>
}

/**
 * @param native - libsecp256k1; without it `node:crypto` does what it would
 */
export function createSignatures (native: NativeSecp256k1 | undefined): Signatures {
  const isNative = (key: KeyObject): boolean => key.asymmetricKeyDetails?.namedCurve === 'secp256k1'

  const verifyNow = (key: KeyObject, input: Uint8Array, signature: Uint8Array): boolean => {
    switch (key.asymmetricKeyType) {
      case 'ed25519':
        return verify(null, sha256(input), key, signature)
      case 'ec':
        return isLowS(signature) && (native != null && isNative(key)
          ? native.ecdsaVerify(signature, sha256(input), rawSecp256k1Key(key))
          : verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature))
      default:
        return verify('sha256', input, key, signature)
    }
  }

  return {
    signFields (key, context, fields) {
      const input = signatureInput(context, fields)

      switch (key.asymmetricKeyType) {
        case 'ed25519':
          return sign(null, sha256(input), key)
        case 'ec':
          return native != null && isNative(key)
            ? native.ecdsaSign(sha256(input), rawSecp256k1Key(key)).signature
            : toLowS(sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }))
        default:
          return sign('sha256', input, key)
      }
    },

    verifyFields (key, context, fields, signature) {
      const input = signatureInput(context, fields)

      return orFalse(() => verifyNow(key, input, signature))
    },

    verifyFieldsOffThread (key, context, fields, signature) {
      const input = signatureInput(context, fields)

      if (key.asymmetricKeyType !== 'ec' || (native != null && isNative(key))) {
        return orFalse(() => verifyNow(key, input, signature))
      }

      return isLowS(signature) && verifyEcdsaOffThread(key, input, signature)
    }
  }
}

const standard = createSignatures(loadNativeSecp256k1())

/**
 * Signs fields for a purpose: secp256k1 as ECDSA with R and S of 32 bytes each and a low S; Ed25519 over the SHA-256 of
 * {@link signatureInput}; RSA as PKCS#1 v1.5 with SHA-256. On secp256k1 by libsecp256k1 where the optional package `secp256k1` is
 * installed, and all else by `node:crypto`.
 */
export const signFields: Signatures['signFields'] = standard.signFields

/**
 * Whether a signature of {@link signFields} is good. Never throws: a signature of any shape is good or not.
 */
export const verifyFields: Signatures['verifyFields'] = standard.verifyFields

/**
 * As {@link verifyFields}, but what would hold up this thread for long (ECDSA by OpenSSL) is done on another one. The others take less than
 * it costs to hand them over: they are done at once, and give no promise.
 */
export const verifyFieldsOffThread: Signatures['verifyFieldsOffThread'] = standard.verifyFieldsOffThread

async function verifyEcdsaOffThread (key: KeyObject, input: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return new Promise(resolve => {
    verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature, (err, good) => { resolve(err == null && good) })
  })
}

function orFalse (check: () => boolean): boolean {
  try {
    return check()
  } catch {
    return false
  }
}

function sha256 (bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

function isLowS (signature: Uint8Array): boolean {
  return signature.byteLength === 64 && toBigInt(signature.subarray(32)) <= HALF_ORDER
}

function toLowS (signature: Uint8Array): Uint8Array {
  const s = toBigInt(signature.subarray(32))

  if (s <= HALF_ORDER) {
    return signature
  }

  return Buffer.concat([signature.subarray(0, 32), Buffer.from((SECP256K1_ORDER - s).toString(16).padStart(64, '0'), 'hex')])
}

function toBigInt (bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}
