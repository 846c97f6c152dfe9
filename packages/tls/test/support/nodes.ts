import { Identity, TrustStore } from '@fisco-libp2p/identity'
import { caTls, caTlsTcp } from '@fisco-libp2p/tls'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Certificate, HandshakeRejection } from '@fisco-libp2p/identity'
import type { CaTlsTcpInit } from '@fisco-libp2p/tls'
import type { ConnectionGater, Libp2p } from '@libp2p/interface'

/**
 * The two ways in which TLS is carried: as a connection encrypter over a transport of libp2p's, and from the first byte.
 */
export const CARRIERS = ['encrypter', 'tls-first'] as const
export type Carrier = typeof CARRIERS[number]

/**
 * A libp2p node with nothing but what a connection under the consortium's CA needs.
 */
export interface TestNode extends AsyncDisposable {
  libp2p: Libp2p
  identity: Identity
}

export interface TestNodeOptions extends Omit<CaTlsTcpInit, 'identity'> {
  connectionGater?: ConnectionGater

  /**
   * @default 'encrypter'
   */
  carrier?: Carrier
  listen?: string[]
}

export async function startNode (identity: Identity, options: TestNodeOptions = {}): Promise<TestNode> {
  const { connectionGater, carrier = 'encrypter', listen, ...init } = options
  const libp2p = await createLibp2p({
    privateKey: identity.privateKey,
    addresses: { listen: listen ?? [carrier === 'encrypter' ? '/ip4/127.0.0.1/tcp/0' : '/ip4/127.0.0.1/tcp/0/tls'] },
    transports: [carrier === 'encrypter' ? tcp() : caTlsTcp({ ...init, identity })],
    connectionEncrypters: carrier === 'encrypter' ? [caTls({ ...init, identity })] : undefined,
    connectionGater,
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: Infinity },
    streamMuxers: [yamux()]
  })

  return {
    libp2p,
    identity,
    async [Symbol.asyncDispose] () {
      await libp2p.stop()
    }
  }
}

/**
 * An identity that no loader would return: whatever chain, under whatever trust.
 */
export function forgedIdentity (good: Identity, parts: { chain?: readonly Certificate[], anchors?: readonly Certificate[] }): Identity {
  return new Identity({
    key: good.key,
    chain: parts.chain ?? good.chain,
    trust: new TrustStore(parts.anchors ?? good.trust.anchors),
    networkId: good.networkId
  })
}

/**
 * Resolves with the next rejection that a node reports.
 */
export async function nextRejection (identity: Identity): Promise<HandshakeRejection> {
  return new Promise(resolve => {
    identity.addEventListener('handshake:rejected', evt => { resolve(evt.detail) }, { once: true })
  })
}
