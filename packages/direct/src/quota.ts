import { MAX_TIMEOUT } from './constants.ts'
import { checkInteger } from './init.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * How often one peer may call a handler: so many times at once, and as many over each such time.
 */
export interface Quota {
  /**
   * Calls, 1 to 1,000,000.
   */
  perPeer: number

  /**
   * Milliseconds, 1 to 3,600,000.
   */
  perMs: number
}

const MAX_CALLS = 1_000_000

/**
 * Nodes of which something is remembered before it is looked who has all of its quota again.
 */
const FIRST_SWEEP = 64

/**
 * Counts calls by the generic cell rate algorithm (ITU-T I.371): for each node one number, the time at which all of its quota is there again.
 */
export class QuotaMeter {
  readonly #interval: number
  readonly #tolerance: number
  readonly #fullAt = new Map<NodeId, number>()
  #sweepAt = FIRST_SWEEP

  /**
   * @throws InvalidParametersError if a number is out of its range
   */
  constructor ({ perPeer, perMs }: Quota) {
    this.#interval = checkInteger('quota.perMs', perMs, MAX_TIMEOUT) / checkInteger('quota.perPeer', perPeer, MAX_CALLS)
    this.#tolerance = perMs - this.#interval
  }

  /**
   * Nodes of which something is remembered: those that called within the last `perMs`, and at most as many again.
   */
  get size (): number {
    return this.#fullAt.size
  }

  /**
   * A node calls.
   *
   * @param now - in milliseconds, of a clock that only runs forwards
   * @returns milliseconds until it may, 0 if it may now; only then it is counted
   */
  take (nodeId: NodeId, now: number): number {
    const fullAt = Math.max(this.#fullAt.get(nodeId) ?? now, now)
    const wait = fullAt - now - this.#tolerance

    // what rounding leaves is no reason to wait
    if (wait > 1e-6) {
      return wait
    }

    this.#fullAt.set(nodeId, fullAt + this.#interval)
    this.#sweep(now)

    return 0
  }

  #sweep (now: number): void {
    if (this.#fullAt.size < this.#sweepAt) {
      return
    }

    for (const [nodeId, fullAt] of this.#fullAt) {
      if (fullAt <= now) {
        this.#fullAt.delete(nodeId)
      }
    }

    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#fullAt.size)
  }
}
