import { MAX_ROUTE } from './constants.ts'
import type { Links } from './relay-tree.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * The shortest way from one node to another, over nodes that may be on it.
 *
 * @param mayPass - the ends are not asked about
 * @returns the nodes after the first, the last one included; undefined if there is no way of at most 16 links
 */
export function routeBetween (from: NodeId, to: NodeId, links: Links, mayPass: (nodeId: NodeId) => boolean): NodeId[] | undefined {
  const before = new Map<NodeId, NodeId | undefined>([[from, undefined]])

  for (const node of before.keys()) {
    if (node === to) {
      return path(before, from, to)
    }

    if (node === from || mayPass(node)) {
      for (const next of links.get(node) ?? []) {
        before.has(next) || before.set(next, node)
      }
    }
  }

  return undefined
}

function path (before: ReadonlyMap<NodeId, NodeId | undefined>, from: NodeId, to: NodeId): NodeId[] | undefined {
  const nodes: NodeId[] = []

  for (let node: NodeId | undefined = to; node != null && node !== from; node = before.get(node)) {
    nodes.unshift(node)
  }

  return nodes.length > MAX_ROUTE ? undefined : nodes
}
