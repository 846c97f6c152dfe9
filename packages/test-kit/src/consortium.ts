import { createAgency, createChainCa, issueNode } from '@fisco-libp2p/ca'
import { createIdentity } from '@fisco-libp2p/identity'
import type { CertificateAuthority, NodeOptions } from '@fisco-libp2p/ca'
import type { Identity, IdentityInit } from '@fisco-libp2p/identity'

/**
 * Kinds of keys that a node can have.
 */
export const NODE_KEY_TYPES = ['secp256k1', 'ed25519', 'rsa'] as const

/**
 * One of {@link NODE_KEY_TYPES}.
 */
export type NodeKeyType = typeof NODE_KEY_TYPES[number]

/**
 * Options of {@link createConsortium}.
 */
export interface ConsortiumOptions {
  /**
   * Key type of the CA, the agency and, where nothing else is said, the nodes.
   *
   * @default 'secp256k1'
   */
  keyType?: NodeKeyType

  /**
   * Name of the chain, which is the root's common name.
   *
   * @default 'chain'
   */
  name?: string

  /**
   * From when on the CA and the agency are valid.
   *
   * @default a few minutes ago
   */
  validFrom?: Date
}

/**
 * A root CA and an agency, in memory.
 */
export interface Consortium {
  root: CertificateAuthority
  agency: CertificateAuthority

  /**
   * An identity with a fresh certificate: `node<i>` unless it has a name. It trusts the root, or `ca` (PEM).
   */
  identity (options?: Partial<NodeOptions> & IdentityInit & { ca?: string }): Promise<Identity>

  /**
   * Several of them.
   */
  identities (count: number, options?: Partial<NodeOptions> & IdentityInit): Promise<Identity[]>
}

/**
 * Founds a consortium.
 */
export async function createConsortium (options: ConsortiumOptions = {}): Promise<Consortium> {
  const root = await createChainCa({ name: options.name ?? 'chain', keyType: options.keyType, notBefore: options.validFrom })
  const agency = await createAgency(root, { name: 'agency', notBefore: options.validFrom })
  let count = 0

  const identity: Consortium['identity'] = async ({ chainId, networkId, now, passphrase, ca = root.cert, ...options } = {}) => {
    const { key, cert } = await issueNode(agency, { name: `node${count++}`, ...options })

    return createIdentity({ key, cert, ca, chainId, networkId, now, passphrase })
  }

  return {
    root,
    agency,
    identity,
    identities: async (count, options) => Promise.all(Array.from({ length: count }, async () => identity(options)))
  }
}

/**
 * Identities of one consortium that exists for the test alone.
 */
export async function createIdentities (count: number, options: ConsortiumOptions = {}): Promise<Identity[]> {
  return (await createConsortium(options)).identities(count)
}
