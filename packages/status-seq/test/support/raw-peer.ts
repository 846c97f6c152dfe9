import { decodeMessage, encodeFrame, encodeMessage, FrameDecoder, STATUS_SEQ_PROTOCOL } from '@fisco-libp2p/status-seq'
import { createLibp2p } from 'libp2p'
import { libp2pOptions } from './nodes.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { StatusMessage } from '@fisco-libp2p/status-seq'
import type { Libp2p, Stream } from '@libp2p/interface'

/**
 * A certified peer that speaks the protocol by hand, so that it can do so wrongly.
 */
export interface RawPeer extends AsyncDisposable {
  libp2p: Libp2p
  identity: Identity

  /**
   * What it was sent, on whichever stream.
   */
  received: StatusMessage[]

  /**
   * Streams that were opened to it.
   */
  inbound: Stream[]

  /**
   * Opens a stream to write on.
   */
  open(other: { libp2p: Libp2p }): Promise<Stream>

  /**
   * Resolves when it has received a message that fits.
   */
  gets(is: (message: StatusMessage) => boolean): Promise<StatusMessage>
}

export async function startRawPeer (identity: Identity, { reads = true } = {}): Promise<RawPeer> {
  const libp2p = await createLibp2p(libp2pOptions(identity))
  const received: StatusMessage[] = []
  const inbound: Stream[] = []
  const waiting = new Set<() => void>()

  await libp2p.handle(STATUS_SEQ_PROTOCOL, stream => {
    inbound.push(stream)

    if (reads) {
      const decoder = new FrameDecoder()

      stream.addEventListener('message', ({ data }) => {
        decoder.push(data)

        for (let frame = decoder.next(); frame != null; frame = decoder.next()) {
          received.push(decodeMessage(frame))
        }

        waiting.forEach(check => { check() })
      })
    } else {
      stream.pause()
    }

    waiting.forEach(check => { check() })
  })

  return {
    libp2p,
    identity,
    received,
    inbound,
    open: async other => (await libp2p.dial(other.libp2p.getMultiaddrs())).newStream(STATUS_SEQ_PROTOCOL),
    gets: async is => new Promise(resolve => {
      const check = (): void => {
        const message = received.find(is)

        if (message != null) {
          waiting.delete(check)
          resolve(message)
        }
      }

      waiting.add(check)
      check()
    }),
    [Symbol.asyncDispose]: async () => { await libp2p.stop() }
  }
}

export function send (stream: Stream, message: StatusMessage): void {
  stream.send(encodeFrame(encodeMessage(message)))
}
