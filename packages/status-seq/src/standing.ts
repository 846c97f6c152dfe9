import { ANSWER_BURST, ANSWER_PER_SECOND, COMPARE_BURST, COMPARE_PER_SECOND, VERIFY_BURST, VERIFY_PER_SECOND } from './constants.ts'
import { Memory } from './memory.ts'
import { TokenBucket } from './schedule.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What a neighbour has used up, and what is held against it. It outlives its connections, or a peer would connect again to be rid of it.
 */
export class Standing {
  /**
   * Records that it is answered.
   */
  readonly answers = new TokenBucket(ANSWER_BURST, ANSWER_PER_SECOND)

  /**
   * Parts of comparisons, and lists, that are looked at for it.
   */
  readonly comparisons = new TokenBucket(COMPARE_BURST, COMPARE_PER_SECOND)

  /**
   * Signatures that are verified for it.
   */
  readonly verifications = new TokenBucket(VERIFY_BURST, VERIFY_PER_SECOND)

  /**
   * Until when its streams are refused.
   */
  mutedUntil = -Infinity
}

/**
 * The {@link Standing} of those that came last, connected or not: after some ten seconds of rest any of them is as new.
 */
export class Standings {
  readonly #standings = new Memory<Standing>()

  /**
   * Of a neighbour that comes.
   */
  of (nodeId: NodeId): Standing {
    const standing = this.#standings.get(nodeId) ?? new Standing()

    this.#standings.set(nodeId, standing)

    return standing
  }
}
