/**
 * Keeps a log readable under a flood: so many lines are written in a stretch of time, which begins with the first of them; the others are counted, and reported as a number with the
 * first line after it.
 */
export class LineBudget {
  readonly #lines: number
  readonly #window: number
  readonly #now: () => number
  #since = -Infinity
  #written = 0
  #suppressed = 0

  /**
   * @param lines - how many
   * @param window - of how many milliseconds
   * @param now - milliseconds of a clock that does not go back
   */
  constructor (lines: number, window: number, now: () => number = () => performance.now()) {
    this.#lines = lines
    this.#window = window
    this.#now = now
  }

  /**
   * @returns undefined if this line is not to be written; else how many were not since the last that was
   */
  next (): { suppressed: number } | undefined {
    const now = this.#now()

    if (now - this.#since >= this.#window) {
      this.#since = now
      this.#written = 0
    }

    if (this.#written >= this.#lines) {
      this.#suppressed++

      return undefined
    }

    this.#written++
    const suppressed = this.#suppressed
    this.#suppressed = 0

    return { suppressed }
  }
}
