import { CLONE_REMINDER, CLONE_WINDOW } from './constants.ts'
import { Memory } from './memory.ts'
import type { ClonedIdentity } from './index.ts'
import type { HandshakeVerification, NodeId } from '@fisco-libp2p/identity'

/**
 * What handshakes have shown of one node.
 */
interface Shown {
  /**
   * The highest incarnation, and when an older one came last.
   */
  highest: number
  olderAt: number
  toldAt: number
}

/**
 * Notices by handshakes that two processes use one key. Records do not tell of it as a rule: neighbours keep the link of the process
 * that was started last, and that of the other is closed before a record has passed over it.
 */
export class Clones {
  readonly #self: NodeId
  readonly #nodes = new Memory<Shown>()
  readonly #lives = new Set<number>()
  #toldAt = -Infinity

  constructor (self: NodeId) {
    this.#self = self
  }

  /**
   * This process has, or has had, this incarnation.
   */
  lives (incarnation: number): void {
    this.#lives.add(incarnation)
  }

  /**
   * @returns whether this node's own key is elsewhere, and nobody was told within {@link CLONE_WINDOW}
   */
  own ({ nodeId, incarnation }: Pick<HandshakeVerification, 'nodeId' | 'incarnation'>, now: number): boolean {
    return nodeId === this.#self && !this.#lives.has(incarnation) && this.mayTell(now)
  }

  /**
   * Once in {@link CLONE_WINDOW}.
   */
  mayTell (now: number): boolean {
    const may = now - this.#toldAt >= CLONE_WINDOW

    if (may) {
      this.#toldAt = now
    }

    return may
  }

  /**
   * A process that was started before another one with its key can make a handshake after that one, once: it was under way. It does
   * so twice only if it lives.
   *
   * @returns what there is to tell
   */
  other ({ nodeId, incarnation, address }: Pick<HandshakeVerification, 'nodeId' | 'incarnation' | 'address'>, now: number): ClonedIdentity | undefined {
    const shown = this.#nodes.get(nodeId) ?? { highest: incarnation, olderAt: -Infinity, toldAt: -Infinity }
    const isOlder = incarnation < shown.highest
    const isCloned = isOlder && now - shown.olderAt <= CLONE_WINDOW && now - shown.toldAt >= CLONE_REMINDER

    this.#nodes.set(nodeId, {
      highest: Math.max(shown.highest, incarnation),
      olderAt: isOlder ? now : shown.olderAt,
      toldAt: isCloned ? now : shown.toldAt
    })

    return isCloned ? { nodeId, incarnation, address } : undefined
  }
}
