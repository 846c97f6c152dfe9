import { PACE_HIGH_BYTES, PACE_MIN_PROGRESS_BYTES, PACE_PATIENCE, PACE_STEP_BYTES } from './constants.ts'

/**
 * What the pacer looks at of a stream.
 */
export interface PacedStream {
  /**
   * Bytes that wait to be sent.
   */
  readonly writeBufferLength: number
  addEventListener (type: 'drain' | 'idle' | 'close', listener: () => void): void
  removeEventListener (type: 'drain' | 'idle' | 'close', listener: () => void): void
}

/**
 * Makes an author as slow as its neighbours: gossipsub itself puts any amount of data into the buffers of its streams,
 * and a stream whose buffer overflows is reset, with all that is in it. A neighbour that takes next to nothing is not
 * waited for, so that it loses its own stream and slows nobody else.
 */
export class Pacer {
  private readonly streams: () => PacedStream[]
  private readonly patience: number
  private readonly laggards = new WeakSet<PacedStream>()
  private sinceLook = 0

  /**
   * @param streams - those that are written to
   * @param patience - milliseconds in which a stream must get on
   */
  constructor (streams: () => PacedStream[], patience: number = PACE_PATIENCE) {
    this.streams = streams
    this.patience = patience
  }

  /**
   * Waits until more can be written.
   *
   * @param bytes - how much was written since the last call
   */
  async ready (bytes: number): Promise<void> {
    this.sinceLook += bytes

    if (this.sinceLook < PACE_STEP_BYTES) {
      return
    }

    this.sinceLook = 0
    await Promise.all(this.streams().map(async stream => this.settle(stream)))
  }

  private async settle (stream: PacedStream): Promise<void> {
    if (stream.writeBufferLength <= PACE_HIGH_BYTES) {
      this.laggards.delete(stream)
    }

    while (stream.writeBufferLength > PACE_HIGH_BYTES && !this.laggards.has(stream)) {
      const before = stream.writeBufferLength

      await this.drained(stream)

      if (stream.writeBufferLength > Math.max(PACE_HIGH_BYTES, before - PACE_MIN_PROGRESS_BYTES)) {
        this.laggards.add(stream)
      }
    }
  }

  /**
   * Until the stream has room or is closed, or patience ends.
   */
  private async drained (stream: PacedStream): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.patience)

    const look = (): void => {
      // the stream itself goes on writing in a microtask of its own
      queueMicrotask(() => {
        if (stream.writeBufferLength <= PACE_HIGH_BYTES) {
          resolve()
        }
      })
    }

    try {
      stream.addEventListener('drain', look)
      stream.addEventListener('idle', look)
      stream.addEventListener('close', resolve)
      await promise
    } finally {
      clearTimeout(timer)
      stream.removeEventListener('drain', look)
      stream.removeEventListener('idle', look)
      stream.removeEventListener('close', resolve)
    }
  }
}
