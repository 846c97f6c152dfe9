import type { Libp2p } from 'libp2p'

/**
 * The TCP port that a node listens on.
 */
export function portOf (node: Pick<Libp2p, 'getMultiaddrs'>): number {
  return Number(node.getMultiaddrs()[0].getComponents().find(({ name }) => name === 'tcp')?.value)
}
