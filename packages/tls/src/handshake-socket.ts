import { HandshakeFailedError } from './errors.ts'
import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/**
 * A TLS socket at the moment at which its handshake is done, with what OpenSSL says of the other side.
 */
export interface HandshakeSocket {
  socket: TLSSocket

  /**
   * The other side's leaf certificate. It can be asked for once: on Node 22 and 24 the question empties OpenSSL's chain.
   */
  leaf?: X509Certificate

  /**
   * OpenSSL's verdict, its error code where that is no; undefined where it is yes.
   */
  opensslError?: string
}

/**
 * Reads the facts off a socket. To be called synchronously in its `secureConnect` or `secureConnection` event.
 */
export function takeFacts (socket: TLSSocket): HandshakeSocket {
  socket.disableRenegotiation()
  const leaf = socket.getPeerX509Certificate()

  return { socket, leaf, opensslError: socket.authorized ? undefined : String(socket.authorizationError ?? 'UNSPECIFIED') }
}

/**
 * What alert 40 says, which has one name before OpenSSL 3.2 and another since.
 */
const NOTHING_IN_COMMON = 'the peer found no TLS version, cipher suite, group or signature algorithm that is common to both'

/**
 * What an error of Node's TLS means for the person who reads it.
 */
export function describeTlsError (err: Error & { code?: string, reason?: string }): HandshakeFailedError {
  const meanings: Record<string, string> = {
    ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'the peer speaks TLS, but not as a node of fisco-libp2p (no common ALPN protocol)',
    ERR_SSL_NO_APPLICATION_PROTOCOL: 'the peer speaks TLS, but not as a node of fisco-libp2p (no common ALPN protocol)',
    ERR_SSL_UNSUPPORTED_PROTOCOL: 'no TLS version is common to both (TLS 1.2 or 1.3 is needed)',
    ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'no TLS version is common to both (TLS 1.2 or 1.3 is needed)',
    // OpenSSL says the same if the certificate's curve is not among the groups that the dialler offers
    ERR_SSL_NO_SHARED_CIPHER: 'no cipher suite is common to both, or none for this node\'s key: who dials a node with a secp256k1 key must offer the group secp256k1',
    'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': NOTHING_IN_COMMON,
    ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: NOTHING_IN_COMMON,
    ERR_SSL_WRONG_VERSION_NUMBER: 'the peer does not speak TLS',
    ERR_TLS_HANDSHAKE_TIMEOUT: 'the peer did not finish the TLS handshake in time',
    ECONNRESET: 'the peer closed the connection during the TLS handshake'
  }

  const meaning = meanings[err.code ?? '']

  return new HandshakeFailedError('tls-failure', meaning == null ? `TLS failed: ${err.reason ?? err.message}` : `TLS failed: ${meaning}`, { cause: err })
}
