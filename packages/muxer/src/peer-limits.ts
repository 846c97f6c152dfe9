import { equals } from 'uint8arrays'
import { MAX_NEGOTIATION_ANSWERS, MAX_UNREAD_FRAMES, NOT_AVAILABLE } from './constants.ts'
import { encode } from './early-stream.ts'
import { PeerLimitError } from './errors.ts'
import { FrameSplitter } from './frame-splitter.ts'
import type { PeerLimitRule } from './errors.ts'
import type { MultiaddrConnection } from '@libp2p/interface'
import type { AbstractStream, AbstractStreamMuxer } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

const REFUSAL = encode(NOT_AVAILABLE)

type Connection = Pick<MultiaddrConnection, 'writableNeedsDrain' | 'addEventListener' | 'abort'>

/**
 * Limits what the other end of a connection can have its muxer keep.
 *
 * - Frames are handed to yamux as they come: it keeps what comes of a frame until it is complete, up to 4 GiB, and finds only then that its stream has no window for it.
 * - Who reads nothing is cut off when too many frames wait for it: answers to pings, and window updates, know no back-pressure.
 *
 * @param onBroken - called when it is cut off
 */
export function limitPeer (streamMuxer: AbstractStreamMuxer, connection: Connection, onBroken: (rule: PeerLimitRule) => void): void {
  const onData = streamMuxer.onData.bind(streamMuxer)
  const splitter = new FrameSplitter(onData)

  // what yamux throws has the connection aborted
  streamMuxer.onData = data => {
    for (const bytes of data instanceof Uint8Array ? [data] : data) {
      splitter.read(bytes)
    }
  }

  const send = streamMuxer.send.bind(streamMuxer)
  let unread = 0

  connection.addEventListener('drain', () => {
    unread = 0

    // yamux tells its streams first, and passes one over where another one ends meanwhile
    for (const stream of [...streamMuxer.streams]) {
      if (stream.writableNeedsDrain) {
        stream.onMuxerDrain()
      }
    }
  })
  streamMuxer.send = data => {
    if (connection.writableNeedsDrain && ++unread === MAX_UNREAD_FRAMES) {
      onBroken('unread')
      // not at once: yamux is in the midst of something
      queueMicrotask(() => { connection.abort(new PeerLimitError('unread', `${MAX_UNREAD_FRAMES} frames wait for the other end, which reads nothing`)) })
    }

    return send(data)
  }
}

/**
 * Has a larger window let a stream send more only while the connection takes more: yamux would move all that waits from the stream, where its limits are, to the connection, which has none.
 */
export function limitStream (stream: AbstractStream, connection: Pick<Connection, 'writableNeedsDrain'>): void {
  const dispatch = stream.safeDispatchEvent.bind(stream)

  if (connection.writableNeedsDrain) {
    stream.onMuxerNeedsDrain()
  }

  // it is told again when the connection drains
  stream.safeDispatchEvent = (type, ...rest) => (type === 'drain' && connection.writableNeedsDrain) || dispatch(type, ...rest)
}

/**
 * Has the other end name a protocol that is spoken after a limited number of others: multistream-select has no limit.
 *
 * @param onBroken - called when the stream is reset
 */
export function limitNegotiation (stream: AbstractStream, onBroken: (rule: PeerLimitRule) => void): void {
  const send = stream.send.bind(stream)
  let refused = 0

  stream.send = data => {
    if (stream.protocol === '' && isRefusal(data) && ++refused > MAX_NEGOTIATION_ANSWERS) {
      onBroken('negotiation')
      stream.abort(new PeerLimitError('negotiation', `The other end has asked for ${refused} protocols on one stream, none of which is spoken here`))
    }

    return send(data)
  }
}

/**
 * Whether that says that a protocol is not spoken. What is sent on a stream that nobody negotiates is anything else.
 */
function isRefusal (data: Uint8Array | Uint8ArrayList): boolean {
  return data.byteLength === REFUSAL.length && equals(data.subarray(), REFUSAL)
}
