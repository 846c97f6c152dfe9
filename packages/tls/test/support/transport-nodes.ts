import { prepareTransportPair } from '@fisco-libp2p/test-kit'
import { startNode } from './nodes.ts'
import type { Consortium, NodeKeyType, TransportPair } from '@fisco-libp2p/test-kit'

/**
 * Runs a case of the transport suite on a fresh pair.
 */
export async function withTransportPair (consortium: Consortium, keyType: NodeKeyType, run: (pair: TransportPair) => Promise<void>): Promise<void> {
  await using dialer = await startNode(await consortium.identity({ keyType }), { carrier: 'tls-first', listen: [] })
  await using listener = await startNode(await consortium.identity({ keyType }), {
    carrier: 'tls-first', listen: ['/ip4/127.0.0.1/tcp/0/tls', '/ip4/127.0.0.1/tcp/0/tls']
  })

  await run(await prepareTransportPair(dialer.libp2p, listener.libp2p))
}
