import { DRAIN_INTERVAL, DRAIN_LIMIT, DRAIN_TIMEOUT, HOUSEKEEPING_PROTOCOLS, LASTING_PROTOCOLS } from './constants.ts'
import type { Connection } from '@libp2p/interface'

/**
 * Connections that are given up in favour of another one to the same peer: they go on until nobody uses them any more,
 * but not for ever.
 *
 * The end that dialled such a connection closes it as soon as only housekeeping runs over it. The other end would not
 * know whether the dialler is already done with the handshake, so it waits for some time in any case.
 */
export class Drains {
  readonly #timers = new Map<Connection, NodeJS.Timeout>()
  readonly #limit: number

  /**
   * @param limit - milliseconds after which a connection is closed whatever runs over it
   */
  constructor (limit = DRAIN_LIMIT) {
    this.#limit = limit
  }

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

    this.#look(connection, isGivenUp, mayEnd, 0)

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

  #look (connection: Connection, isGivenUp: () => boolean, mayEnd: () => boolean, passed: number): void {
    this.#timers.set(connection, setTimeout(() => {
      const now = passed + DRAIN_INTERVAL

      if (connection.status !== 'open' || !isGivenUp()) {
        this.done(connection)
      } else if (!mayEnd()) {
        // not for ever: a connection that is not accepted closes
        this.#look(connection, isGivenUp, mayEnd, passed)
      } else if (this.#isOver(connection, now)) {
        connection.close().catch(err => { connection.abort(err) })
      } else {
        this.#look(connection, isGivenUp, mayEnd, now)
      }
    }, DRAIN_INTERVAL))
  }

  #isOver (connection: Connection, passed: number): boolean {
    const used = connection.streams.filter(({ protocol }) => !HOUSEKEEPING_PROTOCOLS.includes(protocol))
    const isIdle = used.length === 0 && connection.direction === 'outbound'
    const isQuiet = used.every(({ protocol }) => LASTING_PROTOCOLS.some(beginning => protocol.startsWith(beginning)))

    return isIdle || (isQuiet && passed >= DRAIN_TIMEOUT) || passed >= this.#limit
  }
}
