import { Duplex } from 'node:stream'
import type { MessageStream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'

/**
 * A libp2p stream as Node's TLS wants it, with back-pressure in both directions.
 */
export class MessageStreamDuplex extends Duplex {
  private readonly stream: MessageStream
  private paused = false

  constructor (stream: MessageStream) {
    // a TLS socket takes over what this says: half-open, it would outlive the end of the stream below, and with it the muxer
    super({ allowHalfOpen: false })
    this.stream = stream
    stream.addEventListener('message', this.onMessage)
    stream.addEventListener('end', this.onEnd)
    stream.addEventListener('close', this.onClose)
  }

  override _read (): void {
    if (this.paused && this.stream.status !== 'aborted' && this.stream.status !== 'reset') {
      this.paused = false
      this.stream.resume()
    }
  }

  override _write (chunk: Uint8Array, encoding: BufferEncoding, callback: (err?: Error | null) => void): void {
    this.send(chunk, callback)
  }

  override _writev (chunks: Array<{ chunk: Uint8Array }>, callback: (err?: Error | null) => void): void {
    this.send(chunks.length === 1 ? chunks[0].chunk : Buffer.concat(chunks.map(({ chunk }) => chunk)), callback)
  }

  /**
   * The stream below is libp2p's to close: `connection.close()` closes it, and what TLS still wants to write after that
   * (its close_notify) is dropped, so that a graceful close stays one.
   */
  private send (chunk: Uint8Array, callback: (err?: Error | null) => void): void {
    if (this.stream.status !== 'open') {
      callback()
      return
    }

    try {
      if (this.stream.send(chunk)) {
        callback()
        return
      }
    } catch (err) {
      callback(err)
      return
    }

    // one-shot: MessageStream#onDrain() resolves at once when it is used a second time
    const done = (): void => {
      this.stream.removeEventListener('drain', done)
      this.stream.removeEventListener('close', done)
      callback()
    }

    this.stream.addEventListener('drain', done)
    this.stream.addEventListener('close', done)
  }

  override _final (callback: () => void): void {
    callback()
  }

  override _destroy (err: Error | null, callback: (err?: Error | null) => void): void {
    this.stream.removeEventListener('message', this.onMessage)
    this.stream.removeEventListener('end', this.onEnd)
    this.stream.removeEventListener('close', this.onClose)
    callback(err)
  }

  private readonly onMessage = (evt: StreamMessageEvent): void => {
    const chunks = evt.data instanceof Uint8Array ? [evt.data] : evt.data
    let more = true

    for (const chunk of chunks) {
      more = this.push(chunk)
    }

    if (!more && !this.paused && this.stream.status === 'open') {
      this.paused = true
      this.stream.pause()
    }
  }

  private readonly onEnd = (): void => {
    this.push(null)
  }

  private readonly onClose = (evt: StreamCloseEvent): void => {
    if (evt.error != null) {
      this.destroy(evt.error)
    } else if (this.stream.readableEnded) {
      this.push(null)
    }
  }
}
