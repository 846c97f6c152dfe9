/**
 * So many at a time, the others in the order in which they came. What one does takes its own time at most, so nobody
 * waits for ever behind it.
 */
export class DialSlots {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor (slots: number) {
    this.#free = slots
  }

  /**
   * Runs a task as soon as there is a slot for it.
   *
   * @throws the signal's reason if it is aborted before that; what the task throws
   */
  async run<T> (task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()

    if (this.#free === 0) {
      await this.#turn(signal)
    } else {
      this.#free--
    }

    try {
      return await task()
    } finally {
      this.#release()
    }
  }

  /**
   * Waits until a slot is handed over.
   */
  async #turn (signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => {
      this.#waiting.delete(resolve)
      reject(signal.reason)
    }

    this.#waiting.add(resolve)
    signal.addEventListener('abort', onAbort)

    try {
      await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #release (): void {
    const [next] = this.#waiting

    if (next == null) {
      this.#free++
    } else {
      this.#waiting.delete(next)
      next()
    }
  }
}
