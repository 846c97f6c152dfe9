import { createHash, sign, verify } from 'node:crypto'
import { InvalidParametersError } from '@libp2p/interface'
import { loadNativeSecp256k1, rawSecp256k1Key } from './secp256k1.ts'
import type { NativeSecp256k1 } from './secp256k1.ts'
import type { KeyObject } from 'node:crypto'

/**
 * What a signature is for. A signature made for one purpose fails under every other: a `node.key` of FISCO BCOS 2.x
 * also signs consensus messages, so nothing that a peer supplies is ever signed as it is.
 */
export const SIGNATURE_PURPOSES = ['status', 'topic', 'receipt'] as const

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
 * Bytes from which a field is hashed where it is, rather than copied beside the others.
 */
const LONG_FIELD = 256

/**
 * The bytes of which the SHA-256 is signed: `'fisco-libp2p' 00 purpose 00 version 00`, then network ID and fields,
 * each behind its length as 32-bit big-endian number (docs/PROTOCOLS.md, "Signatures").
 */
export function signatureInput (context: SignatureContext, fields: readonly Uint8Array[]): Uint8Array {
  return new Input(context, fields).bytes()
}

/**
 * What is signed, in parts: its digest needs no copy of a long field.
 */
class Input {
  private readonly parts: Uint8Array[] = []

  constructor ({ purpose, version, networkId }: SignatureContext, fields: readonly Uint8Array[]) {
    if (!Number.isInteger(version) || version < 0 || version > 255) {
      throw new InvalidParametersError(`A signature's version is 0 to 255, not ${version}`)
    }

    let short: Uint8Array[] = [Buffer.from(`fisco-libp2p\0${purpose}\0`), Uint8Array.of(version, 0)]

    for (const field of [networkId, ...fields]) {
      const length = Buffer.allocUnsafe(4)
      length.writeUInt32BE(field.byteLength)
      short.push(length)

      if (field.byteLength < LONG_FIELD) {
        short.push(field)
      } else {
        this.parts.push(Buffer.concat(short), field)
        short = []
      }
    }

    this.parts.push(Buffer.concat(short))
  }

  bytes (): Uint8Array {
    return Buffer.concat(this.parts)
  }

  digest (): Uint8Array {
    const hash = createHash('sha256')
    this.parts.forEach(part => { hash.update(part) })

    return hash.digest()
  }
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
  const nativeKey = (key: KeyObject): Uint8Array | undefined => native == null ? undefined : rawSecp256k1Key(key)

  const verifyNow = (key: KeyObject, input: Input, signature: Uint8Array): boolean => {
    switch (key.asymmetricKeyType) {
      case 'ed25519':
        return verify(null, input.digest(), key, signature)
      case 'ec': {
        const raw = nativeKey(key)

        // libsecp256k1 takes low S only
        return native != null && raw != null
          ? native.ecdsaVerify(signature, input.digest(), raw)
          : isLowS(signature) && verify('sha256', input.bytes(), { key, dsaEncoding: 'ieee-p1363' }, signature)
      }

      default:
        return verify('sha256', input.bytes(), key, signature)
    }
  }

  return {
    signFields (key, context, fields) {
      const input = new Input(context, fields)

      switch (key.asymmetricKeyType) {
        case 'ed25519':
          return sign(null, input.digest(), key)
        case 'ec': {
          const raw = nativeKey(key)

          return native != null && raw != null
            ? native.ecdsaSign(input.digest(), raw).signature
            : toLowS(sign('sha256', input.bytes(), { key, dsaEncoding: 'ieee-p1363' }))
        }

        default:
          return sign('sha256', input.bytes(), key)
      }
    },

    verifyFields (key, context, fields, signature) {
      const input = new Input(context, fields)

      return orFalse(() => verifyNow(key, input, signature))
    },

    verifyFieldsOffThread (key, context, fields, signature) {
      const input = new Input(context, fields)

      if (key.asymmetricKeyType !== 'ec' || nativeKey(key) != null) {
        return orFalse(() => verifyNow(key, input, signature))
      }

      return isLowS(signature) && verifyEcdsaOffThread(key, input.bytes(), signature)
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
