import { createSecureContext } from 'node:tls'
import { clientHandshake } from './client.ts'
import { connectTcp } from './connect-tcp.ts'
import { DEFAULT_MEMBERS, HANDSHAKE_TIMEOUT } from './constants.ts'
import { Door } from './door.ts'
import { HandshakeFailedError } from './errors.ts'
import { judgeTls } from './judge.ts'
import { ServerHandshakes } from './server.ts'
import { tlsOptions } from './tls-options.ts'
import type { AdmissionInit } from './admission.ts'
import type { HandshakeSocket } from './handshake-socket.ts'
import type { ProvenPeer } from './judge.ts'
import type { CertificateRole, Identity } from '@fisco-libp2p/identity'
import type { AbortOptions } from '@libp2p/interface'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/**
 * A TLS connection whose other end showed a certificate that OpenSSL accepts under the CAs of the identity. Nothing was
 * exchanged on it: no confirm, no libp2p.
 */
export interface TlsPeer extends ProvenPeer {
  socket: TLSSocket

  /**
   * The protocol that both agreed on by ALPN; undefined if the other end knows none of ours, or no ALPN.
   */
  alpn?: string
}

/**
 * Options of {@link connectTls}.
 */
export interface ConnectTlsOptions extends AbortOptions {
  identity: Identity
  host: string
  port: number

  /**
   * Protocols to offer.
   *
   * @default none
   */
  alpn?: string[]
}

/**
 * Dials TCP and makes a mutual TLS handshake, with this stack's versions, ciphers and groups. For tools and bridges; nodes
 * of this network are dialled through libp2p.
 *
 * @throws HandshakeRefusedError if the certificate is not accepted; HandshakeFailedError if TLS fails or takes 10 s; the
 * error of the socket; whatever the signal was aborted with
 */
export async function connectTls (options: ConnectTlsOptions): Promise<TlsPeer> {
  const timeout = AbortSignal.timeout(HANDSHAKE_TIMEOUT)
  const signal = options.signal == null ? timeout : AbortSignal.any([options.signal, timeout])
  const { identity, host, port, alpn } = options
  const socket = await connectTcp({ host, port }, signal)
  const facts = await clientHandshake(socket, { secureContext: createSecureContext(tlsOptions(identity)), rejectUnauthorized: false, ALPNProtocols: alpn }, signal)

  return judged(identity, facts, 'server')
}

/**
 * Options of {@link createTlsListener}.
 */
export interface TlsListenerOptions extends Partial<AdmissionInit> {
  identity: Identity

  /**
   * Protocols to choose from, the favourite first.
   *
   * @default none: whatever the other end offers is ignored
   */
  alpn?: string[]

  /**
   * Takes a connection. A rejection ends it.
   */
  onPeer (peer: TlsPeer, signal: AbortSignal): Promise<void>

  /**
   * Told why a connection did not get that far.
   */
  onRefused? (address: string, err: Error): void
}

/**
 * A listening port, see {@link createTlsListener}.
 */
export interface TlsPort {
  /**
   * Where it listens; undefined while it does not.
   */
  readonly address?: AddressInfo
  listen (options: { host?: string, port: number }): Promise<void>

  /**
   * Stops listening and ends every connection.
   */
  close (options?: AbortOptions): Promise<void>
}

/**
 * Listens for mutual TLS, with the same admission as a node's own port. For tools and bridges.
 */
export function createTlsListener (options: TlsListenerOptions): TlsPort {
  const handshakes = new ServerHandshakes({ ...tlsOptions(options.identity), ALPNProtocols: options.alpn })

  return new Door({
    members: DEFAULT_MEMBERS,
    ...options,
    async onConnection (socket, closing) {
      // asked now: a socket that is closed has no address any more
      const address = addressOf(socket)

      try {
        const facts = await handshakes.handshake(socket, AbortSignal.any([closing, AbortSignal.timeout(HANDSHAKE_TIMEOUT)]))

        await options.onPeer(judged(options.identity, facts, 'client'), closing)
      } catch (err) {
        options.onRefused?.(address, err.name === 'TimeoutError' ? new HandshakeFailedError('timeout', `the peer did not finish the handshake within ${HANDSHAKE_TIMEOUT} ms`) : err)

        throw err
      }
    },
    onRefused: (socket, err) => { options.onRefused?.(addressOf(socket), err) },
    onError: err => { options.onRefused?.('', err) }
  })
}

function addressOf (socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`
}

function judged (identity: Identity, facts: HandshakeSocket, role: CertificateRole): TlsPeer {
  try {
    const { socket } = facts
    const alpn = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined

    return { ...judgeTls(identity, facts, role), socket, alpn }
  } catch (err) {
    // after its last flight of the handshake: the other end is to come to its own judgement
    facts.socket.destroySoon()

    throw err
  }
}
