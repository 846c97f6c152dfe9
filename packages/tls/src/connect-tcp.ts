import { connect } from 'node:net'
import type { Socket, TcpNetConnectOpts } from 'node:net'

/**
 * Opens a TCP connection.
 *
 * @throws whatever the signal was aborted with; the error of the socket, with the address in its message
 */
export async function connectTcp (options: TcpNetConnectOpts, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted()

  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connect({ ...options, noDelay: true, keepAlive: true })
  const onAbort = (): void => { reject(signal.reason) }
  const onConnect = (): void => { resolve(socket) }

  // stays: a socket may fail at any time
  socket.on('error', err => { reject(new Error(`no TCP connection to ${options.host ?? ''}:${options.port}: ${err.message}`, { cause: err })) })
  socket.once('connect', onConnect)
  signal.addEventListener('abort', onAbort, { once: true })

  try {
    return await promise
  } catch (err) {
    socket.destroy()

    throw err
  } finally {
    socket.off('connect', onConnect)
    signal.removeEventListener('abort', onAbort)
  }
}
