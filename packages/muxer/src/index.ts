/**
 * @packageDocumentation
 *
 * The stream muxer of this stack: libp2p's yamux, on the wire `/yamux/1.0.0` and nothing else, with two differences that only this end
 * sees. The other end may be any yamux.
 *
 * - **Early streams.** libp2p waits a round trip for the other end to say that it speaks a stream's protocol. A stream of a protocol that is listed
 *   as `early` is there at once: what is sent on it goes out behind the question. If the other end does not speak the protocol, the stream
 *   is reset with an UnsupportedProtocolError.
 * - **Fewer window updates.** libp2p's yamux answers each frame of data with a window update, a write of its own for each small message. Here
 *   one goes out when half of the window is used, as in the reference implementation (github.com/hashicorp/yamux).
 *
 * @example Streams of one protocol without a round trip
 *
 * ```typescript
 * import { muxer } from '@fisco-libp2p/muxer'
 * import { noise } from '@libp2p/noise'
 * import { tcp } from '@libp2p/tcp'
 * import { createLibp2p } from 'libp2p'
 *
 * const node = await createLibp2p({
 *   transports: [tcp()],
 *   connectionEncrypters: [noise()],
 *   streamMuxers: [muxer({ early: ['/fisco/direct/1.0.0'] })]
 * })
 * ```
 */

import { InvalidParametersError, serviceCapabilities } from '@libp2p/interface'
import { AbstractStream, AbstractStreamMuxer } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { fromString } from 'uint8arrays'
import { DEFAULT_EARLY_TIMEOUT, MAX_EARLY_TIMEOUT, MAX_PROTOCOL_LENGTH } from './constants.ts'
import { selectEarly } from './early-stream.ts'
import { updateWindowsByHalves } from './window-updates.ts'
import type { MultiaddrConnection, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import type { YamuxMuxerInit } from '@libp2p/yamux'

export { DEFAULT_EARLY_TIMEOUT, MAX_EARLY_TIMEOUT, MAX_PROTOCOL_LENGTH } from './constants.ts'

/**
 * Options of {@link muxer}: those of libp2p's yamux, and one more.
 */
export interface MuxerInit extends YamuxMuxerInit {
  /**
   * Protocols whose streams are not waited for. Only where a stream of the protocol carries requests that fail by themselves when it is
   * reset; at most 126 bytes each.
   *
   * @default []
   */
  early?: readonly string[]

  /**
   * Milliseconds that the other end may take to say whether it speaks the protocol of an early stream, 1 to 3,600,000. libp2p gives a
   * negotiation as long.
   *
   * @default 10000
   */
  earlyTimeout?: number
}

/**
 * A stream muxer for `createLibp2p`, see above.
 *
 * @throws InvalidParametersError if a protocol id is too long, or the timeout out of its range
 */
export function muxer (init: MuxerInit = {}): () => StreamMuxerFactory {
  const { early = [], earlyTimeout = DEFAULT_EARLY_TIMEOUT, ...yamuxInit } = init
  const tooLong = early.find(protocol => fromString(protocol).byteLength > MAX_PROTOCOL_LENGTH)

  if (tooLong != null) {
    throw new InvalidParametersError(`early: "${tooLong}" is longer than ${MAX_PROTOCOL_LENGTH} bytes`)
  }

  if (!Number.isInteger(earlyTimeout) || earlyTimeout < 1 || earlyTimeout > MAX_EARLY_TIMEOUT) {
    throw new InvalidParametersError(`earlyTimeout must be an integer from 1 to ${MAX_EARLY_TIMEOUT}, not ${earlyTimeout}`)
  }

  return () => new MuxerFactory(yamux(yamuxInit)(), new Set(early), earlyTimeout)
}

class MuxerFactory implements StreamMuxerFactory {
  readonly [Symbol.toStringTag] = '@fisco-libp2p/muxer'
  readonly [serviceCapabilities] = ['@libp2p/stream-multiplexing']

  readonly protocol: string
  readonly #yamux: StreamMuxerFactory
  readonly #early: ReadonlySet<string>
  readonly #timeout: number

  constructor (factory: StreamMuxerFactory, early: ReadonlySet<string>, timeout: number) {
    this.protocol = factory.protocol
    this.#yamux = factory
    this.#early = early
    this.#timeout = timeout
  }

  createStreamMuxer (connection: MultiaddrConnection): StreamMuxer {
    const streamMuxer = this.#yamux.createStreamMuxer(connection)
    const createStream = streamMuxer.createStream.bind(streamMuxer)

    if (streamMuxer instanceof AbstractStreamMuxer) {
      // the streams of the other end. A listener of `stream` would not do: those that come before libp2p listens are kept only as long as nobody does
      const onRemoteStream = streamMuxer.onRemoteStream.bind(streamMuxer)
      streamMuxer.onRemoteStream = stream => {
        updateWindowsByHalves(stream)
        onRemoteStream(stream)
      }
    }

    return Object.assign(streamMuxer, {
      createStream: async (options: Parameters<StreamMuxer['createStream']>[0]) => {
        const { protocol } = options ?? {}
        const stream = await createStream(options)
        updateWindowsByHalves(stream)

        if (stream instanceof AbstractStream && protocol != null && this.#early.has(protocol)) {
          selectEarly(stream, protocol, this.#timeout)
        }

        return stream
      }
    })
  }
}
