import { MAX_REMEMBERED } from './constants.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What is remembered of some nodes: of those that it was set for last.
 */
export class Memory<T> {
  readonly #values = new Map<NodeId, T>()
  readonly #max: number

  /**
   * @param max - of how many nodes
   */
  constructor (max = MAX_REMEMBERED) {
    this.#max = max
  }

  get (nodeId: NodeId): T | undefined {
    return this.#values.get(nodeId)
  }

  set (nodeId: NodeId, value: T): void {
    this.#values.delete(nodeId)
    this.#values.set(nodeId, value)

    if (this.#values.size > this.#max) {
      const [oldest] = this.#values.keys()
      this.#values.delete(oldest)
    }
  }

  delete (nodeId: NodeId): void {
    this.#values.delete(nodeId)
  }

  clear (): void {
    this.#values.clear()
  }
}
