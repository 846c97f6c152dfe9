import type { NodeId } from '@fisco-libp2p/identity'

/**
 * A set of nodes of limited size: who was added least recently is forgotten first.
 */
export class RecentNodes {
  readonly #nodes = new Set<NodeId>()
  readonly #max: number

  constructor (max: number) {
    this.#max = max
  }

  has (nodeId: NodeId): boolean {
    return this.#nodes.has(nodeId)
  }

  add (nodeId: NodeId): void {
    this.#nodes.delete(nodeId)
    this.#nodes.add(nodeId)

    if (this.#nodes.size > this.#max) {
      const [oldest] = this.#nodes
      this.#nodes.delete(oldest)
    }
  }

  delete (nodeId: NodeId): void {
    this.#nodes.delete(nodeId)
  }
}
