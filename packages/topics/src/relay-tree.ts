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
  const reached = new Set([author])
  let level = new Set([author])

  while (level.size > 0) {
    const next = nextLevel(level, node => carriers.has(node) && !reached.has(node), links)

    for (const [node, parents] of next) {
      const parent = parents.length === 1 ? parents[0] : choose(author, node, parents)
      children.set(parent, [...children.get(parent) ?? [], node])
      reached.add(node)
    }

    level = new Set(next.keys())
  }

  return children
}

/**
 * The nodes that are one link further from the author, each with those that it could have its messages from.
 */
function nextLevel (level: ReadonlySet<NodeId>, isNew: (node: NodeId) => boolean, links: Links): Map<NodeId, NodeId[]> {
  const next = new Map<NodeId, NodeId[]>()

  for (const parent of level) {
    for (const node of links.get(parent) ?? NOBODY) {
      const parents = next.get(node)

      if (parents != null) {
        parents.push(parent)
      } else if (isNew(node)) {
        next.set(node, [parent])
      }
    }
  }

  return next
}

/**
 * One of several, by a number that nobody chooses and that differs from author to author, so that the work is spread.
 */
function choose (author: NodeId, node: NodeId, parents: NodeId[]): NodeId {
  const number = createHash('sha256').update(author, 'hex').update(node, 'hex').digest().readUInt32BE()

  return parents.sort()[number % parents.length]
}
