import { OPEN_TIMEOUT, REOPEN_TRIES, STREAM_PROVEN, STATUS_SEQ_PROTOCOL } from './constants.ts'
import { MalformedStatusError } from './errors.ts'
import { encodeFrame } from './frame.ts'
import { reopenDelay } from './schedule.ts'
import type { Connection, Logger, Stream } from '@libp2p/interface'

/**
 * What a {@link Writer} asks and tells.
 */
export interface WriterInit {
  log: Logger

  /**
   * Milliseconds of a clock that only moves forward.
   */
  now(): number
  random(): number

  /**
   * The next frame's body, or undefined if there is nothing to say now.
   */
  next(): Uint8Array | undefined

  /**
   * A new stream is open: what was said on the one before may be lost.
   */
  onOpen(): void

  /**
   * The stream has room: time to flush.
   */
  onRoom(): void
}

/**
 * Keeps one outbound stream to a neighbour open while the connection lives, and fills it as fast as it takes.
 */
export class Writer {
  private readonly init: WriterInit
  private connection?: Connection
  private stream?: Stream
  private opening?: AbortController
  private timer?: ReturnType<typeof setTimeout>
  private failures = 0
  private openedAt = 0

  constructor (init: WriterInit) {
    this.init = init
  }

  /**
   * Writes on this connection from the next stream on; opens one if there is none, or the one that there is runs on a
   * connection that is gone.
   */
  use (connection: Connection): void {
    if (this.connection !== connection) {
      this.connection = connection
      this.failures = 0
    }

    this.open()
  }

  /**
   * The neighbour has shown that it speaks the protocol: forget how often it did not.
   */
  encourage (): void {
    if (this.failures >= REOPEN_TRIES) {
      this.failures = 0
      this.open()
    }
  }

  /**
   * Says what there is to say, until the stream is full.
   */
  flush (): void {
    const stream = this.stream

    if (stream == null) {
      return
    }

    try {
      while (stream === this.stream && !stream.writableNeedsDrain) {
        const body = this.init.next()

        if (body == null) {
          return
        }

        stream.send(encodeFrame(body))
      }
    } catch (err) {
      stream.abort(err)
    }
  }

  /**
   * Drops the stream, and opens no other.
   */
  stop (): void {
    this.connection = undefined
    this.opening?.abort()
    clearTimeout(this.timer)
    this.timer = undefined
    this.release()?.abort(new Error('Status exchange with this peer has ended'))
  }

  private open (): void {
    if (this.stream == null && this.opening == null && this.timer == null && this.connection != null) {
      this.openOn(this.connection).catch(err => { this.init.log.error('could not go on writing - %e', err) })
    }
  }

  private async openOn (connection: Connection): Promise<void> {
    const opening = this.opening = new AbortController()
    const timeout = setTimeout(() => { opening.abort() }, OPEN_TIMEOUT)

    try {
      const stream = await connection.newStream(STATUS_SEQ_PROTOCOL, { signal: opening.signal })

      if (this.connection == null || stream.status !== 'open') {
        stream.abort(new Error('The stream was opened too late'))
      } else {
        this.stream = stream
      }
    } catch (err) {
      this.init.log('could not open a stream on connection %s - %e', connection.id, err)
    } finally {
      clearTimeout(timeout)
      this.opening = undefined
    }

    if (this.stream == null) {
      this.retry()
    } else {
      this.begin(this.stream)
    }
  }

  private begin (stream: Stream): void {
    this.openedAt = this.init.now()
    stream.addEventListener('drain', this.onDrain)
    stream.addEventListener('message', this.onMessage)
    stream.addEventListener('remoteCloseWrite', this.onEnd)
    stream.addEventListener('close', this.onClose)
    this.init.onOpen()
    this.init.onRoom()
  }

  private retry (): void {
    if (this.connection?.status !== 'open') {
      return
    }

    this.failures++

    if (this.failures >= REOPEN_TRIES) {
      this.init.log('giving up on streams to %p until it opens one or connects again', this.connection.remotePeer)

      return
    }

    this.timer = setTimeout(() => {
      this.timer = undefined
      this.open()
    }, reopenDelay(this.failures, this.init.random))
  }

  private release (): Stream | undefined {
    const stream = this.stream

    this.stream = undefined
    stream?.removeEventListener('drain', this.onDrain)
    stream?.removeEventListener('message', this.onMessage)
    stream?.removeEventListener('remoteCloseWrite', this.onEnd)
    stream?.removeEventListener('close', this.onClose)

    return stream
  }

  private readonly onDrain = (): void => {
    this.init.onRoom()
  }

  /**
   * Each side writes on its own stream only.
   */
  private readonly onMessage = (): void => {
    this.stream?.abort(new MalformedStatusError('The neighbour wrote on a stream that it may only read'))
  }

  private readonly onEnd = (): void => {
    this.stream?.abort(new Error('The neighbour has closed the stream'))
  }

  private readonly onClose = (): void => {
    this.release()

    if (this.init.now() - this.openedAt >= STREAM_PROVEN) {
      this.failures = 0
    }

    this.retry()
  }
}
