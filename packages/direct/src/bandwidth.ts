/**
 * A share of a second: what may be sent at once, and so how much may go ahead of its time.
 */
const BURSTS_PER_SECOND = 8

/**
 * How fast bytes may go out: a token bucket, as one number, the time at which all that was sent is paid for. Who may send, may send a burst; it is paid for by
 * waiting afterwards.
 */
export class Bandwidth {
  readonly #bytesPerMs: number
  readonly #burst: number
  #paidAt = -Infinity

  /**
   * @param bytesPerSecond - above 0
   */
  constructor (bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1_000
    this.#burst = Math.ceil(bytesPerSecond / BURSTS_PER_SECOND)
  }

  /**
   * When the next burst may be sent, in milliseconds.
   */
  get readyAt (): number {
    return this.#paidAt
  }

  /**
   * Bytes that may be sent now.
   *
   * @param now - in milliseconds
   */
  allowance (now: number): number {
    return now < this.#paidAt ? 0 : this.#burst
  }

  /**
   * So many are sent, allowed or not.
   */
  take (bytes: number, now: number): void {
    this.#paidAt = Math.max(this.#paidAt, now) + bytes / this.#bytesPerMs
  }
}
