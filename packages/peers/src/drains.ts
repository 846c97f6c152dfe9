import { DRAIN_INTERVAL, DRAIN_TIMEOUT, HOUSEKEEPING_PROTOCOLS } from './constants.ts'
import type { Connection } from '@libp2p/interface'

/**
 * Connections that are given up in favour of another one to the same peer: they go on until nobody uses them any more,
 * but not for long.
 *
 * The end that dialled such a connection closes it as soon as only housekeeping runs over it. The other end would not
 * know whether the dialler is already done with the handshake, so it closes only when the time is over.
 */
export class Drains {
  readonly #timers = new Map<Connection, NodeJS.Timeout>()

  /**
   * Closes a connection when it is not used any more.
   *
   * @param isGivenUp - asked before it is closed: when the preferred connection has died meanwhile, this one is needed
   * @param mayEnd - asked as well: as long as nothing is heard on the preferred connection, the other end may not have accepted it
   * @returns false if that was known already
   */
  start (connection: Connection, isGivenUp: () => boolean, mayEnd: () => boolean): boolean {
    if (this.#timers.has(connection)) {
      return false
    }

    this.#look(connection, isGivenUp, mayEnd, DRAIN_TIMEOUT)

    return true
  }

  /**
   * A connection is closed.
   */
  done (connection: Connection): void {
    clearTimeout(this.#timers.get(connection))
    this.#timers.delete(connection)
  }

  /**
   * Leaves all connections as they are.
   */
  stop (): void {
    for (const connection of this.#timers.keys()) {
      this.done(connection)
    }
  }

  #look (connection: Connection, isGivenUp: () => boolean, mayEnd: () => boolean, timeLeft: number): void {
    this.#timers.set(connection, setTimeout(() => {
      const left = timeLeft - DRAIN_INTERVAL

      if (connection.status !== 'open' || !isGivenUp()) {
        this.done(connection)
      } else if (!mayEnd()) {
        // not for ever: a connection that is not accepted closes
        this.#look(connection, isGivenUp, mayEnd, timeLeft)
      } else if (left <= 0 || (connection.direction === 'outbound' && isIdle(connection))) {
        connection.close().catch(err => { connection.abort(err) })
      } else {
        this.#look(connection, isGivenUp, mayEnd, left)
      }
    }, DRAIN_INTERVAL))
  }
}
function isIdle (connection: Connection): boolean {
  return connection.streams.every(stream => HOUSEKEEPING_PROTOCOLS.includes(stream.protocol))
}
