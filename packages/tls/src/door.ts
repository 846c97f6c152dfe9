import { createServer } from 'node:net'
import { setMaxListeners } from '@libp2p/interface'
import { pEvent } from 'p-event'
import { Admission } from './admission.ts'
import { FIRST_BYTES_TIMEOUT } from './constants.ts'
import { HandshakeFailedError } from './errors.ts'
import { expectTls } from './first-bytes.ts'
import type { AdmissionInit, AdmissionRule } from './admission.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net'

const MEANINGS: Record<AdmissionRule, string> = {
  'address-busy': 'its address has too many handshakes under way',
  'listener-busy': 'too many handshakes are under way',
  'too-many-handshakes': 'its address has begun too many handshakes lately'
}

/**
 * What happens behind a {@link Door}.
 */
export interface DoorInit extends AdmissionInit {
  /**
   * Milliseconds in which a peer must send the first bytes of TLS.
   *
   * @default 5000
   */
  firstBytesTimeout?: number

  /**
   * Takes a connection whose first bytes are those of TLS. Whatever it throws ends the connection, and counts as a
   * failed handshake of its address.
   */
  onConnection (socket: Socket, signal: AbortSignal): Promise<void>

  /**
   * Told of every connection that did not get that far.
   */
  onRefused (socket: Socket, err: HandshakeFailedError): void

  /**
   * Told of errors of the listening socket after it began to listen.
   */
  onError (err: Error): void
}

/**
 * A listening TCP socket that spends nothing on those who have no business there.
 */
export class Door {
  readonly admission: Admission

  private readonly init: DoorInit
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private closing = new AbortController()

  constructor (init: DoorInit) {
    this.init = init
    this.admission = new Admission(init)
    // half-open connections are of no use under TLS
    this.server = createServer({ allowHalfOpen: false, noDelay: true, keepAlive: true }, socket => { this.enter(socket) })
  }

  get address (): AddressInfo | undefined {
    const address = this.server.address()

    return address == null || typeof address === 'string' ? undefined : address
  }

  async listen (options: ListenOptions): Promise<void> {
    this.closing = new AbortController()
    setMaxListeners(Infinity, this.closing.signal)
    this.server.listen(options)
    await pEvent(this.server, 'listening')
    this.server.on('error', this.init.onError)
  }

  /**
   * Stops listening and ends every connection that came in here.
   */
  async close (options?: AbortOptions): Promise<void> {
    const closed = this.server.listening ? pEvent(this.server, 'close', options) : undefined

    this.server.off('error', this.init.onError)
    this.server.close()
    this.closing.abort()
    this.sockets.forEach(socket => { socket.destroy() })
    await closed
  }

  private enter (socket: Socket): void {
    // before anything else: a socket may fail at any time
    socket.on('error', () => {})

    const ip = socket.remoteAddress

    // it is gone already
    if (ip == null) {
      socket.destroy()

      return
    }

    const ticket = this.admission.enter(ip)

    if (typeof ticket === 'string') {
      this.init.onRefused(socket, new HandshakeFailedError(ticket, `${MEANINGS[ticket]}; it may try again later`))
      // no FIN and no lingering state for somebody who floods
      socket.resetAndDestroy()

      return
    }

    this.sockets.add(socket)
    socket.once('close', () => { this.sockets.delete(socket) })
    this.receive(socket, this.closing.signal).then(() => {
      ticket.done('accepted')
    }, () => {
      ticket.done('failed')
      socket.destroySoon()
    })
  }

  private async receive (socket: Socket, signal: AbortSignal): Promise<void> {
    try {
      await expectTls(socket, this.init.firstBytesTimeout ?? FIRST_BYTES_TIMEOUT, signal)
    } catch (err) {
      if (err instanceof HandshakeFailedError) {
        this.init.onRefused(socket, err)
      }

      throw err
    }

    await this.init.onConnection(socket, signal)
  }
}
