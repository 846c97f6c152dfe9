import { createHash } from 'node:crypto'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Which nodes are connected with which.
 */
export type Links = ReadonlyMap<NodeId, ReadonlySet<NodeId>>

const NOBODY: ReadonlySet<NodeId> = new Set()

/**
 * Who passes an author's messages on to whom: each carrier gets them from one node that is nearer to the author, so there is one copy for each. All nodes that
 * know the same links come to the same tree (docs/PROTOCOLS.md, "Spreading").
 *
 * @param carriers - nodes that get the messages; the author need not be one
 * @returns the nodes to which each one passes on
 */
export function relayTree (author: NodeId, carriers: ReadonlySet<NodeId>, links: Links): Map<NodeId, NodeId[]> {
  const children = new Map<NodeId, NodeId[]>()
  const unreached = new Set(carriers)
  let level = new Set([author])

  unreached.delete(author)

  while (level.size > 0 && unreached.size > 0) {
    const next = nextLevel(level, unreached, links)

    for (const [node, parents] of next) {
      const parent = parents.length === 1 ? parents[0] : choose(author, node, parents)
      const own = children.get(parent) ?? []

      own.push(node)
      children.set(parent, own)
      unreached.delete(node)
    }

    level = new Set(next.keys())
  }

  return children
}

/**
 * The nodes that are one link further from the author, each with those that it could have its messages from. All links are of both ends, so they are followed from where
 * there are fewer: where each node is connected with each, nobody is left after the first step.
 */
function nextLevel (level: ReadonlySet<NodeId>, unreached: ReadonlySet<NodeId>, links: Links): Map<NodeId, NodeId[]> {
  const next = new Map<NodeId, NodeId[]>()
  const isShort = countLinks(level, links) < countLinks(unreached, links)
  const [from, to] = isShort ? [level, unreached] : [unreached, level]

  for (const one of from) {
    for (const other of links.get(one) ?? NOBODY) {
      if (to.has(other)) {
        const [parent, node] = isShort ? [one, other] : [other, one]
        const parents = next.get(node)

        parents == null ? next.set(node, [parent]) : parents.push(parent)
      }
    }
  }

  return next
}

function countLinks (nodes: Iterable<NodeId>, links: Links): number {
  let count = 0

  for (const node of nodes) {
    count += links.get(node)?.size ?? 0
  }

  return count
}

/**
 * One of several, by a number that nobody chooses and that differs from author to author, so that the work is spread.
 */
function choose (author: NodeId, node: NodeId, parents: NodeId[]): NodeId {
  const number = createHash('sha256').update(author, 'hex').update(node, 'hex').digest().readUInt32BE()

  return parents.sort()[number % parents.length]
}
