import { connect } from 'node:tls'
import { HandshakeFailedError } from './errors.ts'
import { describeTlsError, takeFacts } from './handshake-socket.ts'
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

  const { promise, resolve, reject } = Promise.withResolvers<HandshakeSocket>()
  const onSecure = (): void => {
    resolve(takeFacts(socket))
  }

  const onError = (err: Error): void => {
    reject(describeTlsError(err))
  }

  const onClose = (): void => {
    reject(new HandshakeFailedError('closed', 'the peer closed the connection during the TLS handshake'))
  }

  const onAbort = (): void => {
    reject(signal.reason)
  }

  if (keyLog != null) {
    socket.on('keylog', keyLog)
  }

  socket.once('secureConnect', onSecure)
  socket.on('error', onError)
  socket.once('close', onClose)
  signal.addEventListener('abort', onAbort, { once: true })

  try {
    return await promise
  } catch (err) {
    socket.destroy()

    throw err
  } finally {
    socket.off('close', onClose)
    signal.removeEventListener('abort', onAbort)
    // the error listener stays: an error after the handshake must find one, and has no effect on a settled promise
  }
}
