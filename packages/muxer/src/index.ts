/**
 * @packageDocumentation
 *
 * The stream muxer of this stack: libp2p's yamux, on the wire `/yamux/1.0.0` and nothing else, with four differences that only this end
 * sees. The other end may be any yamux.
 *
 * - **Early streams.** libp2p waits a round trip for the other end to say that it speaks a stream's protocol. A stream of a protocol that is listed
 *   as `early` is there at once: what is sent on it goes out behind the question. If the other end does not speak the protocol, the stream
 *   is reset with an UnsupportedProtocolError.
 * - **Fewer window updates.** libp2p's yamux answers each frame of data with a window update, a write of its own for each small message. Here
 *   one goes out when half of the window is used, as in the reference implementation (github.com/hashicorp/yamux).
 * - **A pace for streams.** A peer that opens streams faster than `maxStreamsPerSecond` is read from no faster than that: each costs much more to take than to open.
 * - **Limits.** Frames are handed to yamux as they come, so that nothing is kept of one that does not end; libp2p's keeps up to 4 GiB of it. A peer for which 65,536 frames wait, as it
 *   reads nothing, is cut off, and so is a stream on which it asks for one protocol after the other: the connection, or the stream, is aborted with a `PeerLimitError`.
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
import { AbstractMessageStream, AbstractStreamMuxer } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { fromString } from 'uint8arrays'
import { DEFAULT_EARLY_TIMEOUT, DEFAULT_MAX_STREAMS_PER_SECOND, MAX_EARLY_TIMEOUT, MAX_PROTOCOL_LENGTH, MAX_STREAMS_PER_SECOND } from './constants.ts'
import { selectEarly } from './early-stream.ts'
import { PEER_LIMIT_RULES } from './errors.ts'
import { limitNegotiation, limitPeer, limitStream } from './peer-limits.ts'
import { StreamPace } from './stream-pace.ts'
import { updateWindowsByHalves } from './window-updates.ts'
import type { PeerLimitRule } from './errors.ts'
import type { Counter, CounterGroup, Metrics, MultiaddrConnection, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import type { YamuxMuxerInit } from '@libp2p/yamux'

export { DEFAULT_EARLY_TIMEOUT, DEFAULT_MAX_STREAMS_PER_SECOND, MAX_EARLY_TIMEOUT, MAX_PROTOCOL_LENGTH, MAX_STREAMS_PER_SECOND } from './constants.ts'
export { PeerLimitError } from './errors.ts'
export type { PeerLimitRule } from './errors.ts'

/**
 * Options of {@link muxer}: those of libp2p's yamux, and three more.
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

  /**
   * How many streams the other end of one connection may open in a second, and at a stretch, 1 to 1,000,000. When it opens more, nothing is read from the connection for as long
   * as they are too early. The protocols of this stack need a few for each connection; where another one opens a stream for each request, as many as there are requests.
   *
   * @default 1000
   */
  maxStreamsPerSecond?: number
}

/**
 * What the muxer uses of a node.
 */
export interface MuxerComponents {
  metrics?: Metrics
}

/**
 * A stream muxer for `createLibp2p`, see above.
 *
 * @throws InvalidParametersError if a protocol id is too long, or a number out of its range
 */
export function muxer (init: MuxerInit = {}): (components?: MuxerComponents) => StreamMuxerFactory {
  const { early = [], earlyTimeout = DEFAULT_EARLY_TIMEOUT, maxStreamsPerSecond = DEFAULT_MAX_STREAMS_PER_SECOND, ...yamuxInit } = init
  const tooLong = early.find(protocol => fromString(protocol).byteLength > MAX_PROTOCOL_LENGTH)

  if (tooLong != null) {
    throw new InvalidParametersError(`early: "${tooLong}" is longer than ${MAX_PROTOCOL_LENGTH} bytes`)
  }

  if (!Number.isInteger(earlyTimeout) || earlyTimeout < 1 || earlyTimeout > MAX_EARLY_TIMEOUT) {
    throw new InvalidParametersError(`earlyTimeout must be an integer from 1 to ${MAX_EARLY_TIMEOUT}, not ${earlyTimeout}`)
  }

  if (!Number.isInteger(maxStreamsPerSecond) || maxStreamsPerSecond < 1 || maxStreamsPerSecond > MAX_STREAMS_PER_SECOND) {
    throw new InvalidParametersError(`maxStreamsPerSecond must be an integer from 1 to ${MAX_STREAMS_PER_SECOND}, not ${maxStreamsPerSecond}`)
  }

  return ({ metrics } = {}) => new MuxerFactory(yamux(yamuxInit)(), { early: new Set(early), earlyTimeout, maxStreamsPerSecond }, metrics)
}

interface MuxerSettings {
  early: ReadonlySet<string>
  earlyTimeout: number
  maxStreamsPerSecond: number
}

class MuxerFactory implements StreamMuxerFactory {
  readonly [Symbol.toStringTag] = '@fisco-libp2p/muxer'
  readonly [serviceCapabilities] = ['@libp2p/stream-multiplexing']

  readonly protocol: string
  readonly #yamux: StreamMuxerFactory
  readonly #settings: MuxerSettings
  readonly #held?: Counter
  readonly #broken?: CounterGroup

  constructor (factory: StreamMuxerFactory, settings: MuxerSettings, metrics?: Metrics) {
    this.protocol = factory.protocol
    this.#yamux = factory
    this.#settings = settings
    this.#held = metrics?.registerCounter('fisco_muxer_held_total', {
      help: 'Times that nothing was read from a connection for a while, as the other end opened streams too fast'
    })
    this.#broken = metrics?.registerCounterGroup('fisco_muxer_limits_broken_total', {
      label: 'rule',
      help: 'Connections and streams that were aborted because the other end broke a limit, by rule'
    })
    this.#broken?.increment(Object.fromEntries(PEER_LIMIT_RULES.map(rule => [rule, 0])))
  }

  createStreamMuxer (connection: MultiaddrConnection): StreamMuxer {
    const streamMuxer = this.#yamux.createStreamMuxer(connection)
    const { early, earlyTimeout, maxStreamsPerSecond } = this.#settings

    if (!(streamMuxer instanceof AbstractStreamMuxer)) {
      throw new Error('There are two versions of @libp2p/utils in this process, so that the limits of streams would not hold: see `npm ls @libp2p/utils`')
    }

    const onBroken = (rule: PeerLimitRule): void => { this.#broken?.increment({ [rule]: 1 }) }
    const pace = connection instanceof AbstractMessageStream ? new StreamPace(connection, maxStreamsPerSecond, () => this.#held?.increment()) : undefined
    const createStream = streamMuxer.createStream.bind(streamMuxer)
    const onRemoteStream = streamMuxer.onRemoteStream.bind(streamMuxer)

    limitPeer(streamMuxer, connection, onBroken)

    // the streams of the other end. A listener of `stream` would not do: those that come before libp2p listens are kept only as long as nobody does
    streamMuxer.onRemoteStream = stream => {
      pace?.opened()
      updateWindowsByHalves(stream)
      limitStream(stream, connection)
      limitNegotiation(stream, onBroken)
      onRemoteStream(stream)
    }

    return Object.assign(streamMuxer, {
      createStream: async (options: Parameters<StreamMuxer['createStream']>[0]) => {
        const { protocol } = options ?? {}
        const stream = await createStream(options)

        updateWindowsByHalves(stream)
        limitStream(stream, connection)

        if (protocol != null && early.has(protocol)) {
          selectEarly(stream, protocol, earlyTimeout)
        }

        return stream
      }
    })
  }
}
