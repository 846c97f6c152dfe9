import { ACTIVE_DIALS, ANSWER_TIME, HANDSHAKE_TIME } from './constants.ts'

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

/**
 * When dials begin. Few at a time are in their handshake, which costs CPU on both ends: a network that starts as a whole would
 * otherwise be busy with handshakes that time out, and never get anywhere. An address that does not answer soon, or whose handshake
 * takes very long, does not hold up the next one.
 */
export class DialPace {
  readonly #all: DialSlots
  readonly #active = new DialSlots(ACTIVE_DIALS)

  /**
   * @param slots - dials that may be under way, those that wait for an answer included
   */
  constructor (slots: number) {
    this.#all = new DialSlots(slots)
  }

  /**
   * Runs a task as soon as it may begin.
   *
   * @param task - calls its argument as soon as the other end answers and the handshake begins
   * @throws the signal's reason if it is aborted before that; what the task throws
   */
  async run<T> (task: (answered: () => void) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#all.run(async () => {
      const { promise, resolve } = Promise.withResolvers<T>()
      await this.#active.run(async () => {
        const turn = new Turn()
        const work = task(() => { turn.extend(HANDSHAKE_TIME) })
        resolve(work)
        // handled by whoever waits for the promise
        work.then(() => { turn.end() }, () => { turn.end() })
        await turn.ended
      }, signal)

      return promise
    }, signal)
  }
}

/**
 * The time in which a dial keeps the next one from beginning.
 */
class Turn {
  readonly ended: Promise<void>
  readonly #resolve: () => void
  #timer: NodeJS.Timeout

  constructor () {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#resolve = resolve
    this.#timer = setTimeout(resolve, ANSWER_TIME)
  }

  extend (milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#resolve, milliseconds)
  }

  end (): void {
    clearTimeout(this.#timer)
    this.#resolve()
  }
}
