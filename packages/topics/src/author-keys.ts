import { createPublicKey } from 'node:crypto'
import { BoundedMap, publicKeyFromNodeId } from '@fisco-libp2p/identity'
import { MAX_AUTHOR_KEYS } from './constants.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { KeyObject } from 'node:crypto'

/**
 * The public keys of authors, ready for `node:crypto`: to make one costs a good part of a verification.
 */
export class AuthorKeys {
  private readonly keys: BoundedMap<NodeId, KeyObject>

  constructor (limit: number = MAX_AUTHOR_KEYS) {
    this.keys = new BoundedMap(limit)
  }

  /**
   * @throws InvalidNodeIdError if the node ID spells no public key
   */
  get (nodeId: NodeId): KeyObject {
    let key = this.keys.get(nodeId)

    if (key == null) {
      key = keyObjectFromNodeId(nodeId)
      this.keys.set(nodeId, key)
    }

    return key
  }
}

function keyObjectFromNodeId (nodeId: NodeId): KeyObject {
  // also refuses coordinates that are no point of the curve
  const { type, raw } = publicKeyFromNodeId(nodeId)
  const bytes = Buffer.from(nodeId, 'hex')

  switch (type) {
    case 'Ed25519':
      return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') }, format: 'jwk' })
    case 'secp256k1':
      return createPublicKey({
        key: { kty: 'EC', crv: 'secp256k1', x: bytes.toString('base64url', 0, 32), y: bytes.toString('base64url', 32) },
        format: 'jwk'
      })
    default:
      return createPublicKey({ key: Buffer.from(raw), format: 'der', type: 'spki' })
  }
}
