import { createSecureContext } from 'node:tls'
import { getPeerCertificate, incarnationOf, PeerLog } from '@fisco-libp2p/identity'
import { InvalidParametersError, setMaxListeners } from '@libp2p/interface'
import { CertificateMemory } from './certificate-memory.ts'
import { clientHandshake } from './client.ts'
import { confirmExchange } from './confirm.ts'
import { ALPN_PREFIX, HANDSHAKE_TIMEOUT, MAX_HANDSHAKE_TIMEOUT, MAX_KNOWN_HOSTS } from './constants.ts'
import { HandshakeFailedError, HandshakeRefusedError } from './errors.ts'
import { endGently } from './frame-socket.ts'
import { LogLimiter } from './log-limiter.ts'
import { registerMetrics } from './metrics.ts'
import { RecentNodes } from './recent-nodes.ts'
import { ServerHandshakes } from './server.ts'
import { tlsOptions } from './tls-options.ts'
import type { FailureRule } from './errors.ts'
import type { HandshakeSocket } from './handshake-socket.ts'
import type { CaTlsComponents, CaTlsInit } from './index.ts'
import type { ProvenPeer } from './judge.ts'
import type { TlsMetrics } from './metrics.ts'
import type { HandshakeVerification, Identity } from '@fisco-libp2p/identity'
import type { Logger, MessageStream, MultiaddrConnection, PeerId, StreamMuxerFactory } from '@libp2p/interface'
import type { Duplex } from 'node:stream'
import type { SecureContext, TLSSocket } from 'node:tls'

/**
 * One handshake to be made.
 */
export interface HandshakeRequest {
  /**
   * What libp2p knows the connection by: facts are kept under its timeline, its address stands in events.
   */
  connection: MessageStream & Partial<Pick<MultiaddrConnection, 'remoteAddr'>>
  direction: 'inbound' | 'outbound'

  /**
   * Whom the dialler meant to reach.
   */
  expected?: PeerId

  /**
   * Leave the choice of the muxer to whoever comes after?
   */
  skipMuxer?: boolean

  /**
   * Is a peer that has accepted this node before written to without waiting until it has done so again?
   */
  early?: boolean
  signal?: AbortSignal
}

/**
 * A connection that may be written to.
 */
export interface SecuredSocket {
  socket: TLSSocket
  remotePeer: PeerId
  streamMuxer?: StreamMuxerFactory

  /**
   * Settles when the other end has accepted, or has not; it has, unless an `early` socket was asked for. The socket must not be
   * read before. Rejects as {@link Handshaker.secure} does.
   */
  accepted: Promise<void>
}

/**
 * What this node shows, and what OpenSSL trusts, from one change to the next.
 */
interface Credentials {
  readonly chain: Identity['chain']
  context?: SecureContext

  /**
   * By the protocols that are offered.
   */
  readonly servers: Map<string, ServerHandshakes>
}

/**
 * Makes handshakes, whatever carries them: TLS, the confirm exchange, and the account of how it ended. The connection
 * encrypter and the TLS-first transport are adapters around it.
 */
export class Handshaker {
  private readonly identity: Identity
  private readonly components: CaTlsComponents
  private readonly timeout: number
  private readonly log: Logger
  private readonly peerLog: PeerLog
  private readonly limiter = new LogLimiter()
  private readonly metrics?: TlsMetrics
  private readonly keyLog?: (line: Uint8Array) => void
  private readonly certificates = new CertificateMemory()

  /**
   * Nodes that have accepted this one, and have not refused it since.
   */
  private readonly hosts = new RecentNodes(MAX_KNOWN_HOSTS)
  private credentials: Credentials

  constructor (components: CaTlsComponents, init: CaTlsInit) {
    const { identity, timeout = HANDSHAKE_TIMEOUT } = init

    if (!identity.peerId.equals(components.peerId)) {
      throw new InvalidParametersError(`The certificate is of node ${identity.nodeId}, but libp2p was given another key: pass identity.privateKey as privateKey to createLibp2p()`)
    }

    if (!(timeout > 0 && timeout <= MAX_HANDSHAKE_TIMEOUT)) {
      throw new InvalidParametersError(`timeout must be 1 to ${MAX_HANDSHAKE_TIMEOUT} ms, not ${timeout}`)
    }

    this.identity = identity
    this.components = components
    this.timeout = timeout
    this.log = components.logger.forComponent('fisco-libp2p:tls')
    this.peerLog = new PeerLog(this.log)
    this.metrics = registerMetrics(components.metrics)
    this.keyLog = init.keyLog

    if (init.keyLog != null) {
      this.log.error('WARNING: the session keys of all connections are logged; whoever reads that log reads all traffic')
    }

    this.credentials = this.currentCredentials()
    identity.addEventListener('identity:renewed', () => { this.credentials = this.currentCredentials() })
    identity.trust.addEventListener('trust:change', ({ detail }) => {
      if (detail.anchors) {
        this.credentials = this.currentCredentials()
      }
    })
  }

  /**
   * Handshakes that are under way go on with those that they began with: the certificate in the confirm must be the one of TLS.
   */
  private currentCredentials (): Credentials {
    return { chain: this.identity.chain, servers: new Map() }
  }

  /**
   * @param duplex - what TLS runs on; destroyed if the handshake fails
   * @throws HandshakeRefusedError, UnexpectedPeerError, HandshakeFailedError; whatever the signal was aborted with
   */
  async secure (duplex: Duplex, request: HandshakeRequest): Promise<SecuredSocket> {
    const timeout = AbortSignal.timeout(this.timeout)
    const signal = request.signal == null ? timeout : AbortSignal.any([request.signal, timeout])
    setMaxListeners(Infinity, signal)
    let proven: ProvenPeer | undefined

    try {
      const incarnation = await incarnationOf(this.components).get()
      const credentials = this.credentials
      const facts = await this.tlsHandshake(duplex, request, credentials, signal)
      await expectAlpn(facts.socket)
      const { peer, accepted } = await confirmExchange(facts, {
        identity: this.identity,
        chain: credentials.chain,
        certificates: this.certificates,
        incarnation,
        role: request.direction === 'outbound' ? 'server' : 'client',
        expected: request.expected,
        connection: request.connection,
        expectWelcome: async peer => this.expectWelcome(peer, request),
        onProven: peer => { proven = peer }
      }, signal)

      const secured = {
        socket: facts.socket,
        remotePeer: peer.peerId,
        streamMuxer: this.muxerOf(facts.socket.alpnProtocol),
        accepted: accepted.then(() => { this.accepted(peer) })
      }

      if (request.early !== true || !this.hosts.has(peer.nodeId)) {
        await secured.accepted

        return secured
      }

      return { ...secured, accepted: secured.accepted.catch(err => { throw this.failed(err, duplex, request, peer) }) }
    } catch (err) {
      throw this.failed(err, duplex, request, proven)
    }
  }

  /**
   * Both ends have accepted.
   */
  private accepted ({ nodeId }: ProvenPeer): void {
    this.metrics?.handshakes.increment({ accepted: true })
    this.hosts.add(nodeId)
  }

  /**
   * @returns the error to be thrown
   */
  private failed (err: Error, duplex: Duplex, request: HandshakeRequest, proven?: ProvenPeer): Error {
    duplex.destroy()

    if (proven != null) {
      this.hosts.delete(proven.nodeId)
    }

    // given up on this side: nobody was refused
    return err.name === 'AbortError' ? err : this.account(err.name === 'TimeoutError' ? this.timedOut() : err, request, proven)
  }

  /**
   * Counts a connection that was not given a handshake.
   */
  count (rule: FailureRule): void {
    this.metrics?.handshakes.increment({ [rule]: true })
  }

  /**
   * Tells of a handshake that did not come about: libp2p's upgrader keeps only the message of an error, so whoever wants
   * the rule listens to the identity's event.
   *
   * @returns the error
   */
  private account (err: Error & { rule?: string, refusedBy?: 'us' | 'them' }, { connection, direction }: HandshakeRequest, proven?: ProvenPeer): Error {
    const rule = err.name === 'UnexpectedPeerError' ? 'unexpected-peer' : err.rule ?? 'closed'
    const address = connection.remoteAddr?.toString() ?? ''

    this.metrics?.handshakes.increment({ [rule]: true })
    // before its key was proven, anybody can make such lines at will; a node then uses up its own
    const line = proven == null ? this.limiter.next() : undefined

    if (proven != null) {
      this.peerLog.error(proven.nodeId, '%s handshake with %s failed: %s: %s', direction, address, rule, err.message)
    } else if (line != null) {
      this.log.error('%s handshake with %s failed: %s: %s (%d more were not logged)', direction, address, rule, err.message, line.suppressed)
    }

    this.identity.safeDispatchEvent('handshake:rejected', {
      detail: { direction, address, refusedBy: err.refusedBy ?? 'us', rule, message: err.message, nodeId: proven?.nodeId }
    })

    return err
  }

  private async tlsHandshake (duplex: Duplex, request: HandshakeRequest, credentials: Credentials, signal: AbortSignal): Promise<HandshakeSocket> {
    const alpn = this.alpnProtocols(request)

    if (request.direction === 'outbound') {
      credentials.context ??= createSecureContext(tlsOptions(this.identity, credentials.chain))

      return clientHandshake(duplex, { secureContext: credentials.context, rejectUnauthorized: false, ALPNProtocols: alpn }, signal, this.keyLog)
    }

    const key = alpn.join()
    const servers = credentials.servers.get(key) ?? new ServerHandshakes({ ...tlsOptions(this.identity, credentials.chain), ALPNProtocols: alpn }, this.keyLog)
    credentials.servers.set(key, servers)

    return servers.handshake(duplex, signal)
  }

  private timedOut (): HandshakeFailedError {
    return new HandshakeFailedError('timeout', `the peer did not finish the handshake within ${this.timeout} ms`)
  }

  /**
   * The muxer is chosen inside the handshake, so that no round trip is spent on it afterwards.
   */
  private alpnProtocols (request: HandshakeRequest): string[] {
    const muxers = request.skipMuxer === true ? [] : [...this.muxers().keys()]

    return [...muxers.map(id => `${ALPN_PREFIX}${id}`), ALPN_PREFIX]
  }

  private muxerOf (alpn: string | false | null): StreamMuxerFactory | undefined {
    return typeof alpn === 'string' ? this.muxers().get(alpn.slice(ALPN_PREFIX.length)) : undefined
  }

  /**
   * The upgrader does not exist yet when libp2p constructs encrypters and transports: ask for it when it is needed.
   */
  private muxers (): Map<string, StreamMuxerFactory> {
    return this.components.upgrader?.getStreamMuxers() ?? new Map()
  }

  /**
   * libp2p asks its gater when the handshake is done. Asked here as well, a peer that is denied hears so, instead of
   * seeing a connection that opens and closes.
   *
   * @throws HandshakeRefusedError
   */
  private async expectWelcome ({ peerId, nodeId }: ProvenPeer, { connection, direction }: HandshakeRequest): Promise<void> {
    const gater = this.components.connectionGater
    const raw = connection as MultiaddrConnection

    const denied = direction === 'inbound'
      ? await gater?.denyInboundEncryptedConnection?.(peerId, raw)
      : await gater?.denyOutboundEncryptedConnection?.(peerId, raw)

    if (denied === true) {
      throw new HandshakeRefusedError('denied', 'us', `node ${nodeId} is not allowed here: see [certificate_blacklist] and [certificate_whitelist]`)
    }

    const refusals: HandshakeRefusedError[] = []
    const refuse: HandshakeVerification['refuse'] = (rule, text) => { refusals.push(new HandshakeRefusedError(rule, 'us', text)) }
    const detail: HandshakeVerification = {
      direction, nodeId, peerId, refuse, address: connection.remoteAddr?.toString() ?? '', incarnation: getPeerCertificate(connection)?.incarnation ?? 0
    }
    this.identity.safeDispatchEvent('handshake:verified', { detail })

    if (refusals.length > 0) {
      throw refusals[0]
    }
  }
}

/**
 * A node of FISCO BCOS 2.x speaks TLS without ALPN, and then its own frames: there is nothing to confirm with it.
 */
async function expectAlpn (socket: TLSSocket): Promise<void> {
  if (socket.alpnProtocol === false || socket.alpnProtocol == null) {
    await endGently(socket)

    throw new HandshakeFailedError('no-alpn', 'the peer speaks TLS without ALPN: a node of FISCO BCOS 2.x, or a TLS tool; a node of this network offers fisco-libp2p/...')
  }
}
