import { muxer } from '@fisco-libp2p/muxer'
import { sendAll } from '@fisco-libp2p/test-kit'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import type { MultiaddrConnection, Stream, StreamMessageEvent, StreamMuxerFactory } from '@libp2p/interface'

const WINDOW = 256 * 1024
const WINDOW_UPDATE = 1

/**
 * A stream from one muxer to another, and the window updates that the receiver sends for it. yamux does not let windows grow without a
 * measured round trip, so there are no keep-alives.
 */
async function openStream (sender: StreamMuxerFactory, receiver: StreamMuxerFactory): Promise<{ out: Stream, in: Stream, updates: number[], end (): void }> {
  const [outbound, inbound] = multiaddrConnectionPair()
  const updates: number[] = []
  count(inbound, updates)
  const [from, to] = [sender.createStreamMuxer(outbound), receiver.createStreamMuxer(inbound)]
  const incoming = pEvent<'stream', CustomEvent<Stream>>(to, 'stream')
  const out = await from.createStream()

  return {
    out,
    in: (await incoming).detail,
    updates,
    end: () => { [outbound, inbound].forEach(connection => { connection.abort(new Error('the test is over')) }) }
  }
}

/**
 * Notes how much each window update grants that a connection carries.
 */
function count (connection: MultiaddrConnection, updates: number[]): void {
  const send = connection.send.bind(connection)
  connection.send = data => {
    const bytes = data.subarray()

    if (bytes[1] === WINDOW_UPDATE) {
      updates.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(8))
    }

    return send(data)
  }
}

async function receive (stream: Stream, total: number): Promise<void> {
  for (let received = 0; received < total;) {
    received += (await pEvent<'message', StreamMessageEvent>(stream, 'message')).data.byteLength
  }
}

const ours = (): StreamMuxerFactory => muxer({ enableKeepAlive: false })()
const stock = (): StreamMuxerFactory => yamux({ enableKeepAlive: false })()

describe('window updates', () => {
  it('do not answer small messages', async () => {
    const { out, in: incoming, updates, end } = await openStream(stock(), ours())
    const all = receive(incoming, 100 * 256)
    await sendAll(out, 100 * 256, 256)
    await all

    // one accepts the stream
    expect(updates).to.have.lengthOf.at.most(1)
    end()
  })

  for (const [name, sender] of Object.entries({ 'a stock yamux': stock, 'another of ours': ours })) {
    it(`let ${name} send any amount, half a window at a time`, async () => {
      const total = 16 * 1024 * 1024
      const { out, in: incoming, updates, end } = await openStream(sender(), ours())
      const all = receive(incoming, total)
      await sendAll(out, total, 10_000)
      await all

      // the first one accepts the stream, whatever has come by then
      expect(updates.slice(1).every(delta => delta >= WINDOW / 2)).to.be.true
      expect(updates.length).to.be.at.most(total / (WINDOW / 2) + 1)
      end()
    })
  }

  it('let a stream go on that was paused', async () => {
    const total = 2 * 1024 * 1024
    const { out, in: incoming, end } = await openStream(stock(), ours())
    const sent = sendAll(out, total, 10_000)
    incoming.pause()
    await new Promise(resolve => { setImmediate(resolve) })
    const all = receive(incoming, total)

    for (let i = 0; i < 10; i++) {
      incoming.resume()
      await new Promise(resolve => { setImmediate(resolve) })
      incoming.pause()
      await new Promise(resolve => { setImmediate(resolve) })
    }

    incoming.resume()
    await all
    await sent
    end()
  })
})
