import { bitStringOctets, oidText } from './der-values.ts'
import { DerFields, decodeDer, TAG } from './der.ts'
import { InvalidDerError } from './errors.ts'
import type { DerNode } from './der.ts'

const EC_KEY = '1.2.840.10045.2.1'
const RSA_KEY = '1.2.840.113549.1.1.1'
const ED25519_KEY = '1.3.101.112'
const CURVES: Record<string, string> = { '1.3.132.0.10': 'secp256k1', '1.2.840.10045.3.1.7': 'P-256', '1.3.132.0.34': 'P-384', '1.3.132.0.35': 'P-521' }

/**
 * What a certified key is, as its SubjectPublicKeyInfo says it: read before OpenSSL sees the key.
 */
export type KeyInfo =
  /** `curve` is its name, or its OID where it is none of secp256k1, P-256, P-384 and P-521; undefined where the curve has no name but is written out. */
  | { type: 'ec', curve?: string }
  | { type: 'ed25519' }
  /** `exponentBits` is 0 for an exponent that is even or 1. */
  | { type: 'rsa', bits: number, exponentBits: number }
  | { type: 'other', algorithm: string }

/**
 * Reads a SubjectPublicKeyInfo.
 *
 * @throws InvalidDerError
 */
export function parseKeyInfo (node: DerNode): KeyInfo {
  const fields = new DerFields(node, 'a public key')
  const algorithm = new DerFields(fields.next(TAG.sequence), 'the algorithm of a public key')
  const key = bitStringOctets(fields.next(TAG.bitString))
  fields.end()

  const oid = oidText(algorithm.next(TAG.oid).content)
  const [parameters] = algorithm.rest()

  switch (oid) {
    case EC_KEY:
      return { type: 'ec', curve: curveName(parameters) }
    case ED25519_KEY:
      return { type: 'ed25519' }
    case RSA_KEY:
      return parseRsa(key)
    default:
      return { type: 'other', algorithm: oid }
  }
}

function curveName (parameters?: DerNode): string | undefined {
  switch (parameters?.tag) {
    case TAG.oid: {
      const oid = oidText(parameters.content)

      return CURVES[oid] ?? oid
    }

    case TAG.sequence: // specifiedCurve
    case TAG.null: // implicitCurve
      return undefined
    default:
      throw new InvalidDerError('the curve of a public key is of another type', 0)
  }
}

function parseRsa (key: Uint8Array): KeyInfo {
  const fields = new DerFields(decodeDer(key), 'an RSA key')
  const modulus = positive(fields.next(TAG.integer).content)
  const exponent = positive(fields.next(TAG.integer).content)
  fields.end()

  const exponentBits = bitLength(exponent)

  return { type: 'rsa', bits: bitLength(modulus), exponentBits: exponentBits < 2 || (exponent[exponent.byteLength - 1] & 1) === 0 ? 0 : exponentBits }
}

function positive (content: Uint8Array): Uint8Array {
  if (content[0] >= 0x80) {
    throw new InvalidDerError('a number of an RSA key is negative', 0)
  }

  return content[0] === 0 ? content.subarray(1) : content
}

function bitLength (bytes: Uint8Array): number {
  return bytes.byteLength === 0 ? 0 : bytes.byteLength * 8 - Math.clz32(bytes[0]) + 24
}
