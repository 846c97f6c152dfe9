import { createServer } from 'node:tls'
import { HANDSHAKE_TIMEOUT, MAX_IDLE_SERVERS } from './constants.ts'
import { HandshakeFailedError } from './errors.ts'
import { describeTlsError, takeFacts } from './handshake-socket.ts'
import { until } from './until.ts'
import type { HandshakeSocket } from './handshake-socket.ts'
import type { Duplex } from 'node:stream'
import type { Server, TlsOptions, TLSSocket } from 'node:tls'

/**
 * Runs the listener's side of TLS handshakes over any duplex streams.
 *
 * A bare `new TLSSocket(duplex, { isServer: true })` never says what OpenSSL makes of the client's certificate. A
 * `tls.Server` does, and it may be fed by hand (`server.emit('connection', duplex)`) without ever listening. One serves
 * one handshake at a time, so that its events need no telling apart.
 */
export class ServerHandshakes {
  private readonly options: TlsOptions
  private readonly keyLog?: (line: Uint8Array) => void
  private readonly idle: Server[] = []

  /**
   * @param keyLog - gets the session keys, if anybody is to have them
   */
  constructor (options: TlsOptions, keyLog?: (line: Uint8Array) => void) {
    this.options = options
    this.keyLog = keyLog
  }

  /**
   * @throws HandshakeFailedError if TLS fails; whatever the signal was aborted with
   */
  async handshake (duplex: Duplex, signal: AbortSignal): Promise<HandshakeSocket> {
    signal.throwIfAborted()

    const server = this.idle.pop() ?? this.create()

    try {
      return await until<HandshakeSocket>(signal, (resolve, reject) => {
        const onSecure = (socket: TLSSocket): void => {
          // before anything else: an error after the handshake must find a listener
          socket.on('error', () => {})
          resolve(takeFacts(socket))
        }

        const onError = (err: Error): void => { reject(describeTlsError(err)) }
        const onClose = (): void => { reject(new HandshakeFailedError('closed', 'the peer closed the connection during the TLS handshake')) }

        server.once('secureConnection', onSecure)
        server.once('tlsClientError', onError)
        duplex.once('close', onClose)
        server.emit('connection', duplex)

        return () => {
          server.off('secureConnection', onSecure)
          server.off('tlsClientError', onError)
          duplex.off('close', onClose)
        }
      })
    } catch (err) {
      duplex.destroy()

      throw err
    } finally {
      if (this.idle.length < MAX_IDLE_SERVERS) {
        this.idle.push(server)
      }
    }
  }

  private create (): Server {
    const server = createServer({ ...this.options, handshakeTimeout: HANDSHAKE_TIMEOUT })

    if (this.keyLog != null) {
      server.on('keylog', this.keyLog)
    }

    return server
  }
}
