import { peerIdToNodeId } from './node-id.ts'
import { getPeerCertificate } from './peer-certificate.ts'
import type { Connection, PeerId } from '@libp2p/interface'

/**
 * Which of several connections to one peer stays: both ends come to the same answer, each on its own.
 *
 * 1. The one with the higher incarnation of the peer: an older one belongs to a process that is gone.
 * 2. The one that the node with the smaller node ID dialled.
 * 3. The one that was opened first.
 *
 * @param self - the PeerId of this node
 * @param connections - connections to one peer
 * @returns undefined if no connection is open
 */
export function preferredConnection (self: PeerId, connections: readonly Connection[]): Connection | undefined {
  const open = connections.filter(connection => connection.status === 'open' && connection.limits == null)

  if (open.length < 2) {
    return open[0]
  }

  return open.sort((a, b) => {
    return incarnation(b) - incarnation(a) ||
      Number(dialledBySmaller(self, b)) - Number(dialledBySmaller(self, a)) ||
      a.timeline.open - b.timeline.open
  })[0]
}

/**
 * Whether the end with the smaller node ID (compared as text) dialled a connection.
 */
export function dialledBySmaller (self: PeerId, connection: Connection): boolean {
  const selfIsSmaller = peerIdToNodeId(self) < peerIdToNodeId(connection.remotePeer)

  return selfIsSmaller === (connection.direction === 'outbound')
}

function incarnation (connection: Connection): number {
  return getPeerCertificate(connection)?.incarnation ?? 0
}
