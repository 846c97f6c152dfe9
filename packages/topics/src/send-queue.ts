import { MAX_WAITING_BYTES } from './constants.ts'
import { PublishQueueFullError } from './errors.ts'
import type { Pacer } from './pacer.ts'

/**
 * Sends messages in the order of the calls, as fast as the neighbours take them.
 */
export class SendQueue {
  private readonly pacer: Pacer
  private turn: Promise<void> = Promise.resolve()
  private waiting = 0

  constructor (pacer: Pacer) {
    this.pacer = pacer
  }

  /**
   * Bytes of messages that wait for their turn.
   */
  get waitingBytes (): number {
    return this.waiting
  }

  /**
   * @param bytes - how much it sends
   * @throws PublishQueueFullError if too much waits already
   */
  async run <T> (bytes: number, send: () => Promise<T>): Promise<T> {
    if (this.waiting > 0 && this.waiting + bytes > MAX_WAITING_BYTES) {
      throw new PublishQueueFullError(`${this.waiting} bytes of messages wait to be sent, at most ${MAX_WAITING_BYTES} may: wait for publish() before the next one`)
    }

    this.waiting += bytes

    const sending = this.turn.then(send).finally(() => {
      this.waiting -= bytes
    })

    this.turn = sending.then(async () => this.pacer.ready(bytes), () => {})

    return sending
  }
}
