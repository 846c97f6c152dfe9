import { TypedEventEmitter } from 'main-event'
import { Door } from './door.ts'
import { listenAddresses, remoteAddress, toNetOptions } from './tls-address.ts'
import { TlsConnection } from './tls-connection.ts'
import type { DoorInit } from './door.ts'
import type { HandshakeFailedError } from './errors.ts'
import type { Handshaker } from './handshaker.ts'
import type { AbortOptions, Listener, ListenerEvents, Logger, Upgrader } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Socket } from 'node:net'

/**
 * What a {@link TlsListener} works with.
 */
export interface TlsListenerInit extends Omit<DoorInit, 'onConnection' | 'onRefused' | 'onError'> {
  handshaker: Handshaker
  upgrader: Upgrader
  log: Logger

  /**
   * Told of every connection that was not even given a handshake.
   */
  onRefused (address: Multiaddr, err: HandshakeFailedError): void
}

/**
 * Listens on one `/tcp/<port>/tls` address.
 */
export class TlsListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  private readonly init: TlsListenerInit
  private readonly door: Door
  private listening?: Multiaddr

  constructor (init: TlsListenerInit) {
    super()
    this.init = init
    this.door = new Door({
      ...init,
      onConnection: async (socket, signal) => this.accept(socket, signal),
      onRefused: (socket, err) => { init.onRefused(addressOf(socket), err) },
      onError: err => { this.safeDispatchEvent('error', { detail: err }) }
    })
  }

  async listen (address: Multiaddr): Promise<void> {
    const { host, port } = toNetOptions(address)

    await this.door.listen({ host, port, ipv6Only: host.includes(':') })
    this.listening = address
    this.safeDispatchEvent('listening')
  }

  getAddrs (): Multiaddr[] {
    const { address } = this.door

    return this.listening == null || address == null ? [] : listenAddresses(this.listening, address.port)
  }

  async close (options?: AbortOptions): Promise<void> {
    await this.door.close(options)
    this.safeDispatchEvent('close')
  }

  updateAnnounceAddrs (): void {
    // nothing of an address is known only at run time
  }

  private async accept (socket: Socket, signal: AbortSignal): Promise<void> {
    const connection = new TlsConnection(socket, {
      remoteAddr: addressOf(socket), localAddr: this.listening, direction: 'inbound', log: this.init.log
    })

    try {
      const secured = await this.init.handshaker.secure(socket, { connection, direction: 'inbound', signal })

      connection.open(secured.socket)
      connection.read()
      await this.init.upgrader.upgradeInbound(connection, {
        skipEncryption: true, skipProtection: true, remotePeer: secured.remotePeer, muxerFactory: secured.streamMuxer, signal
      })
    } catch (err) {
      connection.abort(err)

      throw err
    }
  }
}

function addressOf (socket: Socket): Multiaddr {
  return remoteAddress(socket.remoteAddress ?? '0.0.0.0', socket.remotePort ?? 0)
}
