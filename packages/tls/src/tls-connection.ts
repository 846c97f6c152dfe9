import { setReceivedBytes } from '@fisco-libp2p/identity'
import { AbstractMultiaddrConnection } from '@libp2p/utils'
import { pEvent } from 'p-event'
import { CLOSE_LINGER, INACTIVITY_TIMEOUT } from './constants.ts'
import { expectOpen, follow, readFrom, writeTo } from './socket-io.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'
import type { SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * A connection of the TLS-first transport. It exists before its handshake, so that gater and events can name it;
 * bytes flow when `open()` was called.
 */
export class TlsConnection extends AbstractMultiaddrConnection {
  private socket: Socket | TLSSocket

  /**
   * How many bytes have come so far; undefined as long as none is read.
   */
  private received?: () => number

  constructor (socket: Socket, init: { remoteAddr: Multiaddr, localAddr?: Multiaddr, direction: 'inbound' | 'outbound', log: Logger }) {
    super(init)
    this.socket = socket
  }

  /**
   * From now on this is the secured socket's connection, and may be written to.
   *
   * @throws HandshakeFailedError if the other end is gone already
   */
  open (socket: TLSSocket): void {
    this.socket = socket
    follow(socket, this)
    setReceivedBytes(this, () => this.received?.() ?? 0)
    expectOpen(this)
    // the muxer's keep-alive is far below this
    socket.setTimeout(INACTIVITY_TIMEOUT, () => { this.abort(new Error(`nothing was heard for ${INACTIVITY_TIMEOUT} ms`)) })
  }

  /**
   * Both ends have accepted: what comes in belongs to whoever uses the connection.
   *
   * @throws HandshakeFailedError if the other end is gone already
   */
  read (): void {
    this.received = readFrom(this.socket as TLSSocket, this, () => { this.onTransportClosed() })
    expectOpen(this)

    if (this.readStatus === 'paused') {
      this.socket.pause()
    }
  }

  /**
   * While the connection closes, the muxer still answers what comes in (window updates, pings). Refusing those bytes would
   * turn a graceful close into an abort, so they are dropped.
   */
  override send (data: Uint8Array | Uint8ArrayList): boolean {
    return this.status === 'closing' || super.send(data)
  }

  sendData (data: Uint8ArrayList): SendResult {
    return writeTo(this.socket as TLSSocket, data)
  }

  sendReset (): void {
    // a TLSSocket cannot be reset (ERR_INVALID_HANDLE_TYPE)
    this.socket.destroy()
  }

  sendPause (): void {
    if (this.received != null) {
      this.socket.pause()
    }
  }

  sendResume (): void {
    // before, the handshake reads
    if (this.received != null) {
      this.socket.resume()
    }
  }

  async sendClose (options?: AbortOptions): Promise<void> {
    if (this.socket.destroyed) {
      return
    }

    // A socket that is closed while bytes still come resets the connection, and the other end loses what it has not read yet (RFC 1122, 4.2.2.13): so this
    // end says first that it sends no more, and drops what comes until the other end has closed as well. An error means that it is gone already.
    const linger = setTimeout(() => { this.socket.destroySoon() }, CLOSE_LINGER)

    try {
      this.socket.removeAllListeners('data').resume()
      this.socket.end()
      await pEvent(this.socket, 'close', { ...options, rejectionEvents: [] })
    } catch (err) {
      // the caller's time is over, and perhaps not all is sent: nobody else would ever cut it
      this.socket.destroy()

      throw err
    } finally {
      clearTimeout(linger)
    }
  }
}
