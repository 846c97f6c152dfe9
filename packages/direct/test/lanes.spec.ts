import { encodeFrame, FrameKind, LANE_PROTOCOLS } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import { failure, gate, Network, outcome } from './support/network.ts'
import { RawServer, RawStream } from './support/raw-stream.ts'
import type { TestNode } from './support/network.ts'
import type { CallFrame, Lane } from '@fisco-libp2p/direct'

const KIB = 1024
const PART = 64 * KIB

function lanesOf (node: TestNode): string[] {
  return node.libp2p.getConnections().flatMap(({ streams }) => streams).map(({ protocol }) => protocol).filter(protocol => Object.values(LANE_PROTOCOLS).includes(protocol)).sort()
}

/**
 * A node, and a peer that takes its streams of two lanes by hand.
 */
class Ahead {
  bytes = 0
  readonly #waiting: Array<{ bytes: number, reached(): void }> = []

  constructor (readonly node: TestNode, readonly peer: string, readonly urgent: RawStream, readonly bulk: RawStream) {
    bulk.onFrame = frame => {
      this.bytes += 'part' in frame ? encodeFrame(frame).byteLength : 0

      for (const waiting of this.#waiting.filter(({ bytes }) => bytes <= this.bytes)) {
        waiting.reached()
      }
    }
  }

  async received (bytes: number): Promise<void> {
    await new Promise<void>(resolve => {
      if (this.bytes >= bytes) {
        resolve()
      } else {
        this.#waiting.push({ bytes, reached: resolve })
      }
    })
  }
}

describe('lanes', () => {
  const network = new Network()

  afterEach(async () => network.stop())

  async function ahead (lanes: [Lane, Lane]): Promise<Ahead> {
    const node = await network.node()
    const peer = await network.bare()
    const [urgent, bulk] = await Promise.all(lanes.map(async lane => RawServer.start(peer.libp2p, LANE_PROTOCOLS[lane])))
    await network.connect(node, peer)
    await Promise.all(lanes.map(async lane => node.direct.notify(peer.nodeId, 'begin', new Uint8Array(), { lane })))
    const streams = await Promise.all([urgent.next(), bulk.next()])
    await Promise.all(streams.map(async stream => stream.next()))

    return new Ahead(node, peer.nodeId, ...streams)
  }

  it('have a stream each, from the moment in which they are used, and answers come back on the same one', async () => {
    const [a, b] = await network.pair()
    b.direct.handle('echo', data => data)
    expect(lanesOf(a)).to.deep.equal([])
    await a.direct.request(b.nodeId, 'echo', Uint8Array.of(1))
    expect(lanesOf(a)).to.deep.equal(['/fisco/direct/1.0.0'])
    expect(await a.direct.request(b.nodeId, 'echo', Uint8Array.of(2), { lane: 'consensus' })).to.deep.equal(Uint8Array.of(2))
    expect(await a.direct.request(b.nodeId, 'echo', Uint8Array.of(3), { lane: 'bulk' })).to.deep.equal(Uint8Array.of(3))

    expect(lanesOf(a)).to.deep.equal(['/fisco/direct/1.0.0', '/fisco/direct/1.0.0/bulk', '/fisco/direct/1.0.0/consensus'])
    expect(lanesOf(b)).to.deep.equal(lanesOf(a))
  })

  it('that do not exist are refused', async () => {
    const [a, b] = await network.pair()
    const err = await failure(a.direct.request(b.nodeId, 'echo', new Uint8Array(), { lane: 'fast' as Lane }))

    expect(err).to.include({ name: 'InvalidParametersError', message: 'The lane must be one of consensus, default, bulk, not fast' })
  })

  it('do not stand in the way of each other: one that is full leaves the others free', async () => {
    const [a, b] = await network.pair({}, { direct: { maxConcurrentPerPeer: 1, maxIncomingBytes: 1_000 } })
    const release = gate()
    b.direct.handle('hold', async () => { await release.promise })
    b.direct.handle('echo', data => data)
    const held = Array.from({ length: 4 }, async () => a.direct.request(b.nodeId, 'hold', new Uint8Array(1_000), { lane: 'bulk' }))

    expect(await outcome(a.direct.request(b.nodeId, 'echo', Uint8Array.of(1), { lane: 'consensus' }))).to.equal('ok')
    expect(await outcome(a.direct.request(b.nodeId, 'echo', Uint8Array.of(1)))).to.equal('ok')
    release.open()
    expect(await Promise.all(held.map(outcome))).to.deep.equal(Array(4).fill('ok'))
  })

  for (const lanes of [['consensus', 'bulk'], ['default', 'bulk'], ['consensus', 'default']] as Array<[Lane, Lane]>) {
    it(`${lanes[1]} is at most 192 KiB ahead of its reader while ${lanes[0]} is in use`, async () => {
      const state = await ahead(lanes)
      const { node, peer, bulk, urgent } = state
      const use = async (): Promise<void> => {
        await node.direct.notify(peer, 'vote', Uint8Array.of(1), { lane: lanes[0] })
        await urgent.next()
      }

      await use()
      const sending = Array.from({ length: 32 }, async () => node.direct.notify(peer, 'block', new Uint8Array(PART), { lane: lanes[1] }))
      await state.received(2 * PART)

      // whatever was allowed to go before these is here now
      for (let i = 0; i < 5; i++) {
        await use()
      }

      // what began the stream is not read either
      expect(state.bytes).to.be.above(128 * KIB).and.at.most(192 * KIB)

      while (state.bytes < 32 * PART) {
        const before = state.bytes
        await use()
        bulk.send({ kind: FrameKind.ACK, bytes: PART })
        await state.received(Math.min(32 * PART, before + 1))
        expect(state.bytes - before).to.be.at.most(192 * KIB)
      }

      await Promise.all(sending)
    })
  }

  it('bulk goes as far as the muxer lets it when nothing else is in use', async () => {
    const [a, b] = await network.pair()
    const release = gate()
    let arrived = 0
    b.direct.handle('block', async () => {
      arrived++
      await release.promise
    })
    const sending = Array.from({ length: 32 }, async () => a.direct.notify(b.nodeId, 'block', new Uint8Array(PART), { lane: 'bulk' }))
    await Promise.all(sending)
    expect(arrived).to.be.above(4)
    release.open()
  })

  it('what was read is acknowledged as soon as a more urgent lane is in use, then every 64 KiB', async () => {
    const node = await network.node()
    node.direct.handle('block', () => {})
    const peer = await network.bare()
    const connection = await network.connect(peer, node)
    const stream = await RawStream.open(connection, LANE_PROTOCOLS.bulk)
    const block = (id: number): CallFrame => ({ kind: FrameKind.REQUEST, id, more: false, timeout: 5_000, total: PART, name: 'block', part: new Uint8Array(PART) })
    const vote: CallFrame = { kind: FrameKind.REQUEST, id: 1, more: false, timeout: 5_000, total: 0, name: 'block', part: new Uint8Array() }
    const size = encodeFrame(block(1)).byteLength
    stream.send(...[1, 2, 3, 4].map(block))
    await stream.take(4)
    expect(stream.acknowledged).to.equal(0)
    const urgent = await RawStream.open(connection, LANE_PROTOCOLS.consensus)
    urgent.send(vote)
    await urgent.next()
    stream.send(block(5))
    await stream.take(1)
    expect(stream.acknowledged).to.equal(5 * size)
    // it may take a moment longer until the own side of a connection is seen to be out of use
    stream.send(block(6))
    await stream.take(1)
    expect(stream.acknowledged).to.equal(6 * size)
  })

  it('an acknowledgement of more than was sent breaks the protocol', async () => {
    const { node, peer, bulk } = await ahead(['consensus', 'bulk'])
    const request = node.direct.request(peer, 'block', new Uint8Array(), { lane: 'bulk' })
    const err = failure(request)
    await bulk.next()
    bulk.send({ kind: FrameKind.ACK, bytes: 1_000 })

    expect(await err).to.include({ name: 'InvalidFrameError', rule: 'ack' })
    expect(await bulk.closed).to.equal('StreamResetError')
  })
})
