import { MAX_DELIVER_DELAY, MAX_DELIVERING, MAX_LAGGING, MAX_LAGGING_BYTES, MIN_DELIVER_DELAY } from './constants.ts'

/**
 * After how many messages it is looked whether too much waits.
 */
const LOOK_EVERY = 16

/**
 * A message that one node shall confirm.
 */
export interface Order {
  message: Uint8Array

  /**
   * Aborts when nobody waits for it any more.
   */
  signal: AbortSignal

  /**
   * Whether enough others have confirmed it: then it need not be brought.
   */
  isSpare (): boolean
  confirmed (): void

  /**
   * It is not tried any more.
   */
  dropped (): void

  /**
   * A try has failed; another one follows.
   */
  failed (err: Error): void
}

/**
 * Brings messages to one node, some at a time, in their order as far as nothing goes wrong, until each is confirmed or nobody waits for it any more. After a failure it pauses, longer each time.
 */
export class Courier {
  private readonly bring: (message: Uint8Array, signal: AbortSignal) => Promise<void>
  private readonly waiting: Order[] = []
  private bytes = 0
  private added = 0
  private underWay = 0
  private failures = 0
  private timer?: NodeJS.Timeout

  /**
   * @param bring - one try; throws if the node did not confirm
   */
  constructor (bring: (message: Uint8Array, signal: AbortSignal) => Promise<void>) {
    this.bring = bring
  }

  get isIdle (): boolean {
    return this.waiting.length + this.underWay === 0
  }

  add (order: Order): void {
    this.waiting.push(order)
    this.bytes += order.message.byteLength
    this.proceed()

    // not each time: it looks at all that wait
    if (++this.added % LOOK_EVERY === 0) {
      this.lighten()
    }
  }

  /**
   * A node that confirms nothing must not have its author keep without limit what others have confirmed long ago: the oldest of that go.
   */
  private lighten (): void {
    for (let i = 0; i < this.waiting.length && (this.waiting.length > MAX_LAGGING || this.bytes > MAX_LAGGING_BYTES);) {
      if (this.waiting[i].isSpare()) {
        const [order] = this.waiting.splice(i, 1)

        this.bytes -= order.message.byteLength
        order.dropped()
      } else {
        i++
      }
    }
  }

  /**
   * The node may be reached now.
   */
  hasten (): void {
    this.failures = 0
    clearTimeout(this.timer)
    this.timer = undefined
    this.proceed()
  }

  /**
   * Leaves out what nobody waits for any more.
   */
  tidy (): void {
    const live = this.waiting.filter(({ signal }) => !signal.aborted)

    this.waiting.splice(0, this.waiting.length, ...live)
    this.bytes = live.reduce((sum, { message }) => sum + message.byteLength, 0)

    if (live.length === 0) {
      clearTimeout(this.timer)
      this.timer = undefined
    }
  }

  private proceed (): void {
    while (this.timer == null && this.underWay < MAX_DELIVERING) {
      const order = this.waiting.shift()

      if (order == null) {
        return
      }

      this.bytes -= order.message.byteLength

      if (!order.signal.aborted) {
        this.try(order).catch(() => {}) // it never rejects
      }
    }
  }

  private async try (order: Order): Promise<void> {
    this.underWay++

    try {
      await this.bring(order.message, order.signal)
      this.failures = 0
      order.confirmed()
    } catch (err) {
      order.failed(err)
      this.waiting.unshift(order)
      this.bytes += order.message.byteLength
      this.pause()
    } finally {
      this.underWay--
      this.proceed()
    }
  }

  private pause (): void {
    if (this.timer == null) {
      this.timer = setTimeout(() => {
        this.timer = undefined
        this.tidy()
        this.proceed()
      }, Math.min(MAX_DELIVER_DELAY, MIN_DELIVER_DELAY * 2 ** Math.min(this.failures++, 10)))
    }
  }
}
