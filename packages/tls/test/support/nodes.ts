import { Identity, TrustStore } from '@fisco-libp2p/identity'
import { caTls } from '@fisco-libp2p/tls'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Certificate, HandshakeRejection } from '@fisco-libp2p/identity'
import type { ConnectionGater, Libp2p } from '@libp2p/interface'

/**
 * A libp2p node with nothing but what a connection under the consortium's CA needs.
 */
export interface TestNode extends AsyncDisposable {
  libp2p: Libp2p
  identity: Identity

  /**
   * Every `handshake:rejected` of its identity.
   */
  rejections: HandshakeRejection[]
}

export async function startNode (identity: Identity, options: { connectionGater?: ConnectionGater, timeout?: number } = {}): Promise<TestNode> {
  const rejections: HandshakeRejection[] = []
  const onRejected = (evt: CustomEvent<HandshakeRejection>): void => { rejections.push(evt.detail) }
  identity.addEventListener('handshake:rejected', onRejected)

  const libp2p = await createLibp2p({
    privateKey: identity.privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [caTls({ identity, timeout: options.timeout })],
    connectionGater: options.connectionGater,
    connectionManager: { inboundConnectionThreshold: Infinity },
    streamMuxers: [yamux()]
  })

  return {
    libp2p,
    identity,
    rejections,
    async [Symbol.asyncDispose] () {
      identity.removeEventListener('handshake:rejected', onRejected)
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
