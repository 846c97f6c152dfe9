import { FrameDecoder } from './frame-decoder.ts'
import type { Frame } from './frame.ts'
import type { Blocked, Inbox } from './inbox.ts'
import type { Stream, StreamMessageEvent } from '@libp2p/interface'

/**
 * Who handles what a {@link StreamReader} reads.
 */
export interface StreamReaderEvents {
  /**
   * @throws InvalidFrameError if the frame must not come now
   */
  frame(frame: Frame): void

  /**
   * So many more bytes were read, frames and all.
   */
  read(bytes: number): void

  /**
   * Reading has failed.
   */
  error(err: Error): void

  /**
   * The peer has closed its half of the stream, and everything that it has sent was handled. May be called more than once.
   */
  endOfInput(): void
}

/**
 * The reading half of a stream: bytes become frames, as long as there is room for what they ask for.
 */
export class StreamReader implements Blocked {
  readonly #stream: Stream
  readonly #inbox: Inbox
  readonly #events: StreamReaderEvents
  readonly #decoder = new FrameDecoder()
  #isReading = false
  #isHeld = false
  #isResuming = false
  #hasInputEnded = false
  #isStopped = false

  constructor (stream: Stream, inbox: Inbox, events: StreamReaderEvents) {
    this.#stream = stream
    this.#inbox = inbox
    this.#events = events
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('end', this.#onEnd)

    if (stream.readableEnded) {
      queueMicrotask(this.#finish)
    }
  }

  /**
   * Whether the peer has closed its half of the stream.
   */
  get hasInputEnded (): boolean {
    return this.#hasInputEnded
  }

  /**
   * Reads no more.
   */
  stop (): void {
    this.#isStopped = true
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('end', this.#onEnd)
    this.#inbox.forget(this)
  }

  unblock (): void {
    this.#read()
  }

  readonly #onMessage = (evt: StreamMessageEvent): void => {
    this.#decoder.push(evt.data)
    this.#read()
  }

  readonly #onEnd = (): void => {
    // an abort and a reset end it as well: the event `close`, which comes next, says why
    if (this.#stream.status !== 'aborted' && this.#stream.status !== 'reset') {
      this.#finish()
    }
  }

  readonly #finish = (): void => {
    this.#hasInputEnded = true
    this.#read()
  }

  #read (): void {
    if (this.#isReading || this.#isStopped) {
      return
    }

    this.#isReading = true
    const before = this.#decoder.byteLength

    try {
      while (!this.#isStopped && !this.#inbox.isBlocking) {
        const frame = this.#decoder.next()

        if (frame == null) {
          break
        }

        this.#events.frame(frame)
      }
    } catch (err) {
      this.#events.error(err)
    } finally {
      this.#isReading = false
    }

    if (this.#isStopped) {
      return
    }

    if (this.#decoder.byteLength < before) {
      this.#events.read(before - this.#decoder.byteLength)
    }

    if (this.#inbox.isBlocking) {
      this.#hold()
    } else if (this.#isHeld) {
      this.#release()
    } else if (this.#hasInputEnded) {
      this.#events.endOfInput()
    }
  }

  #hold (): void {
    this.#inbox.block(this)

    if (!this.#isHeld) {
      this.#isHeld = true

      // if it pauses within resume(), libp2p goes on granting the peer bytes afterwards: it waits until that is done
      if (!this.#isResuming) {
        this.#pause()
      }
    }
  }

  #pause (): void {
    if (this.#stream.readStatus === 'readable') {
      this.#stream.pause()
    }
  }

  #release (): void {
    this.#isHeld = false

    if (this.#stream.readStatus === 'paused') {
      this.#isResuming = true
      // hands over what has come meanwhile, which may be too much again
      this.#stream.resume()
      this.#isResuming = false

      if (this.#isHeld) {
        this.#pause()
      }
    }

    this.#read()
  }
}
