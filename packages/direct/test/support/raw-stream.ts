import { DIRECT_PROTOCOL, encodeFrame, FrameDecoder, FrameKind } from '@fisco-libp2p/direct'
import type { ExchangeFrame, Frame } from '@fisco-libp2p/direct'
import type { Connection, Libp2p, Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'

/**
 * The other end of the protocol, by hand: sends any bytes, shows the frames that come.
 */
export class RawStream {
  /**
   * Resolves with the name of the error that closed the stream, `closed` if none did.
   */
  readonly closed: Promise<string>

  /**
   * Resolves when the other side has closed its half.
   */
  readonly remoteClosed: Promise<void>
  /**
   * Told of each frame at the moment in which it comes.
   */
  onFrame?: (frame: ExchangeFrame) => void

  /**
   * Bytes that the other side says it has read.
   */
  acknowledged = 0

  readonly #decoder = new FrameDecoder()
  readonly #frames: ExchangeFrame[] = []
  readonly #waiting: Array<(frame: ExchangeFrame) => void> = []

  constructor (readonly stream: Stream) {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.closed = promise
    this.remoteClosed = new Promise(resolve => { stream.addEventListener('remoteCloseWrite', () => { resolve() }) })
    stream.addEventListener('close', (evt: StreamCloseEvent) => { resolve(evt.error?.name ?? 'closed') })

    // it may have ended while it was being opened
    if (stream.status !== 'open') {
      resolve(stream.status === 'reset' ? 'StreamResetError' : stream.status)
    }

    stream.addEventListener('message', (evt: StreamMessageEvent) => { this.#onMessage(evt) })
  }

  static async open (connection: Connection, protocol = DIRECT_PROTOCOL): Promise<RawStream> {
    return new RawStream(await connection.newStream(protocol))
  }

  send (...frames: Array<Frame | Uint8Array>): void {
    for (const frame of frames) {
      this.stream.send(frame instanceof Uint8Array ? frame : encodeFrame(frame))
    }
  }

  async next (): Promise<ExchangeFrame> {
    const frame = this.#frames.shift()

    return frame ?? new Promise(resolve => { this.#waiting.push(resolve) })
  }

  async take (count: number): Promise<ExchangeFrame[]> {
    const frames: ExchangeFrame[] = []

    while (frames.length < count) {
      frames.push(await this.next())
    }

    return frames
  }

  #onMessage (evt: StreamMessageEvent): void {
    this.#decoder.push(evt.data)

    for (let frame = this.#decoder.next(); frame != null; frame = this.#decoder.next()) {
      if (frame.kind === FrameKind.ACK) {
        this.acknowledged += frame.bytes
        continue
      }

      const waiting = this.#waiting.shift()
      this.onFrame?.(frame)

      if (waiting == null) {
        this.#frames.push(frame)
      } else {
        waiting(frame)
      }
    }
  }
}

/**
 * Streams of the protocol that others open to a node which does not have the service.
 */
export class RawServer {
  readonly #streams: RawStream[] = []
  readonly #waiting: Array<(stream: RawStream) => void> = []

  static async start (libp2p: Libp2p, protocol = DIRECT_PROTOCOL): Promise<RawServer> {
    const server = new RawServer()

    await libp2p.handle(protocol, stream => {
      const raw = new RawStream(stream)
      const waiting = server.#waiting.shift()

      if (waiting == null) {
        server.#streams.push(raw)
      } else {
        waiting(raw)
      }
    })

    return server
  }

  async next (): Promise<RawStream> {
    const stream = this.#streams.shift()

    return stream ?? new Promise(resolve => { this.#waiting.push(resolve) })
  }
}
