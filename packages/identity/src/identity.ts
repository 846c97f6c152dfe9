import { createHash } from 'node:crypto'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { InvalidParametersError } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { TypedEventEmitter } from 'main-event'
import { nodeIdFromPublicKey } from './node-id.ts'
import { sameKey } from './same-key.ts'
import { signFields } from './signature.ts'
import type { Certificate } from './certificate.ts'
import type { NodeId } from './node-id.ts'
import type { HandshakeRejection, HandshakeVerification } from './peer-certificate.ts'
import type { SignaturePurpose } from './signature.ts'
import type { TrustStore } from './trust-store.ts'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import type { KeyObject } from 'node:crypto'

/**
 * Which TLS a node speaks, by the key of its certificate: `fisco` for secp256k1 (TLS 1.2, as FISCO BCOS 2.x; TLS 1.3
 * has no signature scheme for that curve), `modern` for Ed25519 and RSA (TLS 1.3).
 */
export type TlsProfile = 'fisco' | 'modern'

/**
 * Events of an {@link Identity}.
 */
export interface IdentityEvents {
  /**
   * A handshake in which this identity took part was refused, by either side.
   */
  'handshake:rejected': CustomEvent<HandshakeRejection>

  /**
   * A handshake in which this identity takes part is about to succeed: the last moment for a refusal.
   */
  'handshake:verified': CustomEvent<HandshakeVerification>

  /**
   * It has other certificates for the same key: whoever shows them to others shows these from now on.
   */
  'identity:renewed': CustomEvent<undefined>
}

/**
 * The parts of an {@link Identity}, already checked against each other by `loadIdentity` or `createIdentity`.
 */
export interface IdentityParts {
  key: KeyObject
  chain: readonly Certificate[]
  trust: TrustStore
  networkId: Uint8Array
}

/**
 * Who a node is: its key, its certificate chain, and the CAs under which it judges others.
 */
export class Identity extends TypedEventEmitter<IdentityEvents> {
  /**
   * The private key, for signatures and TLS.
   */
  readonly key: KeyObject

  /**
   * The same key for libp2p: pass it to `createLibp2p`.
   */
  readonly privateKey: PrivateKey
  readonly nodeId: NodeId
  readonly peerId: PeerId

  readonly trust: TrustStore
  #chain: readonly Certificate[]

  /**
   * Names the network: 32 bytes.
   */
  readonly networkId: Uint8Array

  constructor (parts: IdentityParts) {
    super()
    this.key = parts.key
    this.privateKey = toLibp2pPrivateKey(parts.key)
    this.nodeId = nodeIdFromPublicKey(this.privateKey.publicKey)
    this.peerId = peerIdFromPrivateKey(this.privateKey)
    this.#chain = parts.chain
    this.trust = parts.trust
    this.networkId = parts.networkId
    identities.set(this.privateKey, this)
  }

  /**
   * Leaf first, then agencies, without the root. The same array until it is renewed.
   */
  get chain (): readonly Certificate[] {
    return this.#chain
  }

  /**
   * Shows other certificates from now on. Connections stay as they are.
   *
   * @param chain - leaf first, then agencies, without the root; not judged here
   * @throws InvalidParametersError if the leaf is of another key
   */
  renew (chain: readonly Certificate[]): void {
    if (chain[0] == null || !sameKey(chain[0].publicKey, this.#chain[0].publicKey)) {
      throw new InvalidParametersError('The new certificate is of another key: a node that changes its key changes its node ID, and must be started anew')
    }

    this.#chain = chain
    this.safeDispatchEvent('identity:renewed', { detail: undefined })
  }

  /**
   * The node's own certificate.
   */
  get certificate (): Certificate {
    return this.chain[0]
  }

  /**
   * Node name: the common name of the certificate.
   */
  get name (): string {
    return this.certificate.commonName
  }

  /**
   * Agency name: the common name of the certificate's issuer.
   */
  get agency (): string {
    return this.certificate.issuerCommonName
  }

  get profile (): TlsProfile {
    return this.key.asymmetricKeyType === 'ec' ? 'fisco' : 'modern'
  }

  /**
   * Signs fields for a purpose, in this node's network, with this node's key.
   *
   * @param version - of the message format, 0 to 255
   */
  sign (purpose: SignaturePurpose, version: number, fields: readonly Uint8Array[]): Uint8Array {
    return signFields(this.key, { purpose, version, networkId: this.networkId }, fields)
  }
}

const identities = new WeakMap<PrivateKey, Identity>()

/**
 * The identity of the node that a plugin lives in, found by the private key that was given to `createLibp2p`.
 *
 * @throws InvalidParametersError if the node's private key does not come from an {@link Identity}
 */
export function identityOf (components: { privateKey: PrivateKey }): Identity {
  const identity = identities.get(components.privateKey)

  if (identity == null) {
    throw new InvalidParametersError('This node has no certificate: load one with loadIdentity() and pass its privateKey to createLibp2p()')
  }

  return identity
}

/**
 * Names the network of a chain: SHA-256 over the sorted SubjectPublicKeyInfos of the trusted CAs and the chain's ID,
 * each behind its length as 32-bit big-endian number. The same CA often serves several chains; they stay apart.
 *
 * @param chainId - `[chain] id` of `config.ini`
 */
export function networkIdOf (anchors: readonly Certificate[], chainId: string): Uint8Array {
  const keys = anchors.map(anchor => anchor.publicKey.export({ format: 'der', type: 'spki' })).sort((a, b) => Buffer.compare(a, b))
  const distinct = keys.filter((key, i) => i === 0 || !key.equals(keys[i - 1]))
  const hash = createHash('sha256')

  for (const part of [...distinct, Buffer.from(chainId)]) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.byteLength)
    hash.update(length).update(part)
  }

  return hash.digest()
}

function toLibp2pPrivateKey (key: KeyObject): PrivateKey {
  const { d, x } = key.export({ format: 'jwk' })

  switch (key.asymmetricKeyType) {
    case 'ec':
      return privateKeyFromRaw(Buffer.from(d ?? '', 'base64url'))
    case 'ed25519':
      // libp2p's raw form is the seed, then the public key
      return privateKeyFromRaw(Buffer.concat([Buffer.from(d ?? '', 'base64url'), Buffer.from(x ?? '', 'base64url')]))
    default:
      return privateKeyFromRaw(key.export({ format: 'der', type: 'pkcs1' }))
  }
}
