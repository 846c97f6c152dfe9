import { createRequire } from 'node:module'
import type { KeyObject } from 'node:crypto'

/**
 * What is used of the bindings of the package `secp256k1` to libsecp256k1: digests of 32 bytes, signatures of R and S in 64.
 */
export interface NativeSecp256k1 {
  ecdsaSign (digest: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array }

  /**
   * Takes low S only.
   */
  ecdsaVerify (signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
}

/**
 * libsecp256k1, if its optional package is installed and has a binary for this machine: it verifies ten times as fast as OpenSSL, which knows
 * nothing special of this curve. The package's own fallback in JavaScript is not taken: it is slower than OpenSSL.
 */
export function loadNativeSecp256k1 (): NativeSecp256k1 | undefined {
  try {
    return createRequire(import.meta.url)('secp256k1/bindings.js')
  } catch {
    // not installed, or nothing that runs here: node:crypto does the same
    return undefined
  }
}

const raw = new WeakMap<KeyObject, Uint8Array | null>()

/**
 * A key of the curve as libsecp256k1 takes it: 04 X Y, or the scalar of a private key; undefined of every other curve. Remembered for as long as the key is.
 */
export function rawSecp256k1Key (key: KeyObject): Uint8Array | undefined {
  let bytes = raw.get(key)

  if (bytes === undefined) {
    bytes = key.asymmetricKeyDetails?.namedCurve === 'secp256k1' ? exportRaw(key) : null
    raw.set(key, bytes)
  }

  return bytes ?? undefined
}

function exportRaw (key: KeyObject): Uint8Array {
  const { x = '', y = '', d } = key.export({ format: 'jwk' })

  return d == null ? Buffer.concat([Uint8Array.of(4), part(x), part(y)]) : part(d)
}

/**
 * 32 bytes, whatever the number.
 */
function part (base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64url')

  return Buffer.concat([Buffer.alloc(32 - bytes.length), bytes])
}
