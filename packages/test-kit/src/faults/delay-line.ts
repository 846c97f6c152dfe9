/**
 * Lets actions wait, each for a time of its own; none overtakes one that came before it.
 */
export class DelayLine {
  readonly #waiting: Array<{ due: number, action(): void }> = []
  #timer?: NodeJS.Timeout

  /**
   * Actions that wait.
   */
  get length (): number {
    return this.#waiting.length
  }

  /**
   * @param delay - milliseconds; with 0 and nobody before it, the action runs now
   */
  push (delay: number, action: () => void): void {
    if (delay === 0 && this.#waiting.length === 0) {
      action()
    } else {
      this.#waiting.push({ due: performance.now() + delay, action })
      this.#arm()
    }
  }

  #arm (): void {
    if (this.#timer == null && this.#waiting.length > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined

        // Node's timers count whole milliseconds of a clock of their own, and may be early by that of performance.now()
        if (performance.now() >= this.#waiting[0].due) {
          this.#waiting.shift()?.action()
        }

        this.#arm()
      }, Math.max(0, Math.ceil(this.#waiting[0].due - performance.now())))
    }
  }
}
