import { UsageError } from './output.ts'
import type { StatusEntry } from '@fisco-libp2p/admin'

/**
 * The node that somebody means by a name, a node ID or the beginning of one.
 *
 * @throws UsageError unless there is one such node
 */
export function findNode (nodes: readonly StatusEntry[], text: string): StatusEntry {
  const id = text.toLowerCase().replace(/^0x/, '')
  const named = nodes.filter(({ Node }) => Node === text)
  const found = named.length > 0 ? named : nodes.filter(({ NodeID }) => NodeID.startsWith(id))

  if (found.length === 1) {
    return found[0]
  }

  throw new UsageError(found.length === 0
    ? `no node is known by the name or node ID "${text}": fisco-p2p status shows all`
    : `${found.length} nodes are known by the name or node ID "${text}": give more of the node ID`)
}
