import { HandshakeFailedError } from './errors.ts'
import type { AbstractMessageStream, SendResult } from '@libp2p/utils'
import type { TLSSocket } from 'node:tls'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * Lets a libp2p stream that writes to a TLS socket notice when it drains, fails and is closed.
 */
export function follow (socket: TLSSocket, stream: AbstractMessageStream): void {
  socket.on('drain', () => {
    stream.safeDispatchEvent('drain')
  })
  socket.on('error', err => {
    // while this end closes, the other may be gone before it has taken the last bytes (close_notify): that is no failure
    stream.onTransportClosed(stream.status === 'open' ? err : undefined)
  })
  socket.on('close', () => {
    stream.onTransportClosed()
  })

  // the other end may have gone in the moment in which it accepted: then the events above were before our time
  if (socket.destroyed) {
    stream.onTransportClosed()
  }
}

/**
 * Lets a libp2p stream read from a TLS socket.
 *
 * @param onEnd - what the end of the other side's data means for the stream
 * @returns tells how many bytes have come so far
 */
export function readFrom (socket: TLSSocket, stream: AbstractMessageStream, onEnd: () => void): () => number {
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    received += chunk.byteLength
    stream.onData(chunk)
  })
  socket.on('end', onEnd)

  if (socket.readableEnded) {
    onEnd()
  }

  return () => received
}

/**
 * A muxer on a connection that is closed already would never notice, and keep its keep-alive timer for ever.
 *
 * @throws HandshakeFailedError
 */
export function expectOpen (stream: AbstractMessageStream): void {
  if (stream.status !== 'open' || stream.remoteWriteStatus === 'closed') {
    throw new HandshakeFailedError('closed', 'the peer closed the connection as soon as the handshake was done')
  }
}

/**
 * Writes the pieces of one message: corked, so that they become one TLS record and one system call.
 */
export function writeTo (socket: TLSSocket, data: Uint8ArrayList): SendResult {
  let canSendMore = true

  socket.cork()

  for (const chunk of data) {
    canSendMore = socket.write(chunk)
  }

  socket.uncork()

  return { sentBytes: data.byteLength, canSendMore }
}
