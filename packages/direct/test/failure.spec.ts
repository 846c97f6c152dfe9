import { encodeFrame, FrameKind } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import { failure, gate, Network, outcome } from './support/network.ts'
import { RawServer, RawStream } from './support/raw-stream.ts'
import type { TestNode } from './support/network.ts'
import type { Stream } from '@libp2p/interface'

const EMPTY = new Uint8Array()

/**
 * Resolves when all of some nodes have seen a connection end.
 */
async function disconnected (...nodes: TestNode[]): Promise<void> {
  await Promise.all(nodes.map(async ({ libp2p }) => {
    await new Promise<void>(resolve => { libp2p.addEventListener('connection:close', () => { resolve() }, { once: true }) })
  }))
}

function streamsOf (node: TestNode): Stream[] {
  return node.libp2p.getConnections().flatMap(connection => connection.streams).filter(stream => stream.protocol === node.direct.protocol)
}

/**
 * Counts how often each of several requests is settled, and how.
 */
class Tally {
  readonly counts: number[] = []
  readonly names = new Set<string>()
  readonly #all: Array<Promise<void>> = []

  add (request: Promise<unknown>): void {
    const index = this.counts.push(0) - 1

    this.#all.push(request.then(
      () => { this.#count(index, 'ok') },
      err => { this.#count(index, err.name) }
    ))
  }

  async settled (): Promise<void> {
    await Promise.all(this.#all)
  }

  #count (index: number, name: string): void {
    this.counts[index]++
    this.names.add(name)
  }
}

describe('when the connection is lost', () => {
  const network = new Network()
  let a: TestNode
  let b: TestNode

  beforeEach(async () => { [a, b] = await network.pair() })
  afterEach(async () => { await network.stop() })

  for (const [how, cut] of Object.entries({
    'aborted by the caller': () => { a.libp2p.getConnections()[0].abort(new Error('cut')) },
    'aborted by the other node': () => { b.libp2p.getConnections()[0].abort(new Error('cut')) },
    'closed by the caller': async () => { await a.libp2p.hangUp(b.libp2p.peerId) },
    'closed by the other node': async () => { await b.libp2p.hangUp(a.libp2p.peerId) }
  })) {
    it(`each request fails exactly once, handlers are told: ${how}`, async () => {
      const tally = new Tally()
      const started = gate()
      const aborted = gate()
      let running = 0

      b.direct.handle('never', async (data, { signal }) => {
        running++
        signal.addEventListener('abort', () => {
          running--

          if (running === 0) {
            aborted.open()
          }
        })

        if (running === 100) {
          started.open()
        }

        return new Promise<void>(() => {})
      })

      for (let i = 0; i < 100; i++) {
        tally.add(a.direct.request(b.nodeId, 'never', new Uint8Array(i)))
      }

      await started.promise
      // some that are not sent yet, and some in the middle of being sent
      tally.add(a.direct.request(b.nodeId, 'never', new Uint8Array(4_000_000)))
      tally.add(a.direct.notify(b.nodeId, 'never', new Uint8Array(4_000_000)))
      const noticed = disconnected(a, b)
      await cut()
      await noticed
      tally.add(a.direct.request(b.nodeId, 'never', EMPTY))
      await tally.settled()
      await aborted.promise

      expect(tally.counts).to.deep.equal(new Array(103).fill(1))
      expect([...tally.names]).to.include('ConnectionLostError').and.not.include('ok')
      expect(a.direct.isConnected(b.nodeId)).to.equal(false)
    })
  }

  it('requests after a new connection use that', async () => {
    b.direct.handle('echo', data => data)
    expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('ok')
    const noticed = disconnected(a, b)
    a.libp2p.getConnections()[0].abort(new Error('cut'))
    expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('NotConnectedError')
    await noticed
    await network.connect(b, a)

    expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('ok')
  })

  it('with two connections, requests use the one that is left', async () => {
    b.direct.handle('echo', data => data)
    const accepted = new Promise<void>(resolve => { a.libp2p.addEventListener('connection:open', () => { resolve() }, { once: true }) })
    const second = await b.libp2p.dial(a.libp2p.getMultiaddrs(), { force: true })
    await accepted
    expect(a.libp2p.getConnections()).to.have.length(2)

    for (const connection of [...a.libp2p.getConnections()].reverse()) {
      expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('ok')
      connection.abort(new Error('cut'))
    }

    expect(second.status).to.not.equal('open')
    expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('NotConnectedError')
  })

  it('a stream that dies is replaced by the next request', async () => {
    b.direct.handle('echo', data => data)

    for (const node of [a, b, a]) {
      expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('ok')
      expect(await outcome(b.direct.request(a.nodeId, 'nobody', EMPTY))).to.equal('NoSuchHandlerError')
      const gone = [a, b].flatMap(streamsOf).map(async stream => {
        await new Promise<void>(resolve => { stream.addEventListener('close', () => { resolve() }) })
      })
      streamsOf(node).forEach(stream => { stream.abort(new Error('dead')) })
      await Promise.all(gone)
    }

    expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('ok')
    expect(a.libp2p.getConnections()).to.have.length(1)
  })

  it('a request that the other end had not answered says that it may have been handled', async () => {
    const started = gate()
    b.direct.handle('never', async () => {
      started.open()

      return new Promise<void>(() => {})
    })
    const request = failure(a.direct.request(b.nodeId, 'never', EMPTY))
    await started.promise
    b.libp2p.getConnections()[0].abort(new Error('cut'))

    expect(await request).to.include({ name: 'ConnectionLostError', nodeId: b.nodeId })
  })
})

describe('when a stream ends within a frame', () => {
  const network = new Network()

  after(async () => { await network.stop() })

  it('the answer is given or the request fails, once, wherever it is cut', async () => {
    const a = await network.node()
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const response = encodeFrame({ kind: FrameKind.RESPONSE, id: 1, more: false, total: 3, part: Uint8Array.of(1, 2, 3) })
    const endings = ['abort', 'close'] as const

    for (const ending of endings) {
      for (let at = 0; at <= response.length; at++) {
        const tally = new Tally()
        tally.add(a.direct.request(b.nodeId, 'x', Uint8Array.of(at)))
        const stream = await server.next()
        expect(await stream.next()).to.include({ kind: FrameKind.REQUEST, id: 1 })
        stream.send(response.subarray(0, at))

        if (ending === 'abort') {
          stream.stream.abort(new Error('cut'))
        } else {
          await stream.stream.close()
        }

        await tally.settled()
        await stream.closed
        expect(tally.counts).to.deep.equal([1])
        expect([...tally.names]).to.deep.equal([at === response.length ? 'ok' : 'ConnectionLostError'])
      }
    }
  })
})

describe('a handler', () => {
  const network = new Network()

  after(async () => { await network.stop() })

  it('is told when the time that the caller gave is over, even if the caller says nothing', async () => {
    const a = await network.node()
    const b = await network.bare()
    const aborted = gate()
    a.direct.handle('never', async (data, { signal }) => {
      signal.addEventListener('abort', () => { aborted.open() })

      return new Promise<void>(() => {})
    })
    const connection = await network.connect(b, a)
    const stream = await RawStream.open(connection)
    stream.send({ kind: FrameKind.REQUEST, id: 1, more: false, timeout: 20, total: 0, name: 'never', part: EMPTY })

    expect(await stream.next()).to.deep.equal({ kind: FrameKind.ERROR, id: 1, code: 5, text: '' })
    await aborted.promise
  })
})

describe('stop', () => {
  const network = new Network()

  afterEach(async () => { await network.stop() })

  it('fails what waits, tells the handlers of both sides, leaves no stream, and can be repeated', async () => {
    const [a, b] = await network.pair()
    const started = gate()
    const aborted: string[] = []
    let count = 0

    for (const node of [a, b]) {
      node.direct.handle('never', async (data, { signal }) => {
        signal.addEventListener('abort', () => { aborted.push(node.nodeId) })

        if (++count === 2) {
          started.open()
        }

        return new Promise<void>(() => {})
      })
    }

    const mine = outcome(a.direct.request(b.nodeId, 'never', EMPTY))
    const theirs = outcome(b.direct.request(a.nodeId, 'never', EMPTY))
    await started.promise
    const service = a.direct as unknown as { stop(): Promise<void>, start(): Promise<void> }
    await Promise.all([service.stop(), service.stop()])

    expect(await mine).to.equal('ConnectionLostError')
    expect(await theirs).to.equal('ConnectionLostError')
    expect(aborted).to.have.members([a.nodeId, b.nodeId])
    expect(streamsOf(a)).to.deep.equal([])
    expect(await outcome(a.direct.request(b.nodeId, 'never', EMPTY))).to.equal('NotStartedError')
    expect(await outcome(b.direct.request(a.nodeId, 'never', EMPTY))).to.equal('UnsupportedProtocolError')

    // and it can be started again, with the connections that there are
    await service.start()
    b.direct.handle('echo', data => data)
    expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('ok')
  })

  it('hands over what was sent before it', async () => {
    const [a, b] = await network.pair()
    const received = gate<number>()
    b.direct.handle('note', data => { received.open(data.length) })
    await a.direct.notify(b.nodeId, 'note', new Uint8Array(3_000_000))
    await a.libp2p.stop()

    expect(await received.promise).to.equal(3_000_000)
  })

  it('tells the other side that nobody waits, and closes the stream in good order', async () => {
    const a = await network.node()
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const request = outcome(a.direct.request(b.nodeId, 'x', EMPTY))
    const stream = await server.next()
    expect(await stream.next()).to.include({ kind: FrameKind.REQUEST, id: 1 })
    const stopped = (a.direct as unknown as { stop(): Promise<void> }).stop()

    expect(await stream.next()).to.deep.equal({ kind: FrameKind.CANCEL, id: 1 })
    await stream.remoteClosed
    await stream.stream.close()
    expect(await stream.closed).to.equal('closed')
    expect(await request).to.equal('ConnectionLostError')
    await stopped
  })

  it('does not wait for a node that does not answer', async () => {
    const a = await network.node()
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const request = outcome(a.direct.request(b.nodeId, 'x', EMPTY))
    const stream = await server.next()
    await a.libp2p.stop()

    expect(await request).to.equal('ConnectionLostError')
    expect(await stream.closed).to.be.a('string')
  })
})
