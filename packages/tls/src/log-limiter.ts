import { LineBudget } from '@fisco-libp2p/identity'
import { MAX_LOG_LINES_PER_SECOND } from './constants.ts'

/**
 * The lines of a log that strangers cause: so many a second.
 */
export class LogLimiter extends LineBudget {
  /**
   * @param now - milliseconds of a clock that does not go back
   */
  constructor (now?: () => number) {
    super(MAX_LOG_LINES_PER_SECOND, 1_000, now)
  }
}
