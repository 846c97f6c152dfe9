import { encodeFrame, FrameKind } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import { failure, Network } from './support/network.ts'
import { RawServer, RawStream } from './support/raw-stream.ts'
import type { TestNode } from './support/network.ts'
import type { ExchangeFrame } from '@fisco-libp2p/direct'
import type { Connection, Libp2p } from '@libp2p/interface'

const part = (...bytes: number[]): Uint8Array => Uint8Array.of(...bytes)

/**
 * Every beginning of some frames, up to all of them, and how many of the frames are whole in it.
 */
function * beginnings (frames: ExchangeFrame[]): Generator<{ bytes: Uint8Array, whole: number }> {
  const encoded = frames.map(encodeFrame)
  const ends = encoded.map((_, i) => Buffer.concat(encoded.slice(0, i + 1)).length)
  const all = Buffer.concat(encoded)

  for (let length = 0; length <= all.length; length++) {
    yield { bytes: all.subarray(0, length), whole: ends.filter(end => end <= length).length }
  }
}

describe('a stream that is cut, at every byte', () => {
  const network = new Network()
  let node: TestNode
  let peer: { libp2p: Libp2p, nodeId: string }
  let server: RawServer

  before(async () => {
    node = await network.node()
    peer = await network.bare()
    server = await RawServer.start(peer.libp2p)
    await network.connect(node, peer)
  })

  after(async () => network.stop())

  /**
   * The peer's end of the connection, made anew if it is cut.
   */
  async function openConnection (): Promise<Connection> {
    if (peer.libp2p.getConnections().length === 0) {
      await network.connect(node, peer)
    }

    return peer.libp2p.getConnections()[0]
  }

  /**
   * Resolves when neither side knows the connection any more.
   */
  async function isCut (): Promise<void> {
    await Promise.all([node.libp2p, peer.libp2p].map(async libp2p => {
      while (libp2p.getConnections().length > 0) {
        await new Promise(resolve => { libp2p.addEventListener('connection:close', resolve, { once: true }) })
      }
    }))
  }

  const cuts: Record<string, (stream: RawStream) => Promise<void>> = {
    'by its end': async stream => { await stream.stream.close() },
    'by a reset': async stream => { stream.stream.abort(new Error('cut')) },
    'with its connection': async () => {
      peer.libp2p.getConnections()[0].abort(new Error('cut'))
      await isCut()
    }
  }

  for (const [how, cut] of Object.entries(cuts)) {
    it(`answers a request once or not at all, ${how}`, async () => {
      for (const { bytes, whole } of beginnings([{ kind: FrameKind.RESPONSE, id: 1, more: false, total: 3, part: part(1, 2, 3) }])) {
        await openConnection()
        const settled: string[] = []
        const request = node.direct.request(peer.nodeId, 'x', part(1)).then(() => { settled.push('ok') }, err => { settled.push(err.name) })
        const stream = await server.next()
        await stream.next()
        stream.send(bytes)
        await cut(stream)
        await request
        await stream.closed

        // a reset may overtake what was sent before
        expect(settled).to.have.lengthOf(1)
        expect(settled[0]).to.be.oneOf(whole === 0 ? ['ConnectionLostError'] : how === 'by its end' ? ['ok'] : ['ok', 'ConnectionLostError'])
      }
    })
  }

  it('has the handler called for what is whole, and for nothing else', async () => {
    const called: number[] = []
    node.direct.handle('x', data => { called.push(data[0]) })
    const frames: ExchangeFrame[] = [
      { kind: FrameKind.NOTIFICATION, id: 1, more: false, timeout: 1_000, total: 1, name: 'x', part: part(1) },
      { kind: FrameKind.REQUEST, id: 2, more: false, timeout: 1_000, total: 2, name: 'x', part: part(2, 2) }
    ]

    for (const { bytes, whole } of beginnings(frames)) {
      called.length = 0
      const stream = await RawStream.open(await openConnection())
      stream.send(bytes)
      await stream.stream.close()
      await stream.closed

      expect(called).to.deep.equal([1, 2].slice(0, whole))
    }
  })

  it('ends a streaming exchange in good order only when its end has come', async () => {
    const frames: ExchangeFrame[] = [
      { kind: FrameKind.CHUNK, id: 1, more: false, fromCallee: true, part: part(1) },
      { kind: FrameKind.CHUNK, id: 1, more: false, fromCallee: true, part: part(2) },
      { kind: FrameKind.END, id: 1, fromCallee: true }
    ]

    for (const { bytes, whole } of beginnings(frames)) {
      await openConnection()
      const answer = node.direct.stream(peer.nodeId, 'x', [])
      const stream = await server.next()
      // its beginning, and its end
      await stream.take(2)
      stream.send(bytes)
      const pieces: number[] = []

      while (pieces.length < Math.min(whole, 2)) {
        pieces.push((await answer.next()).value?.[0] ?? 0)
      }

      if (whole === 3) {
        expect((await answer.next()).done).to.be.true
      }

      stream.stream.abort(new Error('cut'))
      await stream.closed

      if (whole < 3) {
        expect(await failure(answer.next())).to.have.property('name', 'ConnectionLostError')
      }

      expect(pieces).to.deep.equal([1, 2].slice(0, whole))
    }
  })
})
