import { DIRECT_PROTOCOL, encodeFrame, FrameDecoder } from '@fisco-libp2p/direct'
import type { Frame } from '@fisco-libp2p/direct'
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
  onFrame?: (frame: Frame) => void

  readonly #decoder = new FrameDecoder()
  readonly #frames: Frame[] = []
  readonly #waiting: Array<(frame: Frame) => void> = []

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

  static async open (connection: Connection): Promise<RawStream> {
    return new RawStream(await connection.newStream(DIRECT_PROTOCOL))
  }

  send (...frames: Array<Frame | Uint8Array>): void {
    for (const frame of frames) {
      this.stream.send(frame instanceof Uint8Array ? frame : encodeFrame(frame))
    }
  }

  async next (): Promise<Frame> {
    const frame = this.#frames.shift()

    return frame ?? new Promise(resolve => { this.#waiting.push(resolve) })
  }

  async take (count: number): Promise<Frame[]> {
    const frames: Frame[] = []

    while (frames.length < count) {
      frames.push(await this.next())
    }

    return frames
  }

  #onMessage (evt: StreamMessageEvent): void {
    this.#decoder.push(evt.data)

    for (let frame = this.#decoder.next(); frame != null; frame = this.#decoder.next()) {
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

  static async start (libp2p: Libp2p): Promise<RawServer> {
    const server = new RawServer()

    await libp2p.handle(DIRECT_PROTOCOL, stream => {
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
