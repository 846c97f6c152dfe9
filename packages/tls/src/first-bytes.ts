import { HandshakeFailedError } from './errors.ts'
import { until } from './until.ts'
import type { Socket } from 'node:net'

const LIBP2P_GREETING = '\u0013/multi'

/**
 * Whether the first bytes of a connection can be those of TLS: a handshake record (RFC 8446 5.1, 22) of a version 3.x.
 *
 * @returns undefined while there are too few of them to say no
 */
export function looksLikeTls (bytes: Uint8Array): boolean | undefined {
  if ((bytes.byteLength > 0 && bytes[0] !== 22) || (bytes.byteLength > 1 && bytes[1] !== 3) || (bytes.byteLength > 2 && bytes[2] > 4)) {
    return false
  }

  return bytes.byteLength > 2 ? true : undefined
}

/**
 * What somebody who is no TLS client seems to speak, for the log: never its own words.
 */
export function guessProtocol (bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 8)).toString('latin1')

  if (/^(GET|POST|HEAD|PUT|OPTION|DELETE|PRI) ?/.test(text)) {
    return 'HTTP'
  }

  if (text.startsWith('SSH-')) {
    return 'SSH'
  }

  // js-libp2p writes the length of its greeting first, and the words in a packet of their own
  return text !== '' && LIBP2P_GREETING.startsWith(text.slice(0, LIBP2P_GREETING.length)) ? 'libp2p without TLS (is the /tls missing in its address of this node?)' : 'something unknown'
}

/**
 * Waits for the first bytes of a connection and leaves them where they are, so that scanners cost nothing but that.
 *
 * @param timeout - milliseconds
 * @throws HandshakeFailedError if they are not those of TLS, or do not come in time
 */
export async function expectTls (socket: Socket, timeout: number, signal: AbortSignal): Promise<void> {
  let seen = Buffer.alloc(0)

  await until<void>(signal, (resolve, reject) => {
    const timer = setTimeout(() => { reject(new HandshakeFailedError('timeout', `it sent nothing of TLS within ${timeout} ms`)) }, timeout)
    const onEnd = (): void => { reject(new HandshakeFailedError('closed', 'it closed the connection before TLS began')) }
    const onReadable = (): void => {
      seen = Buffer.concat([seen, socket.read() ?? Buffer.alloc(0)])
      const verdict = looksLikeTls(seen)

      if (verdict === true) {
        resolve()
      } else if (verdict === false) {
        reject(new HandshakeFailedError('not-tls', `it does not speak TLS, but ${guessProtocol(seen)}`))
      }
    }

    socket.on('readable', onReadable)
    socket.once('end', onEnd)
    socket.once('close', onEnd)

    return () => {
      clearTimeout(timer)
      socket.off('readable', onReadable)
      socket.off('end', onEnd)
      socket.off('close', onEnd)
    }
  })

  socket.unshift(seen)
}
