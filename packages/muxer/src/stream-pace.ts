import type { AbstractMessageStream } from '@libp2p/utils'

type Readable = Pick<AbstractMessageStream, 'readStatus' | 'pause' | 'resume' | 'addEventListener'>

/**
 * How fast the other end of a connection may open streams: one second's worth at a stretch. When it is faster, nothing is read from the connection until that is made up for; so what an
 * honest peer sends comes later, and nothing is lost.
 *
 * Each stream costs its reader a hundred times what it costs to open and reset it, and libp2p limits only how many there are at a time.
 */
export class StreamPace {
  readonly #connection: Readable
  readonly #interval: number
  readonly #now: () => number
  readonly #onHeld: () => void

  // when all that were opened are made up for
  #until = -Infinity
  #timer?: NodeJS.Timeout

  /**
   * @param perSecond - streams
   * @param onHeld - called each time that the other end has to wait
   * @param now - milliseconds of a clock that does not go back
   */
  constructor (connection: Readable, perSecond: number, onHeld: () => void = () => {}, now: () => number = () => performance.now()) {
    this.#connection = connection
    this.#interval = 1_000 / perSecond
    this.#onHeld = onHeld
    this.#now = now
    connection.addEventListener('close', () => { clearTimeout(this.#timer) }, { once: true })
  }

  /**
   * The other end has opened a stream.
   */
  opened (): void {
    this.#until = Math.max(this.#until, this.#now()) + this.#interval

    if (this.#wait > 0 && this.#timer == null) {
      this.#onHeld()
      this.#resumeLater()
      // not at once: this may come from resume(), which lets the connection go on after it has handed on what was held back
      queueMicrotask(() => {
        if (this.#timer != null && this.#connection.readStatus === 'readable') {
          this.#connection.pause()
        }
      })
    }
  }

  get #wait (): number {
    return this.#until - this.#now() - 1_000
  }

  #resumeLater (): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined

      // what had come already was handed on after it was paused
      if (this.#wait > 0) {
        this.#resumeLater()
      } else if (this.#connection.readStatus === 'paused') {
        this.#connection.resume()
      }
    }, Math.ceil(this.#wait))
  }
}
