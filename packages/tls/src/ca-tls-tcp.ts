import { InvalidParametersError, transportSymbol } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CustomProgressEvent } from 'progress-events'
import { connectTcp } from './connect-tcp.ts'
import { DEFAULT_MEMBERS, FIRST_BYTES_TIMEOUT, HANDSHAKE_EVENT } from './constants.ts'
import { Handshaker } from './handshaker.ts'
import { LogLimiter } from './log-limiter.ts'
import { isTlsAddress, toNetOptions } from './tls-address.ts'
import { TlsConnection } from './tls-connection.ts'
import { TlsListener } from './tls-listener.ts'
import type { HandshakeFailedError } from './errors.ts'
import type { CaTlsComponents, CaTlsTcpInit } from './index.ts'
import type { Connection, CreateListenerOptions, DialTransportOptions, Listener, Logger, PeerId, Transport } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * TLS from the first byte after the TCP handshake: no multistream-select before it or behind it, and standard TLS tools
 * can talk to the port.
 */
export class CaTlsTcp implements Transport {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = '@fisco-libp2p/tls-tcp'

  private readonly init: CaTlsTcpInit
  private readonly handshaker: Handshaker
  private readonly log: Logger
  private readonly limiter = new LogLimiter()

  constructor (components: CaTlsComponents, init: CaTlsTcpInit) {
    const { members = DEFAULT_MEMBERS } = init

    if (!Number.isInteger(members) || members < 1 || members > 100_000) {
      throw new InvalidParametersError(`members must be 1 to 100000, not ${members}`)
    }

    this.init = init
    this.handshaker = new Handshaker(components, init)
    this.log = components.logger.forComponent('fisco-libp2p:tls:tcp')
  }

  async dial (address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    const socket = await connectTcp(toNetOptions(address), options.signal)
    // whoever paces dials tells addresses that do not answer from handshakes, which cost CPU
    options.onProgress?.(new CustomProgressEvent(HANDSHAKE_EVENT))
    const connection = new TlsConnection(socket, { remoteAddr: address, direction: 'outbound', log: this.log.newScope('connection') })

    try {
      const secured = await this.handshaker.secure(socket, { connection, direction: 'outbound', expected: peerIdOf(address), early: true, signal: options.signal })

      connection.open(secured.socket)

      const [upgraded] = await Promise.all([
        options.upgrader.upgradeOutbound(connection, {
          ...options, skipEncryption: true, skipProtection: true, remotePeer: secured.remotePeer, muxerFactory: secured.streamMuxer
        }),
        secured.accepted.then(() => { connection.read() })
      ])

      return upgraded
    } catch (err) {
      connection.abort(err)

      throw err
    }
  }

  createListener (options: CreateListenerOptions): Listener {
    return new TlsListener({
      handshaker: this.handshaker,
      upgrader: options.upgrader,
      log: this.log.newScope('connection'),
      members: this.init.members ?? DEFAULT_MEMBERS,
      isReserved: this.init.isReserved,
      firstBytesTimeout: Math.min(FIRST_BYTES_TIMEOUT, this.init.timeout ?? FIRST_BYTES_TIMEOUT),
      onRefused: (address, err) => { this.refused(address, err) }
    })
  }

  listenFilter (addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(isTlsAddress)
  }

  dialFilter (addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(isTlsAddress)
  }

  /**
   * Scanners and floods cost a counter, and a line of the log as long as there are few of them.
   */
  private refused (address: Multiaddr, err: HandshakeFailedError): void {
    this.handshaker.count(err.rule)
    const line = this.limiter.next()

    if (line != null) {
      this.log.error('refused a connection from %a: %s: %s (%d more since the last line)', address, err.rule, err.message, line.suppressed)
    }
  }
}

function peerIdOf (address: Multiaddr): PeerId | undefined {
  const id = address.getComponents().find(({ name }) => name === 'p2p')?.value

  return id == null ? undefined : peerIdFromString(id)
}
