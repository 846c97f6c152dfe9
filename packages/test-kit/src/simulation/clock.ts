import TinyQueue from 'tinyqueue'

interface Due {
  at: number
  order: number
  act(): void
}

/**
 * The time of a simulation: it jumps from one event to the next. What is due at the same moment happens in the order in which it was asked for, so
 * a simulation is a function of what it is given.
 */
export class SimulatedClock {
  readonly #queue = new TinyQueue<Due>([], (a, b) => a.at - b.at || a.order - b.order)
  #order = 0
  #now = 0

  /**
   * Milliseconds since the beginning.
   */
  get now (): number {
    return this.#now
  }

  /**
   * Has something done at a time, or now if that has passed.
   */
  at (time: number, act: () => void): void {
    this.#queue.push({ at: Math.max(time, this.#now), order: this.#order++, act })
  }

  /**
   * Lets time pass.
   *
   * @param until - milliseconds since the beginning
   * @param isDone - ends it earlier; asked after each event
   */
  run (until: number, isDone: () => boolean = () => false): void {
    for (let next = this.#queue.peek(); next != null && next.at <= until; next = this.#queue.peek()) {
      this.#queue.pop()
      this.#now = next.at
      next.act()

      if (isDone()) {
        return
      }
    }

    this.#now = until
  }
}
