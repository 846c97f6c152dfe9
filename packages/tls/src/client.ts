import { connect } from 'node:tls'
import { HandshakeFailedError } from './errors.ts'
import { describeTlsError, takeFacts } from './handshake-socket.ts'
import { until } from './until.ts'
import type { HandshakeSocket } from './handshake-socket.ts'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions, SecureContext } from 'node:tls'

/**
 * Runs the dialler's side of a TLS handshake over any duplex stream.
 *
 * @param keyLog - gets the session keys, if anybody is to have them
 * @throws HandshakeFailedError if TLS fails; whatever the signal was aborted with
 */
export async function clientHandshake (duplex: Duplex, options: ConnectionOptions & { secureContext: SecureContext }, signal: AbortSignal, keyLog?: (line: Uint8Array) => void): Promise<HandshakeSocket> {
  signal.throwIfAborted()

  const socket = connect({ ...options, socket: duplex, checkServerIdentity: () => undefined })

  // tls.connect() calls this by itself after every verified handshake, and on Node 24 and 26 it crashes the process on a
  // secp256k1 certificate; nobody needs what it returns
  Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}) })

  if (keyLog != null) {
    socket.on('keylog', keyLog)
  }

  try {
    return await until<HandshakeSocket>(signal, (resolve, reject) => {
      const onSecure = (): void => { resolve(takeFacts(socket)) }
      const onClose = (): void => { reject(new HandshakeFailedError('closed', 'the peer closed the connection during the TLS handshake')) }

      socket.once('secureConnect', onSecure)
      socket.once('close', onClose)
      // stays: an error after the handshake must find a listener, and has no effect on a promise that is settled
      socket.on('error', err => { reject(describeTlsError(err)) })

      return () => {
        socket.off('secureConnect', onSecure)
        socket.off('close', onClose)
      }
    })
  } catch (err) {
    socket.destroy()

    throw err
  }
}
