import { MAX_LOG_LINES_PER_PEER, MAX_LOGGED_PEERS, PEER_LOG_WINDOW } from './constants.ts'
import type { Logger } from '@libp2p/interface'

interface Account {
  since: number
  lines: number
  suppressed: number
}

/**
 * Errors that others cause. Each of them has so many lines in the log and no more, so that none can fill it, nor hide in it what is said of the others; how many were left out stands
 * in its next line.
 */
export class PeerLog {
  readonly #log: Pick<Logger, 'error'>
  readonly #now: () => number

  // in the order in which they had their last line
  readonly #accounts = new Map<string, Account>()

  /**
   * @param now - milliseconds of a clock that does not go back
   */
  constructor (log: Pick<Logger, 'error'>, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  /**
   * Peers of which it is known how many lines they had.
   */
  get size (): number {
    return this.#accounts.size
  }

  /**
   * @param peer - who has caused it
   * @param format - as the logger takes it, and what belongs to that
   */
  error (peer: string, format: string, ...args: unknown[]): void {
    const now = this.#now()
    const known = this.#accounts.get(peer)
    const account = known != null && now - known.since < PEER_LOG_WINDOW ? known : { since: now, lines: 0, suppressed: known?.suppressed ?? 0 }

    if (account.lines >= MAX_LOG_LINES_PER_PEER) {
      account.suppressed++

      return
    }

    this.#keep(peer, account)
    account.lines++

    if (account.suppressed === 0) {
      this.#log.error(format, ...args)
    } else {
      this.#log.error(`${format} (%d more were not logged)`, ...args, account.suppressed)
      account.suppressed = 0
    }
  }

  #keep (peer: string, account: Account): void {
    this.#accounts.delete(peer)
    this.#accounts.set(peer, account)

    if (this.#accounts.size > MAX_LOGGED_PEERS) {
      const [oldest] = this.#accounts.keys()
      this.#accounts.delete(oldest)
    }
  }
}
