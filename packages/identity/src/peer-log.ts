import { BoundedMap } from './bounded-map.ts'
import { MAX_LOG_LINES_PER_PEER, MAX_LOGGED_PEERS, PEER_LOG_WINDOW } from './constants.ts'
import { LineBudget } from './line-budget.ts'
import type { Logger } from '@libp2p/interface'

/**
 * Errors that others cause. Each of them has so many lines in the log and no more, so that none can fill it, nor hide in it what is said of the others; how many were left out stands
 * in its next line.
 */
export class PeerLog {
  readonly #log: Pick<Logger, 'error'>
  readonly #now?: () => number
  readonly #budgets = new BoundedMap<string, LineBudget>(MAX_LOGGED_PEERS)

  /**
   * @param now - milliseconds of a clock that does not go back
   */
  constructor (log: Pick<Logger, 'error'>, now?: () => number) {
    this.#log = log
    this.#now = now
  }

  /**
   * Peers of which it is known how many lines they had.
   */
  get size (): number {
    return this.#budgets.size
  }

  /**
   * @param peer - who has caused it
   * @param format - as the logger takes it, and what belongs to that
   */
  error (peer: string, format: string, ...args: unknown[]): void {
    let budget = this.#budgets.get(peer)

    if (budget == null) {
      budget = new LineBudget(MAX_LOG_LINES_PER_PEER, PEER_LOG_WINDOW, this.#now)
      this.#budgets.set(peer, budget)
    }

    const line = budget.next()

    if (line?.suppressed === 0) {
      this.#log.error(format, ...args)
    } else if (line != null) {
      this.#log.error(`${format} (%d more were not logged)`, ...args, line.suppressed)
    }
  }
}
