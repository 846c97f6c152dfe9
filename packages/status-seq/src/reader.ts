import { FrameDecoder } from './frame.ts'
import { decodeMessage } from './message.ts'
import type { StatusMessage } from './message.ts'
import type { Stream, StreamMessageEvent } from '@libp2p/interface'

/**
 * What a {@link Reader} hands its messages to.
 */
export interface ReaderInit {
  /**
   * Takes one message in. While the promise is pending, the stream is held back.
   *
   * @throws MalformedStatusError or ForgedRecordError
   */
  onMessage(message: StatusMessage): Promise<void>

  /**
   * The neighbour sent something that it must not: its stream was aborted.
   */
  onMisbehaviour(err: Error): void
}

/**
 * Reads the messages of one inbound stream, one after the other.
 */
export class Reader {
  readonly stream: Stream
  private readonly init: ReaderInit
  private readonly decoder = new FrameDecoder()
  private busy = false

  constructor (stream: Stream, init: ReaderInit) {
    this.stream = stream
    this.init = init
    stream.addEventListener('message', this.onData)
    stream.addEventListener('remoteCloseWrite', this.onEnd)
    stream.addEventListener('close', this.onClose)

    if (stream.remoteWriteStatus === 'closed') {
      this.onEnd()
    }
  }

  /**
   * Drops the stream.
   */
  abort (err: Error): void {
    this.onClose()

    if (this.stream.status === 'open' || this.stream.status === 'closing') {
      this.stream.abort(err)
    }
  }

  private readonly onData = (event: StreamMessageEvent): void => {
    this.decoder.push(event.data)

    if (!this.busy) {
      this.busy = true
      this.read().catch(err => { this.stream.log.error('could not go on reading - %e', err) })
    }
  }

  /**
   * The neighbour will write no more: neither do we.
   */
  private readonly onEnd = (): void => {
    this.stream.close().catch(err => { this.stream.abort(err) })
  }

  private readonly onClose = (): void => {
    this.stream.removeEventListener('message', this.onData)
    this.stream.removeEventListener('remoteCloseWrite', this.onEnd)
    this.stream.removeEventListener('close', this.onClose)
  }

  private async read (): Promise<void> {
    try {
      this.hold(true)

      for (let frame = this.decoder.next(); frame != null; frame = this.decoder.next()) {
        await this.init.onMessage(decodeMessage(frame))
      }
    } catch (err) {
      this.abort(err)
      this.init.onMisbehaviour(err)

      return
    }

    this.busy = false
    this.hold(false)
  }

  /**
   * Without this, what arrives while a message is being worked on is collected without limit.
   */
  private hold (hold: boolean): void {
    // a stream that is closed can neither be paused nor resumed, and tells so by throwing
    if (this.stream.readStatus === 'closed' || this.stream.readStatus === 'closing') {
      return
    }

    if (hold) {
      this.stream.pause()
    } else {
      this.stream.resume()
    }
  }
}
