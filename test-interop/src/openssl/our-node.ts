import { createNode } from '@fisco-libp2p/node'
import { pEvent } from 'p-event'
import { TOOL_TIMEOUT } from './tool.ts'
import type { HandshakeRejection, Identity } from '@fisco-libp2p/identity'
import type { FiscoNode } from '@fisco-libp2p/node'

/**
 * Our node of one case: everything that it rejects is of that case.
 */
export interface OurNode extends AsyncDisposable {
  node: FiscoNode
  port: number

  /**
   * The first handshake that was rejected, also if it was before.
   */
  rejection(): Promise<HandshakeRejection>
}

/**
 * Starts a node on a TLS-first port.
 *
 * @param members - how many the network has: what may come in at once follows from it
 */
export async function startOurNode (identity: Identity, members?: number): Promise<OurNode> {
  const rejections: HandshakeRejection[] = []
  identity.addEventListener('handshake:rejected', ({ detail }) => { rejections.push(detail) })
  const node = await createNode({ identity, members, listen: ['/ip4/127.0.0.1/tcp/0/tls'] })

  return {
    node,
    port: Number(node.getMultiaddrs()[0].getComponents().find(({ name }) => name === 'tcp')?.value),
    async rejection () {
      return rejections[0] ?? (await pEvent<'handshake:rejected', CustomEvent<HandshakeRejection>>(identity, 'handshake:rejected', { timeout: TOOL_TIMEOUT })).detail
    },
    async [Symbol.asyncDispose] () {
      await node.stop()
    }
  }
}
