import { createPublicKey, ECDH } from 'node:crypto'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { fromString, toString } from 'uint8arrays'
import { ED25519_NODE_ID_LENGTH, MAX_RSA_BITS, MIN_RSA_BITS, SECP256K1_NODE_ID_LENGTH } from './constants.ts'
import { InvalidNodeIdError } from './errors.ts'
import type { PeerId, PublicKey } from '@libp2p/interface'
import type { KeyObject } from 'node:crypto'

/**
 * A node ID: the raw public key of a node's certificate in lower-case hex, as FISCO BCOS prints it.
 *
 * - secp256k1: X and Y of the point, 128 digits
 * - Ed25519: the key, 64 digits
 * - RSA: the modulus, 512 digits for 2048 bits (as FISCO BCOS 3.x); the public exponent is always 65537
 */
export type NodeId = string

const RSA_EXPONENT = 'AQAB' // 65537

/**
 * The node ID of a public key.
 *
 * @param key - a libp2p public key
 * @throws InvalidNodeIdError for ECDSA keys (P-256 and so on, which have no PeerId in js-libp2p) and RSA keys with another exponent than 65537
 *   or a number of bits that is no multiple of 8
 */
export function nodeIdFromPublicKey (key: PublicKey): NodeId {
  switch (key.type) {
    case 'Ed25519':
      return toString(key.raw, 'hex')
    case 'secp256k1':
      // libp2p keeps the compressed point, the node ID is the uncompressed one without its leading 04
      return ECDH.convertKey(key.raw, 'secp256k1', undefined, 'hex', 'uncompressed').toString().slice(2)
    case 'RSA': {
      const { n, e } = createPublicKey({ key: Buffer.from(key.raw), format: 'der', type: 'spki' }).export({ format: 'jwk' })

      if (e !== RSA_EXPONENT) {
        throw new InvalidNodeIdError('RSA keys of nodes must have the public exponent 65537')
      }

      const modulus = Buffer.from(n ?? '', 'base64url')

      // the digits of a node ID tell the length of its key
      if (modulus[0] < 0x80) {
        throw new InvalidNodeIdError('RSA keys of nodes must have a number of bits that is a multiple of 8')
      }

      return modulus.toString('hex')
    }

    default:
      throw new InvalidNodeIdError(`${key.type} keys have no node ID: js-libp2p has no PeerId for them; use secp256k1, Ed25519 or RSA`)
  }
}

/**
 * The public key that a node ID spells.
 *
 * @throws InvalidNodeIdError if the text is no node ID, or not a point of the curve
 */
export function publicKeyFromNodeId (nodeId: NodeId): PublicKey {
  const id = parseNodeId(nodeId)
  const raw = fromString(id, 'hex')

  try {
    switch (id.length) {
      case ED25519_NODE_ID_LENGTH:
        return publicKeyFromRaw(raw)
      case SECP256K1_NODE_ID_LENGTH:
        // OpenSSL refuses a pair of coordinates that is no point of the curve
        return publicKeyFromKeyObject(createPublicKey({
          key: { kty: 'EC', crv: 'secp256k1', x: toString(raw.subarray(0, 32), 'base64url'), y: toString(raw.subarray(32), 'base64url') },
          format: 'jwk'
        }))
      default:
        return publicKeyFromKeyObject(createPublicKey({ key: { kty: 'RSA', n: toString(raw, 'base64url'), e: RSA_EXPONENT }, format: 'jwk' }))
    }
  } catch (err) {
    throw new InvalidNodeIdError(`${abbreviate(id)} is no public key: ${err.message}`)
  }
}

/**
 * The PeerId of a node ID: another spelling of the same key.
 *
 * @throws InvalidNodeIdError if the text is no node ID
 */
export function nodeIdToPeerId (nodeId: NodeId): PeerId {
  return peerIdFromPublicKey(publicKeyFromNodeId(nodeId))
}

/**
 * Node IDs by the objects that they were computed for: the point of a secp256k1 key takes 0.2 ms, and which of two connections is preferred may be
 * asked for each message.
 */
const known = new WeakMap<PeerId, NodeId>()

/**
 * The node ID of a PeerId. For secp256k1 and Ed25519 a pure function; a PeerId of an RSA key is a hash, so its public
 * key must be known: libp2p fills `peerId.publicKey` for the peers that it is connected to.
 *
 * @throws InvalidNodeIdError if the PeerId does not carry its public key, or has a key without a node ID
 */
export function peerIdToNodeId (peerId: PeerId): NodeId {
  const nodeId = known.get(peerId)

  if (nodeId != null) {
    return nodeId
  }

  if (peerId.publicKey == null) {
    throw new InvalidNodeIdError(`PeerId ${peerId.toString()} does not carry its public key, so its node ID cannot be known before it is connected`)
  }

  const computed = nodeIdFromPublicKey(peerId.publicKey)
  known.set(peerId, computed)

  return computed
}

/**
 * Reads a node ID as people write it: upper or lower case, with or without `0x`, white space around it.
 *
 * @returns the node ID in lower case
 * @throws InvalidNodeIdError with what is wrong. Whether secp256k1 coordinates lie on the curve is found by {@link publicKeyFromNodeId}
 */
export function parseNodeId (text: string): NodeId {
  const id = text.trim().toLowerCase().replace(/^0x/, '')

  if (!/^[0-9a-f]*$/.test(id)) {
    throw new InvalidNodeIdError(`"${abbreviate(id)}" is no node ID: it has characters that are not hexadecimal`)
  }

  const isRsa = id.length >= MIN_RSA_BITS / 4 && id.length <= MAX_RSA_BITS / 4 && id.length % 2 === 0 && /^[89a-f]/.test(id)

  if (id.length !== SECP256K1_NODE_ID_LENGTH && id.length !== ED25519_NODE_ID_LENGTH && !isRsa) {
    throw new InvalidNodeIdError(`"${abbreviate(id)}" is no node ID: it has ${id.length} hex digits; secp256k1 has 128, Ed25519 has 64, RSA has 512 or more`)
  }

  return id
}

/**
 * Whether {@link parseNodeId} accepts a text.
 */
export function isNodeId (text: string): boolean {
  try {
    parseNodeId(text)

    return true
  } catch {
    return false
  }
}

/**
 * The libp2p public key of a `node:crypto` one.
 *
 * @throws InvalidNodeIdError for any other key than secp256k1, Ed25519 or RSA
 */
export function publicKeyFromKeyObject (key: KeyObject): PublicKey {
  const curve = key.asymmetricKeyDetails?.namedCurve

  if (key.asymmetricKeyType === 'ed25519') {
    return publicKeyFromRaw(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'))
  }

  if (key.asymmetricKeyType === 'rsa') {
    return publicKeyFromRaw(key.export({ format: 'der', type: 'spki' }))
  }

  if (key.asymmetricKeyType === 'ec' && curve === 'secp256k1') {
    const { x, y } = key.export({ format: 'jwk' })
    const parity = Buffer.from(y ?? '', 'base64url').at(-1) ?? 0

    // publicKeyFromRaw takes only the compressed form: 02 or 03 by the parity of Y, then X
    return publicKeyFromRaw(Uint8Array.of(2 + (parity & 1), ...Buffer.from(x ?? '', 'base64url')))
  }

  throw new InvalidNodeIdError(`${curve ?? key.asymmetricKeyType} keys have no node ID: js-libp2p has no PeerId for them; use secp256k1, Ed25519 or RSA`)
}

/**
 * A node ID short enough for a line of a log or a table: its first eight digits.
 */
export function abbreviate (nodeId: NodeId): string {
  return nodeId.length > 8 ? `${nodeId.slice(0, 8)}…` : nodeId
}
