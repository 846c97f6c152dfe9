import { setReceivedBytes } from '@fisco-libp2p/identity'
import { CA_TLS_PROTOCOL } from './constants.ts'
import { Handshaker } from './handshaker.ts'
import { MessageStreamDuplex } from './message-stream-duplex.ts'
import { SecuredStream } from './secured-stream.ts'
import { expectOpen } from './socket-io.ts'
import type { CaTlsComponents, CaTlsInit } from './index.ts'
import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'

/**
 * Mutual TLS under the consortium's CA over any libp2p transport.
 */
export class CaTls implements ConnectionEncrypter {
  readonly protocol = CA_TLS_PROTOCOL
  readonly [Symbol.toStringTag] = '@fisco-libp2p/tls'

  private readonly handshaker: Handshaker

  constructor (components: CaTlsComponents, init: CaTlsInit) {
    this.handshaker = new Handshaker(components, init)
  }

  async secureOutbound (connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return this.secure(connection, 'outbound', options)
  }

  async secureInbound (connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return this.secure(connection, 'inbound', options)
  }

  private async secure (connection: MessageStream, direction: 'inbound' | 'outbound', options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    const { socket, remotePeer, streamMuxer } = await this.handshaker.secure(new MessageStreamDuplex(connection), {
      connection,
      direction,
      expected: options.remotePeer,
      skipMuxer: options.skipStreamMuxerNegotiation,
      signal: options.signal
    })

    const stream = new SecuredStream(socket, { log: connection.log.newScope('tls'), direction })

    setReceivedBytes(connection, stream.received)
    expectOpen(stream)

    return { connection: stream, remotePeer, streamMuxer }
  }
}
