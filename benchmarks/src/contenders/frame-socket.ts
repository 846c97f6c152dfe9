import type { TLSSocket } from 'node:tls'

/**
 * Length of what follows it, kind and id: nine bytes.
 */
const HEADER = 9

/**
 * Frames on a TLS socket: what is sent in one tick is one write.
 */
export class FrameSocket {
  readonly #socket: TLSSocket
  readonly #onFrame: (id: number, kind: number, body: Uint8Array) => void
  #rest: Buffer[] = []
  #length = 0
  #isCorked = false

  constructor (socket: TLSSocket, onFrame: (id: number, kind: number, body: Uint8Array) => void) {
    this.#socket = socket
    this.#onFrame = onFrame
    socket.on('data', (chunk: Buffer) => { this.#read(chunk) })
    socket.on('error', () => {})
  }

  /**
   * @returns false if it is better to wait for `drain` before the next one
   */
  send (id: number, kind: number, body: Uint8Array): boolean {
    const header = Buffer.allocUnsafe(HEADER)
    header.writeUInt32BE(HEADER - 4 + body.length, 0)
    header[4] = kind
    header.writeUInt32BE(id, 5)

    if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket.cork()
      // after all promises of this tick
      setImmediate(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }

    this.#socket.write(header)

    return this.#socket.write(body)
  }

  #read (chunk: Buffer): void {
    this.#rest.push(chunk)
    this.#length += chunk.length

    // joined only when a frame is whole: a large body comes in many pieces
    if (this.#length < HEADER || (this.#rest[0].length >= 4 && this.#length < 4 + this.#rest[0].readUInt32BE(0))) {
      return
    }

    const bytes = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest)
    let at = 0

    while (bytes.length - at >= HEADER) {
      const end = at + 4 + bytes.readUInt32BE(at)

      if (end > bytes.length) {
        break
      }

      this.#onFrame(bytes.readUInt32BE(at + 5), bytes[at + 4], bytes.subarray(at + HEADER, end))
      at = end
    }

    this.#rest = at === bytes.length ? [] : [bytes.subarray(at)]
    this.#length = bytes.length - at
  }
}
