import { AbstractMessageStream } from '@libp2p/utils'
import { pEvent } from 'p-event'
import type { AbortOptions, Logger, MessageStream } from '@libp2p/interface'
import type { SendResult } from '@libp2p/utils'
import type { TLSSocket } from 'node:tls'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * A TLS socket, past its handshake, as libp2p wants it: what the muxer reads and writes.
 */
export class SecuredStream extends AbstractMessageStream implements MessageStream {
  private readonly socket: TLSSocket

  constructor (socket: TLSSocket, init: { log: Logger, direction: 'inbound' | 'outbound' }) {
    super(init)
    this.socket = socket

    socket.on('data', (chunk: Buffer) => {
      this.onData(chunk)
    })
    socket.on('drain', () => {
      this.safeDispatchEvent('drain')
    })
    socket.on('end', () => {
      this.onRemoteCloseWrite()
    })
    socket.on('error', err => {
      this.onTransportClosed(err)
    })
    socket.on('close', () => {
      this.onTransportClosed()
    })
  }

  sendData (data: Uint8ArrayList): SendResult {
    // corked, so that the pieces of one message become one TLS record and one system call
    this.socket.cork()
    let canSendMore = true

    for (const chunk of data) {
      canSendMore = this.socket.write(chunk)
    }

    this.socket.uncork()

    return { sentBytes: data.byteLength, canSendMore }
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
