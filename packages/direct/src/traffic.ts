import { MAX_TRAFFIC_NAMES } from './constants.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Messages, and the bytes in them; each piece of a streaming exchange counts as one.
 */
export interface TrafficCount {
  messages: number
  bytes: number
}

/**
 * What went to and fro under the name of one handler: requests, notifications and answers.
 */
export interface HandlerTraffic {
  sent: TrafficCount
  received: TrafficCount
}

/**
 * What went to and fro between this node and another one, see `Direct.statistics`.
 */
export interface PeerStatistics {
  nodeId: NodeId

  /**
   * By the names of handlers; what has no place among the first 256 of them is under the empty name.
   */
  handlers: Record<string, HandlerTraffic>
}

/**
 * Where what does not find a place of its own is counted: no handler has an empty name.
 */
const OTHERS = ''

/**
 * Counts messages by the names of handlers, so many of them; all further names together are one, the empty one.
 */
export class Traffic {
  readonly #counts = new Map<string, HandlerTraffic>()

  // most messages have the name of the one before
  #latestName?: string
  #latest?: HandlerTraffic

  sent (name: string, bytes: number): void {
    count(this.#of(name).sent, 1, bytes)
  }

  received (name: string, bytes: number): void {
    count(this.#of(name).received, 1, bytes)
  }

  /**
   * Adds all that was counted elsewhere.
   */
  add (other: Traffic): void {
    for (const [name, { sent, received }] of other.#counts) {
      const own = this.#of(name)
      count(own.sent, sent.messages, sent.bytes)
      count(own.received, received.messages, received.bytes)
    }
  }

  * [Symbol.iterator] (): Generator<[string, HandlerTraffic]> {
    for (const [name, { sent, received }] of this.#counts) {
      yield [name, { sent: { ...sent }, received: { ...received } }]
    }
  }

  #of (name: string): HandlerTraffic {
    if (this.#latest == null || name !== this.#latestName) {
      this.#latest = this.#find(name)
      this.#latestName = name
    }

    return this.#latest
  }

  #find (name: string): HandlerTraffic {
    const known = this.#counts.get(name)

    if (known != null) {
      return known
    }

    if (this.#counts.size >= MAX_TRAFFIC_NAMES && name !== OTHERS) {
      return this.#find(OTHERS)
    }

    const counts = { sent: { messages: 0, bytes: 0 }, received: { messages: 0, bytes: 0 } }
    this.#counts.set(name, counts)

    return counts
  }
}

function count (to: TrafficCount, messages: number, bytes: number): void {
  to.messages += messages
  to.bytes += bytes
}
