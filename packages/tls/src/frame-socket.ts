import { REFUSAL_LINGER } from './constants.ts'
import { HandshakeFailedError } from './errors.ts'
import { decodeFrame, encodeFrame } from './frame.ts'
import { until } from './until.ts'
import type { RefusalRule } from './errors.ts'
import type { Frame } from './frame.ts'
import type { TLSSocket } from 'node:tls'

/**
 * Reads and writes the frames of the confirm exchange on a TLS socket, then gives the socket back as it was.
 */
export class FrameSocket {
  private readonly socket: TLSSocket
  private buffered: Buffer = Buffer.alloc(0)

  constructor (socket: TLSSocket) {
    this.socket = socket
  }

  write (frame: Frame): void {
    this.socket.write(encodeFrame(frame))
  }

  /**
   * @throws HandshakeRefusedError if the bytes are no frame; HandshakeFailedError if the connection ends before one is complete
   */
  async read (signal: AbortSignal): Promise<Frame> {
    for (;;) {
      const decoded = decodeFrame(this.buffered)

      if (decoded != null) {
        this.buffered = decoded.rest

        return decoded.frame
      }

      this.buffered = Buffer.concat([this.buffered, await this.nextChunk(signal)])
    }
  }

  /**
   * Hands back what was read and belongs to whoever reads next.
   */
  release (): void {
    if (this.buffered.byteLength > 0) {
      this.socket.unshift(this.buffered)
    }
  }

  /**
   * Tells the peer why it is refused, gives it a moment to take that in, and ends the connection.
   */
  async refuse (rule: RefusalRule, text: string): Promise<void> {
    await endGently(this.socket, encodeFrame({ type: 'refusal', rule, text }))
  }

  private async nextChunk (signal: AbortSignal): Promise<Buffer> {
    return until<Buffer>(signal, (resolve, reject) => {
      const onReadable = (): void => {
        const chunk = this.socket.read()

        if (chunk != null) {
          resolve(chunk)
        }
      }

      const onEnd = (): void => {
        reject(new HandshakeFailedError('closed', 'the peer closed the connection without saying why, before it had accepted us'))
      }

      this.socket.on('readable', onReadable)
      this.socket.once('end', onEnd)
      this.socket.once('close', onEnd)
      onReadable()

      if (this.socket.destroyed || this.socket.readableEnded) {
        onEnd()
      }

      return () => {
        this.socket.off('readable', onReadable)
        this.socket.off('end', onEnd)
        this.socket.off('close', onEnd)
      }
    })
  }
}

/**
 * Ends a connection so that what was written last arrives: in TLS 1.2 that may be the listener's end of the handshake. The peer has a moment
 * to take it in.
 */
export async function endGently (socket: TLSSocket, lastBytes?: Uint8Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, REFUSAL_LINGER)

  socket.once('close', resolve)
  socket.once('end', resolve)
  // an end of file is only noticed by a socket that is read
  socket.resume()

  if (lastBytes != null) {
    socket.write(lastBytes)
  }

  socket.end()

  await promise

  clearTimeout(timer)
  socket.destroy()
}
