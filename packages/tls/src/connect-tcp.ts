import { connect } from 'node:net'
import { until } from './until.ts'
import type { Socket, TcpNetConnectOpts } from 'node:net'

/**
 * Opens a TCP connection.
 *
 * @throws whatever the signal was aborted with; the error of the socket, with the address in its message
 */
export async function connectTcp (options: TcpNetConnectOpts, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted()

  const socket = connect({ ...options, noDelay: true, keepAlive: true })

  try {
    return await until<Socket>(signal, (resolve, reject) => {
      const onConnect = (): void => { resolve(socket) }

      socket.once('connect', onConnect)
      // stays: a socket may fail at any time
      socket.on('error', err => { reject(new Error(`no TCP connection to ${options.host ?? ''}:${options.port}: ${err.message}`, { cause: err })) })

      return () => { socket.off('connect', onConnect) }
    })
  } catch (err) {
    socket.destroy()

    throw err
  }
}
