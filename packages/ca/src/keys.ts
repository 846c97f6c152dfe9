import { createPrivateKey, createPublicKey, generateKeyPair, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { MAX_RSA_BITS, RSA_BITS, RSA_EXPONENT } from './constants.ts'
import { InvalidParametersError, PassphraseError } from './errors.ts'
import type { KeyObject } from 'node:crypto'

/**
 * Kinds of keys that can be issued. `p256` is for CAs and agencies: js-libp2p has no PeerId for it, so a node cannot
 * have such a key.
 */
export type KeyType = 'secp256k1' | 'ed25519' | 'rsa' | 'p256'

/**
 * A private key in PEM (PKCS#8 or SEC1), or already read.
 */
export type KeySource = string | KeyObject

const generate = promisify(generateKeyPair)
const CURVES: Record<string, KeyType> = { secp256k1: 'secp256k1', prime256v1: 'p256' }

const OID_ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2' // RFC 5758 section 3.2
const OID_SHA256_WITH_RSA = '1.2.840.113549.1.1.11' // RFC 4055 section 5
const OID_ED25519 = '1.3.101.112' // RFC 8410 section 3

/**
 * Makes a new private key.
 *
 * @throws InvalidParametersError for an unknown type
 */
export async function generateKey (type: KeyType): Promise<KeyObject> {
  switch (type) {
    case 'secp256k1':
    case 'p256':
      return generateEcKey(type)
    case 'ed25519':
      return (await generate('ed25519', {})).privateKey
    case 'rsa':
      return (await generate('rsa', { modulusLength: RSA_BITS, publicExponent: RSA_EXPONENT })).privateKey
    default:
      throw new InvalidParametersError(`keyType must be secp256k1, ed25519 or rsa (p256 for a CA or an agency), not ${JSON.stringify(type)}`)
  }
}

async function generateEcKey (type: 'secp256k1' | 'p256'): Promise<KeyObject> {
  for (;;) {
    const { privateKey } = await generate('ec', { namedCurve: type === 'p256' ? 'prime256v1' : 'secp256k1' })
    const { d, x } = privateKey.export({ format: 'jwk' })

    // FISCO BCOS 2.9.1 refuses a private key, and its tools avoid a node ID, that begins with a zero byte
    if ([d, x].every(part => Buffer.from(part ?? '', 'base64url')[0] !== 0)) {
      return privateKey
    }
  }
}

/**
 * Reads a private key that the caller has. An elliptic curve key is brought into the form that everybody reads:
 * named curve, uncompressed point.
 *
 * @param passphrase - of an encrypted PEM; no other needs one
 * @param file - how a {@link PassphraseError} calls the key
 * @throws PassphraseError if it is encrypted, and the passphrase is missing or wrong
 * @throws InvalidParametersError if it cannot be read, or is of a kind that is not issued
 */
export function readKey (source: KeySource, passphrase?: string, file = 'key'): KeyObject {
  let key: KeyObject

  try {
    key = typeof source === 'string' ? createPrivateKey({ key: source, passphrase }) : source
  } catch (err) {
    if (isEncrypted(String(source))) {
      throw new PassphraseError(file, passphrase == null ? 'missing' : 'wrong', { cause: err })
    }

    throw new InvalidParametersError(`key cannot be read: ${err.message}; give a private key in PEM (PKCS#8 or SEC1)`, { cause: err })
  }

  if (key.type !== 'private') {
    throw new InvalidParametersError(`key must be a private key, not a ${key.type} one`)
  }

  return keyTypeOf(key) === 'rsa' ? key : createPrivateKey({ key: key.export({ format: 'jwk' }), format: 'jwk' })
}

/**
 * Whether a private key in PEM can only be read with a passphrase: PKCS#8 says so in its label, older forms in a header (RFC 1421).
 */
export function isEncrypted (pem: string): boolean {
  return /^(-----BEGIN ENCRYPTED |Proc-Type: *4, *ENCRYPTED)/m.test(pem)
}

/**
 * A public key in the form that everybody reads: named curve, uncompressed point.
 *
 * @throws InvalidParametersError if it is of a kind that is not issued
 */
export function plainPublicKey (key: KeyObject): KeyObject {
  return keyTypeOf(key) === 'rsa' ? key : createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' })
}

/**
 * What kind of key it is.
 *
 * @throws InvalidParametersError for a kind that is not issued, an RSA modulus that is short, long or no multiple of 8 bits, and an RSA exponent other than 65537
 */
export function keyTypeOf (key: KeyObject): KeyType {
  const { namedCurve, modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {}

  if (key.asymmetricKeyType === 'ed25519') {
    return 'ed25519'
  }

  if (key.asymmetricKeyType === 'ec' && namedCurve != null && Object.hasOwn(CURVES, namedCurve)) {
    return CURVES[namedCurve]
  }

  if (key.asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS && modulusLength <= MAX_RSA_BITS && modulusLength % 8 === 0 && publicExponent === BigInt(RSA_EXPONENT)) {
    return 'rsa'
  }

  const what = key.asymmetricKeyType === 'rsa' ? `RSA with ${modulusLength} bits and exponent ${publicExponent}` : namedCurve ?? key.asymmetricKeyType

  throw new InvalidParametersError(`key is of a kind that is not issued (${what}): use secp256k1, Ed25519, RSA with ${RSA_BITS} to ${MAX_RSA_BITS} bits, a multiple of 8, and exponent ${RSA_EXPONENT}, or P-256 for a CA`)
}

/**
 * A private key as PKCS#8 PEM, as `openssl genpkey` writes it.
 */
export function keyToPem (key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}

/**
 * SubjectPublicKeyInfo of a public key, or of a private one, DER.
 */
export function publicKeyInfo (key: KeyObject): Buffer {
  return (key.type === 'public' ? key : createPublicKey(key)).export({ format: 'der', type: 'spki' })
}

/**
 * The AlgorithmIdentifier of signatures that {@link signWith} makes with such a key.
 */
export function signatureAlgorithm (type: KeyType): AlgorithmIdentifier {
  switch (type) {
    case 'rsa':
      // RFC 4055 section 5: the parameters are NULL, not absent
      return new AlgorithmIdentifier({ algorithm: OID_SHA256_WITH_RSA, parameters: null })
    case 'ed25519':
      return new AlgorithmIdentifier({ algorithm: OID_ED25519 })
    default:
      return new AlgorithmIdentifier({ algorithm: OID_ECDSA_WITH_SHA256 })
  }
}

/**
 * Signs the to-be-signed part of a certificate: ECDSA or RSA (PKCS#1 v1.5) with SHA-256, or Ed25519.
 */
export function signWith (key: KeyObject, bytes: Uint8Array): Buffer {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key)
}
