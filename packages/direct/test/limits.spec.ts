import { direct, DIRECT_PROTOCOL } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import { failure, gate, Network, outcome, pattern } from './support/network.ts'
import type { Gate, TestNode } from './support/network.ts'
import type { DirectComponents, DirectInit } from '@fisco-libp2p/direct'

const EMPTY = new Uint8Array()
const MIB = 1024 * 1024

/**
 * A handler that holds its calls until they are let go, one at a time, and counts them.
 */
class Holding {
  running = 0
  most = 0
  readonly order: string[] = []
  readonly #gates: Gate[] = []
  readonly #waiting: Array<() => void> = []

  readonly handler = async (data: Uint8Array, { from }: { from: string }): Promise<Uint8Array> => {
    const held = gate()
    this.running++
    this.most = Math.max(this.most, this.running)
    this.order.push(`${from.slice(0, 4)} ${data[0]}`)
    this.#gates.push(held)
    this.#waiting.shift()?.()
    await held.promise
    this.running--

    return data
  }

  /**
   * Lets the oldest call go, as soon as there is one.
   */
  async release (): Promise<void> {
    if (this.#gates.length === 0) {
      await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    }

    this.#gates.shift()?.open()
  }
}

describe('limits', () => {
  const network = new Network()

  afterEach(async () => { await network.stop() })

  it('a peer has so many handlers running, the rest waits its turn', async () => {
    const [a, b] = await network.pair({}, { direct: { maxConcurrentPerPeer: 3 } })
    const holding = new Holding()
    b.direct.handle('hold', holding.handler)
    const requests = Array.from({ length: 10 }, async (_, i) => a.direct.request(b.nodeId, 'hold', Uint8Array.of(i)))

    for (let i = 0; i < 10; i++) {
      await holding.release()
    }

    expect((await Promise.all(requests)).map(([byte]) => byte)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(holding.most).to.equal(3)
    expect(holding.order.map(text => text.slice(5))).to.deep.equal(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  })

  it('a handler has so many calls running, and peers take turns', async () => {
    const server = await network.node()
    const [a, b] = [await network.node(), await network.node()]
    const holding = new Holding()
    server.direct.handle('hold', holding.handler, { maxConcurrent: 1 })
    server.direct.handle('free', data => data)
    await network.connect(a, server)
    await network.connect(b, server)
    const ask = async (from: TestNode, byte: number): Promise<unknown> => from.direct.request(server.nodeId, 'hold', Uint8Array.of(byte))
    const first = Array.from({ length: 5 }, async (_, i) => ask(a, i))
    // a request that was sent later has arrived: so have those
    await a.direct.request(server.nodeId, 'free', EMPTY)
    const second = Array.from({ length: 2 }, async (_, i) => ask(b, i))
    await b.direct.request(server.nodeId, 'free', EMPTY)

    for (let i = 0; i < 7; i++) {
      await holding.release()
    }

    await Promise.all([...first, ...second])
    const [idA, idB] = [a, b].map(({ nodeId }) => nodeId.slice(0, 4))
    expect(holding.most).to.equal(1)
    expect(holding.order).to.deep.equal([`${idA} 0`, `${idA} 1`, `${idB} 0`, `${idA} 2`, `${idB} 1`, `${idA} 3`, `${idA} 4`])
  })

  it('notifications of one sender are handled one after the other where one runs at a time', async () => {
    const [a, b] = await network.pair()
    const order: string[] = []
    const done = gate()
    b.direct.handle('note', async ([byte]) => {
      order.push(`begin ${byte}`)
      await new Promise<void>(resolve => { setImmediate(resolve) })
      order.push(`end ${byte}`)

      if (byte === 19) {
        done.open()
      }
    }, { maxConcurrent: 1 })
    await Promise.all(Array.from({ length: 20 }, async (_, i) => a.direct.notify(b.nodeId, 'note', Uint8Array.of(i))))
    await done.promise

    expect(order).to.deep.equal(Array.from({ length: 20 }, (_, i) => [`begin ${i}`, `end ${i}`]).flat())
  })

  it('what waits does not run when its caller has given up', async () => {
    const [a, b] = await network.pair({}, { direct: { maxConcurrentPerPeer: 1 } })
    const holding = new Holding()
    b.direct.handle('hold', holding.handler)
    b.direct.handle('gone', holding.handler)
    const controller = new AbortController()
    const first = outcome(a.direct.request(b.nodeId, 'hold', Uint8Array.of(0)))
    const aborted = outcome(a.direct.request(b.nodeId, 'hold', Uint8Array.of(1), { signal: controller.signal }))
    const timedOut = outcome(a.direct.request(b.nodeId, 'hold', Uint8Array.of(2), { timeout: 20 }))
    const removed = outcome(a.direct.request(b.nodeId, 'gone', Uint8Array.of(3)))
    const last = outcome(a.direct.request(b.nodeId, 'hold', Uint8Array.of(4)))

    expect(await timedOut).to.equal('RequestTimeoutError')
    controller.abort()
    expect(await aborted).to.equal('AbortError')
    b.direct.unhandle('gone')
    expect(await removed).to.equal('NoSuchHandlerError')
    await holding.release()
    await holding.release()
    expect(await first).to.equal('ok')
    expect(await last).to.equal('ok')
    expect(holding.order.map(text => text.slice(5))).to.deep.equal(['0', '4'])
  })

  it('a flood of notifications is held back at its sender, and arrives completely and in order', async () => {
    const count = 6000
    const [a, b] = await network.pair({ direct: { maxQueueLength: count + 1 } }, { direct: { maxConcurrentPerPeer: 1 } })
    const release = gate()
    const done = gate()
    const arrived: number[] = []
    b.direct.handle('note', async data => {
      await release.promise
      arrived.push(data[0] << 8 | data[1])

      if (arrived.length === count) {
        done.open()
      }
    })
    b.direct.handle('echo', data => data)
    let sent = 0

    const notes = Array.from({ length: count }, async (_, i) => {
      const data = new Uint8Array(5000)
      data.set([i >>> 8, i])
      await a.direct.notify(b.nodeId, 'note', data)
      sent++
    })
    // no answer comes while nothing is read
    expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY, { timeout: 100 }))).to.equal('RequestTimeoutError')
    expect(sent).to.be.below(count)
    release.open()
    await Promise.all([...notes, done.promise])

    expect(arrived).to.deep.equal(Array.from({ length: count }, (_, i) => i))
    expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('ok')
  })

  it('what is not handled yet is not read from the connection, also when it goes on bit by bit', async () => {
    const window = 256 * 1024
    const [a, b] = await network.pair({ window }, { window, direct: { maxIncomingBytes: 100_000, maxConcurrentPerPeer: 1 } })
    const holding = new Holding()
    b.direct.handle('hold', holding.handler)
    const notes = Array.from({ length: 150 }, async () => a.direct.notify(b.nodeId, 'hold', new Uint8Array(60_000)))
    let most = 0

    for (let i = 0; i < 150; i++) {
      await holding.release()
      await new Promise<void>(resolve => { setImmediate(resolve) })
      const [stream] = b.libp2p.getConnections()[0].streams.filter(({ protocol }) => protocol === DIRECT_PROTOCOL)
      most = Math.max(most, stream.readBufferLength)
    }

    await Promise.all(notes)
    // the sender was let go on sometimes, by as much as a window
    expect(most).to.be.above(0).and.at.most(window)
  })

  it('bytes that wait for a handler are limited, and all arrive', async () => {
    const [a, b] = await network.pair({}, { direct: { maxIncomingBytes: MIB, maxConcurrentPerPeer: 1 } })
    const holding = new Holding()
    b.direct.handle('hold', holding.handler)
    const requests = Array.from({ length: 12 }, async (_, i) => {
      const data = pattern(MIB, i)

      return Buffer.compare(await a.direct.request(b.nodeId, 'hold', data), data)
    })

    for (let i = 0; i < 12; i++) {
      await holding.release()
    }

    expect(new Set(await Promise.all(requests))).to.deep.equal(new Set([0]))
  })

  it('both sides can send more than all buffers hold at the same time', async () => {
    const [a, b] = await network.pair()
    const load = async (from: TestNode, to: TestNode): Promise<void> => {
      to.direct.handle('echo', async data => {
        await new Promise<void>(resolve => { setImmediate(resolve) })

        return data
      })

      const outcomes = await Promise.all(Array.from({ length: 30 }, async (_, i) => {
        const data = pattern(MIB, i)

        return Buffer.compare(await from.direct.request(to.nodeId, 'echo', data), data)
      }))

      expect(new Set(outcomes)).to.deep.equal(new Set([0]))
    }

    await Promise.all([load(a, b), load(b, a)])
  })

  it('both sides cannot come to wait for each other: what is too much is refused', async () => {
    const init = { direct: { maxIncomingBytes: 100_000 } }
    const [a, b] = await network.pair(init, init)
    const answer = pattern(MIB / 4)
    const load = async (from: TestNode, to: TestNode): Promise<Set<string>> => {
      to.direct.handle('make', () => answer)

      return new Set(await Promise.all(Array.from({ length: 300 }, async () => {
        return outcome(from.direct.request(to.nodeId, 'make', new Uint8Array(60_000)))
      })))
    }

    for (const outcomes of await Promise.all([load(a, b), load(b, a)])) {
      expect([...outcomes]).to.include('ok')
      expect([...outcomes].filter(name => name !== 'ok' && name !== 'TooManyRequestsError')).to.deep.equal([])
    }
  })

  it('answers that are not taken keep handlers from being started, and are given when they are', async () => {
    const [a, b] = await network.pair()
    const answer = pattern(MIB / 4)
    const full = gate()
    let running = 0
    b.direct.handle('make', async () => {
      running++

      if (running === 256) {
        full.open()
      }

      await new Promise<void>(resolve => { setImmediate(resolve) })

      return answer
    })
    b.direct.handle('ready', data => data)
    await a.direct.request(b.nodeId, 'ready', EMPTY)
    const [connection] = a.libp2p.getConnections()
    const [stream] = connection.streams.filter(({ protocol }) => protocol === DIRECT_PROTOCOL)
    stream.pause()
    const requests = Array.from({ length: 400 }, async () => a.direct.request(b.nodeId, 'make', EMPTY))
    await full.promise

    for (let i = 0; i < 5; i++) {
      // a round trip on the connection, time enough for more
      expect(await outcome(connection.newStream('/nothing'))).to.equal('UnsupportedProtocolError')
    }

    // 256 at once, and as many more as answers of theirs found a place
    expect(running).to.be.at.most(256 + 80)
    stream.resume()

    expect((await Promise.all(requests)).every(({ length }) => length === MIB / 4)).to.equal(true)
    expect(running).to.equal(400)
  })

  it('so many requests wait for their answers', async () => {
    const [a, b] = await network.pair({ direct: { maxInFlight: 5 } })
    const holding = new Holding()
    b.direct.handle('hold', holding.handler)
    const requests = Array.from({ length: 5 }, async () => a.direct.request(b.nodeId, 'hold', EMPTY))
    const err = await failure(a.direct.request(b.nodeId, 'hold', EMPTY))

    expect(err.name).to.equal('TooManyRequestsError')
    expect(err.message).to.contain('5').and.contain(b.nodeId.slice(0, 8))
    await holding.release()
    await requests[0]
    const next = a.direct.request(b.nodeId, 'hold', EMPTY)

    for (let i = 0; i < 5; i++) {
      await holding.release()
    }

    await Promise.all([...requests, next])
  })

  it('so much waits to be sent, by count and by bytes', async () => {
    const [a, b] = await network.pair({ direct: { maxQueueLength: 3, maxQueueBytes: 1000 } })
    b.direct.handle('echo', data => data)
    const send = async (length: number): Promise<string> => outcome(a.direct.request(b.nodeId, 'echo', new Uint8Array(length)))

    for (let round = 0; round < 2; round++) {
      // before the stream is open, and after
      expect(await Promise.all([send(1), send(1), send(1), send(1)])).to.deep.equal(['ok', 'ok', 'ok', 'QueueFullError'])
      expect(await Promise.all([send(600), send(600), send(400)])).to.deep.equal(['ok', 'QueueFullError', 'ok'])
      // one that is longer than all goes alone
      expect(await Promise.all([send(2000), send(1)])).to.deep.equal(['ok', 'QueueFullError'])
    }
  })

  it('a handler that never ends keeps its place, also when its caller comes back', async () => {
    const [a, b] = await network.pair({}, { direct: { maxConcurrentPerPeer: 2 } })
    let started = 0
    const both = gate()
    b.direct.handle('never', async () => {
      if (++started === 2) {
        both.open()
      }

      return new Promise<void>(() => {})
    })
    const lost = Promise.all([outcome(a.direct.request(b.nodeId, 'never', EMPTY)), outcome(a.direct.request(b.nodeId, 'never', EMPTY))])
    await both.promise
    const gone = new Promise<void>(resolve => { b.libp2p.addEventListener('connection:close', () => { resolve() }, { once: true }) })
    a.libp2p.getConnections()[0].abort(new Error('cut'))
    await gone
    await lost
    await network.connect(a, b)

    expect(await outcome(a.direct.request(b.nodeId, 'never', EMPTY, { timeout: 50 }))).to.equal('RequestTimeoutError')
    expect(started).to.equal(2)
  })

  it('are checked at construction', () => {
    const bad: DirectInit[] = [
      { timeout: 0 },
      { timeout: 3_600_001 },
      { maxMessageSize: 100 * MIB + 1 },
      { maxMessageSize: NaN },
      { maxInFlight: 1025 },
      { maxConcurrentPerPeer: 0 },
      { maxIncomingBytes: -1 },
      { maxQueueBytes: 1.5 },
      { maxQueueLength: Infinity }
    ]

    for (const init of bad) {
      const create = (): unknown => direct(init)({ logger: { forComponent: () => () => {} } } as unknown as DirectComponents)

      expect(create, JSON.stringify(init)).to.throw(Object.keys(init)[0]).with.property('name', 'InvalidParametersError')
    }
  })
})
