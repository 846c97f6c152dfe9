import { BoundedMap } from '@fisco-libp2p/identity'
import { MAX_RELAY_ENTRIES } from './constants.ts'
import { relayTree } from './relay-tree.ts'
import type { Links } from './relay-tree.ts'
import type { NodeId } from '@fisco-libp2p/identity'

const NOBODY: readonly NodeId[] = []

/**
 * What {@link Relays} looks at.
 */
export interface RelaysInit {
  self: NodeId

  /**
   * The same map until it changes.
   */
  links (): Links

  /**
   * @param topic - a gossipsub topic
   * @returns the nodes that carry it: all that follow it and take messages by unicast, this one included if it does
   */
  carriersOf (topic: string): Iterable<NodeId>
}

/**
 * To whom this node passes on whose messages. What was computed is kept until a link or a list of followed topics changes.
 */
export class Relays {
  private readonly init: RelaysInit
  private readonly children = new BoundedMap<string, readonly NodeId[]>(MAX_RELAY_ENTRIES)
  private links?: Links

  constructor (init: RelaysInit) {
    this.init = init
  }

  /**
   * The nodes to which this one passes on the messages of an author to a topic.
   */
  childrenOf (author: NodeId, topic: string): readonly NodeId[] {
    const links = this.init.links()

    if (links !== this.links) {
      this.links = links
      this.children.clear()
    }

    const key = `${author} ${topic}`
    let children = this.children.get(key)

    if (children == null) {
      children = relayTree(author, new Set(this.init.carriersOf(topic)), links).get(this.init.self) ?? NOBODY
      this.children.set(key, children)
    }

    return children
  }

  /**
   * Somebody follows other topics than before.
   */
  forget (): void {
    this.children.clear()
  }
}
