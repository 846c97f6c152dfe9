import { MAX_LOG_LINES_PER_SECOND } from './constants.ts'

/**
 * Keeps a log readable under a flood: so many lines a second are written, the others counted and reported as a number
 * with the first line of a later second.
 */
export class LogLimiter {
  private readonly now: () => number
  private second = 0
  private lines = 0
  private suppressed = 0

  constructor (now: () => number = () => performance.now()) {
    this.now = now
  }

  /**
   * @returns undefined if this line is not to be written; else how many were not since the last that was
   */
  next (): { suppressed: number } | undefined {
    const second = Math.floor(this.now() / 1000)

    if (second !== this.second) {
      this.second = second
      this.lines = 0
    }

    if (this.lines >= MAX_LOG_LINES_PER_SECOND) {
      this.suppressed++

      return undefined
    }

    this.lines++
    const { suppressed } = this
    this.suppressed = 0

    return { suppressed }
  }
}
