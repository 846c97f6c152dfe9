import type { Journal } from './journal.ts'
import type { RemoteNode } from './remote-node.ts'

/**
 * What a node reports when it refuses a certificate of another CA.
 */
const FOREIGN = ['untrusted-issuer', 'bad-signature']

/**
 * Whether a node has, since a mark, refused an inbound handshake because the certificate is of a foreign CA.
 */
export function isIntruderRefused (journal: Journal, mark: number, node: RemoteNode): boolean {
  return journal.since(mark, 'rejected', ({ from, detail }) => {
    return from === node && detail.direction === 'inbound' && FOREIGN.includes(detail.rule)
  }).length > 0
}
