import { createSecureContext } from 'node:tls'
import { incarnationOf } from '@fisco-libp2p/identity'
import { InvalidParametersError, setMaxListeners } from '@libp2p/interface'
import { clientHandshake } from './client.ts'
import { confirmExchange } from './confirm.ts'
import { ALPN_PREFIX, CA_TLS_PROTOCOL, HANDSHAKE_TIMEOUT } from './constants.ts'
import { HandshakeFailedError } from './errors.ts'
import { MessageStreamDuplex } from './message-stream-duplex.ts'
import { registerMetrics } from './metrics.ts'
import { SecuredStream } from './secured-stream.ts'
import { ServerHandshakes } from './server.ts'
import { tlsOptions } from './tls-options.ts'
import type { HandshakeSocket } from './handshake-socket.ts'
import type { CaTlsComponents, CaTlsInit } from './index.ts'
import type { ProvenPeer } from './judge.ts'
import type { TlsMetrics } from './metrics.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { ConnectionEncrypter, Logger, MessageStream, MultiaddrConnection, PeerId, SecureConnectionOptions, SecuredConnection, StreamMuxerFactory } from '@libp2p/interface'
import type { SecureContext } from 'node:tls'

type Direction = 'inbound' | 'outbound'

/**
 * Mutual TLS under the consortium's CA over any libp2p transport.
 */
export class CaTls implements ConnectionEncrypter {
  readonly protocol = CA_TLS_PROTOCOL
  readonly [Symbol.toStringTag] = '@fisco-libp2p/tls'

  private readonly identity: Identity
  private readonly components: CaTlsComponents
  private readonly timeout: number
  private readonly log: Logger
  private readonly metrics?: TlsMetrics
  private context?: SecureContext
  private readonly servers = new Map<string, ServerHandshakes>()

  constructor (components: CaTlsComponents, init: CaTlsInit) {
    if (!init.identity.peerId.equals(components.peerId)) {
      throw new InvalidParametersError(`The certificate is of node ${init.identity.nodeId}, but libp2p was given another key: pass identity.privateKey as privateKey to createLibp2p()`)
    }

    if (init.timeout != null && !(init.timeout > 0 && init.timeout <= 60_000)) {
      throw new InvalidParametersError(`timeout must be 1 to 60000 ms, not ${init.timeout}`)
    }

    this.identity = init.identity
    this.components = components
    this.timeout = init.timeout ?? HANDSHAKE_TIMEOUT
    this.log = components.logger.forComponent('fisco-libp2p:tls')
    this.metrics = registerMetrics(components.metrics)
    this.identity.trust.addEventListener('trust:change', () => {
      this.context = undefined
      this.servers.clear()
    })
  }

  async secureOutbound (connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return this.secure(connection, 'outbound', options)
  }

  async secureInbound (connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return this.secure(connection, 'inbound', options)
  }

  private async secure (connection: MessageStream, direction: Direction, options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    const timeout = AbortSignal.timeout(this.timeout)
    const signal = options.signal == null ? timeout : AbortSignal.any([options.signal, timeout])
    setMaxListeners(Infinity, signal)

    const duplex = new MessageStreamDuplex(connection)
    let proven: ProvenPeer | undefined

    try {
      const incarnation = await incarnationOf(this.components).get()
      const facts = await this.handshake(duplex, direction, this.alpnProtocols(options), signal)
      const remotePeer = await confirmExchange(facts, {
        identity: this.identity,
        incarnation,
        role: direction === 'outbound' ? 'server' : 'client',
        expected: options.remotePeer,
        connection,
        isDenied: async peerId => this.isDenied(peerId, connection, direction),
        onProven: peer => { proven = peer }
      }, signal)

      this.metrics?.handshakes.increment({ accepted: true })

      return {
        connection: new SecuredStream(facts.socket, { log: connection.log.newScope('tls'), direction }),
        remotePeer,
        streamMuxer: this.muxerOf(facts.socket.alpnProtocol)
      }
    } catch (err) {
      duplex.destroy()

      throw this.reject(err, timeout, connection, direction, proven)
    }
  }

  private async handshake (duplex: MessageStreamDuplex, direction: Direction, alpn: string[], signal: AbortSignal): Promise<HandshakeSocket> {
    if (direction === 'outbound') {
      this.context ??= createSecureContext(tlsOptions(this.identity))

      return clientHandshake(duplex, { secureContext: this.context, rejectUnauthorized: false, ALPNProtocols: alpn }, signal)
    }

    const key = alpn.join()
    const servers = this.servers.get(key) ?? new ServerHandshakes({ ...tlsOptions(this.identity), ALPNProtocols: alpn })
    this.servers.set(key, servers)

    return servers.handshake(duplex, signal)
  }

  /**
   * The muxer is chosen inside the handshake, so that no round trip is spent on it afterwards.
   */
  private alpnProtocols (options: SecureConnectionOptions): string[] {
    const muxers = options.skipStreamMuxerNegotiation === true ? [] : [...this.muxers().keys()]

    return [...muxers.map(id => `${ALPN_PREFIX}${id}`), ALPN_PREFIX]
  }

  private muxerOf (alpn: string | false | null): StreamMuxerFactory | undefined {
    return typeof alpn === 'string' ? this.muxers().get(alpn.slice(ALPN_PREFIX.length)) : undefined
  }

  /**
   * The upgrader does not exist yet when libp2p constructs its encrypters: ask for it when it is needed.
   */
  private muxers (): Map<string, StreamMuxerFactory> {
    return this.components.upgrader?.getStreamMuxers() ?? new Map()
  }

  /**
   * libp2p asks its gater when the encrypter is done. Asked here as well, a peer that is denied hears so, instead of
   * seeing a connection that opens and closes.
   */
  private async isDenied (peerId: PeerId, connection: MessageStream, direction: Direction): Promise<boolean> {
    const gater = this.components.connectionGater
    const raw = connection as MultiaddrConnection

    const denied = direction === 'inbound'
      ? await gater?.denyInboundEncryptedConnection?.(peerId, raw)
      : await gater?.denyOutboundEncryptedConnection?.(peerId, raw)

    return denied === true
  }

  /**
   * libp2p's upgrader keeps only the message of an error: who wants the rule listens to the identity's event.
   */
  private reject (err: Error & { rule?: string, refusedBy?: 'us' | 'them' }, timeout: AbortSignal, connection: MessageStream, direction: Direction, proven?: ProvenPeer): Error {
    const failure = timeout.aborted && err === timeout.reason
      ? new HandshakeFailedError('timeout', `the peer did not finish the handshake within ${this.timeout} ms`)
      : err
    const rule = failure.name === 'UnexpectedPeerError' ? 'unexpected-peer' : (failure as { rule?: string }).rule ?? 'closed'
    const address = (connection as Partial<MultiaddrConnection>).remoteAddr?.toString() ?? ''

    this.metrics?.handshakes.increment({ [rule]: true })
    this.log.error('%s handshake with %s failed: %s: %s', direction, address, rule, failure.message)
    this.identity.safeDispatchEvent('handshake:rejected', {
      detail: { direction, address, refusedBy: err.refusedBy ?? 'us', rule, message: failure.message, nodeId: proven?.nodeId }
    })

    return failure
  }
}
