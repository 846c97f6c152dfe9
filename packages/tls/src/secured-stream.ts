import { AbstractMessageStream } from '@libp2p/utils'
import { pEvent } from 'p-event'
import { follow, readFrom, writeTo } from './socket-io.ts'
import type { AbortOptions, Logger, MessageStream } from '@libp2p/interface'
import type { SendResult } from '@libp2p/utils'
import type { TLSSocket } from 'node:tls'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * What the encrypter returns: a TLS socket, past its handshake, as the muxer reads and writes it. The connection below
 * is libp2p's to close.
 */
export class SecuredStream extends AbstractMessageStream implements MessageStream {
  /**
   * How many bytes have come so far.
   */
  readonly received: () => number
  private readonly socket: TLSSocket

  constructor (socket: TLSSocket, init: { log: Logger, direction: 'inbound' | 'outbound' }) {
    super(init)
    this.socket = socket
    follow(socket, this)
    this.received = readFrom(socket, this, () => { this.onRemoteCloseWrite() })
  }

  sendData (data: Uint8ArrayList): SendResult {
    return writeTo(this.socket, data)
  }

  sendReset (): void {
    this.socket.destroy()
  }

  sendPause (): void {
    this.socket.pause()
  }

  sendResume (): void {
    this.socket.resume()
  }

  async close (options?: AbortOptions): Promise<void> {
    if (this.status !== 'open') {
      return
    }

    this.status = 'closing'
    this.writeStatus = 'closing'

    if (this.writeBuffer.byteLength > 0) {
      await pEvent(this, 'idle', { ...options, rejectionEvents: ['close'] })
    }

    this.socket.end()
    this.writeStatus = 'closed'

    if (this.remoteWriteStatus === 'closed') {
      this.onTransportClosed()
    }
  }
}
