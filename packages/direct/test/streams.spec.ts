import { FrameKind } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import { gate, Network, outcome, pattern } from './support/network.ts'
import { RawServer, RawStream } from './support/raw-stream.ts'
import type { TestNode } from './support/network.ts'
import type { Stream } from '@libp2p/interface'

const EMPTY = new Uint8Array()

function streamsOf (node: TestNode): Stream[] {
  return node.libp2p.getConnections().flatMap(connection => connection.streams).filter(stream => stream.protocol === node.direct.protocol)
}

/**
 * Resolves when a node has one stream of the protocol, and says who opened it.
 */
async function settledStream (node: TestNode): Promise<Stream> {
  for (let streams = streamsOf(node); ; streams = streamsOf(node)) {
    if (streams.length === 1) {
      return streams[0]
    }

    await new Promise<void>(resolve => { streams[0]?.addEventListener('close', () => { resolve() }) ?? setImmediate(resolve) })
    await new Promise<void>(resolve => { setImmediate(resolve) })
  }
}

async function reset (...nodes: TestNode[]): Promise<void> {
  const gone = nodes.flatMap(streamsOf).map(async stream => {
    await new Promise<void>(resolve => { stream.addEventListener('close', () => { resolve() }) })
  })
  nodes.flatMap(streamsOf).forEach(stream => { stream.abort(new Error('reset')) })
  await Promise.all(gone)
}

describe('when both sides open a stream at once', () => {
  const network = new Network()

  afterEach(async () => { await network.stop() })

  it('nothing is lost, doubled or out of order, and the stream of the side that dialled stays (100 times)', async () => {
    const [a, b] = await network.pair()
    const order = new Map<TestNode, number[]>([[a, []], [b, []]])

    for (const node of [a, b]) {
      node.direct.handle('echo', data => data)
      node.direct.handle('late echo', async data => {
        await new Promise<void>(resolve => { setTimeout(resolve, 1) })

        return data
      })
      node.direct.handle('note', data => { order.get(node)?.push(data[0]) })
    }

    for (let round = 0; round < 100; round++) {
      order.set(a, []).set(b, [])
      await reset(a, b)

      const talk = async (from: TestNode, to: TestNode): Promise<string[]> => Promise.all([
        ...Array.from({ length: 5 }, async (_, i) => outcome(from.direct.notify(to.nodeId, 'note', Uint8Array.of(i)))),
        outcome(from.direct.request(to.nodeId, 'echo', pattern(10))),
        outcome(from.direct.request(to.nodeId, 'late echo', pattern(round === 50 ? 300_000 : 10))),
        // the second wave meets the moment at which the streams meet
        (async () => {
          for (let hop = 0; hop < round % 20; hop++) {
            await new Promise<void>(resolve => { setImmediate(resolve) })
          }

          return Promise.all([
            outcome(from.direct.notify(to.nodeId, 'note', Uint8Array.of(5))),
            outcome(from.direct.notify(to.nodeId, 'note', Uint8Array.of(6))),
            outcome(from.direct.request(to.nodeId, 'late echo', EMPTY))
          ]).then(outcomes => outcomes.join())
        })()
      ])

      expect(await Promise.all([talk(a, b), talk(b, a)])).to.deep.equal(new Array(2).fill([...new Array(7).fill('ok'), 'ok,ok,ok']))
      // what was sent before it has arrived
      await Promise.all([a.direct.request(b.nodeId, 'echo', EMPTY), b.direct.request(a.nodeId, 'echo', EMPTY)])
      expect(order.get(a)).to.deep.equal([0, 1, 2, 3, 4, 5, 6])
      expect(order.get(b)).to.deep.equal([0, 1, 2, 3, 4, 5, 6])

      expect(await settledStream(a)).to.have.property('direction', 'outbound')
      expect(await settledStream(b)).to.have.property('direction', 'inbound')
    }
  })

  it('so on fresh connections', async () => {
    const [a, b] = [await network.node(), await network.node()]

    for (const node of [a, b]) {
      node.direct.handle('echo', data => data)
    }

    for (let round = 0; round < 5; round++) {
      const connection = await network.connect(a, b)

      expect(await Promise.all([
        outcome(a.direct.request(b.nodeId, 'echo', EMPTY)),
        outcome(b.direct.request(a.nodeId, 'echo', EMPTY))
      ])).to.deep.equal(['ok', 'ok'])
      await settledStream(a)
      const gone = new Promise<void>(resolve => { b.libp2p.addEventListener('connection:close', () => { resolve() }, { once: true }) })
      connection.abort(new Error('next'))
      await gone
    }
  })

  it('what was begun on the one that goes ends on it', async () => {
    const a = await network.node()
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    // b dialled, so the stream that b opens will stay
    const connection = await network.connect(b, a)
    const started = gate()
    const finish = gate()
    a.direct.handle('wait', async () => {
      started.open()
      await finish.promise
    })

    const first = a.direct.request(b.nodeId, 'first', EMPTY)
    const old = await server.next()
    expect(await old.next()).to.include({ name: 'first', id: 1 })
    old.send({ kind: FrameKind.REQUEST, id: 1, more: false, timeout: 10_000, total: 0, name: 'wait', part: EMPTY })
    await started.promise

    const young = await RawStream.open(connection)
    young.send({ kind: FrameKind.REQUEST, id: 1, more: false, timeout: 10_000, total: 0, name: 'nobody', part: EMPTY })
    expect(await young.next()).to.include({ kind: FrameKind.ERROR, id: 1 })

    // what is begun now is begun on the new one
    const second = a.direct.request(b.nodeId, 'second', EMPTY)
    expect(await young.next()).to.include({ name: 'second', id: 1 })
    young.send({ kind: FrameKind.RESPONSE, id: 1, more: false, total: 1, part: Uint8Array.of(2) })
    expect(await second).to.deep.equal(Uint8Array.of(2))

    // the old one is still good for what was begun on it
    old.send({ kind: FrameKind.RESPONSE, id: 1, more: false, total: 1, part: Uint8Array.of(1) })
    expect(await first).to.deep.equal(Uint8Array.of(1))
    expect(old.stream.remoteWriteStatus).to.equal('writable')
    finish.open()
    expect(await old.next()).to.include({ kind: FrameKind.RESPONSE, id: 1 })

    // and is closed in good order when that is over
    await old.remoteClosed
    await old.stream.close()
    expect(await old.closed).to.equal('closed')
    expect(young.stream.status).to.equal('open')
  })

  it('the side that dialled stays on its own stream', async () => {
    const a = await network.node()
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const first = outcome(a.direct.request(b.nodeId, 'first', EMPTY))
    const own = await server.next()
    expect(await own.next()).to.include({ name: 'first' })
    own.send({ kind: FrameKind.RESPONSE, id: 1, more: false, total: 0, part: EMPTY })
    expect(await first).to.equal('ok')

    // what the other side begins on its own stream is answered there
    const other = await RawStream.open(b.libp2p.getConnections()[0])
    other.send({ kind: FrameKind.REQUEST, id: 1, more: false, timeout: 10_000, total: 0, name: 'nobody', part: EMPTY })
    expect(await other.next()).to.include({ kind: FrameKind.ERROR, id: 1 })

    const second = outcome(a.direct.request(b.nodeId, 'second', EMPTY))
    expect(await own.next()).to.include({ name: 'second', id: 2 })
    own.send({ kind: FrameKind.RESPONSE, id: 2, more: false, total: 0, part: EMPTY })
    expect(await second).to.equal('ok')

    // when its own is gone, the other one serves
    own.stream.abort(new Error('gone'))
    await own.closed
    other.send({ kind: FrameKind.REQUEST, id: 2, more: false, timeout: 10_000, total: 0, name: 'nobody', part: EMPTY })
    expect(await other.next()).to.include({ kind: FrameKind.ERROR, id: 2 })
    const third = outcome(a.direct.request(b.nodeId, 'third', EMPTY))
    expect(await other.next()).to.include({ name: 'third', id: 1 })
    other.send({ kind: FrameKind.RESPONSE, id: 1, more: false, total: 0, part: EMPTY })
    expect(await third).to.equal('ok')
  })

  it('notifications stay in order across the change', async () => {
    const a = await network.node()
    const b = await network.bare(256 * 1024)
    const server = await RawServer.start(b.libp2p)
    const connection = await network.connect(b, a)
    const notes = [a.direct.notify(b.nodeId, 'note', new Uint8Array(1))]
    const old = await server.next()
    await old.next()
    // more than the stream takes while nobody reads
    old.stream.pause()
    notes.push(a.direct.notify(b.nodeId, 'note', new Uint8Array(2_000_000)))

    const young = await RawStream.open(connection)
    const seen: string[] = []
    young.onFrame = () => { seen.push('young') }
    old.onFrame = frame => { seen.push('more' in frame && frame.more ? 'part' : 'old') }
    // a round trip on the connection: the other side has taken the new stream
    expect(await outcome(connection.newStream('/nothing'))).to.equal('UnsupportedProtocolError')
    notes.push(a.direct.notify(b.nodeId, 'last', EMPTY))
    expect(await outcome(connection.newStream('/nothing'))).to.equal('UnsupportedProtocolError')
    old.stream.resume()
    expect(await young.next()).to.include({ name: 'last', id: 1 })
    await Promise.all(notes)
    expect(seen.slice(-2)).to.deep.equal(['old', 'young'])
  })

  it('a stream that the other side closes for writing is answered, then closed', async () => {
    const a = await network.node()
    const b = await network.bare()
    const finish = gate()
    a.direct.handle('wait', async () => {
      await finish.promise

      return Uint8Array.of(1)
    })
    const stream = await RawStream.open(await network.connect(b, a))
    stream.send({ kind: FrameKind.REQUEST, id: 1, more: false, timeout: 10_000, total: 0, name: 'wait', part: EMPTY })
    await stream.stream.close()
    finish.open()

    expect(await stream.next()).to.include({ kind: FrameKind.RESPONSE, id: 1 })
    expect(await stream.closed).to.equal('closed')
  })
})

describe('before the stream is open', () => {
  const network = new Network()

  after(async () => { await network.stop() })

  it('what is given up is not sent, the rest goes in order', async () => {
    const a = await network.node()
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const controller = new AbortController()
    const given = outcome(a.direct.request(b.nodeId, 'given up', EMPTY, { signal: controller.signal }))
    const notes = ['first', 'second'].map(async name => outcome(a.direct.notify(b.nodeId, name, EMPTY)))
    controller.abort()
    const stream = await server.next()

    expect((await stream.take(2)).map(frame => 'name' in frame ? frame.name : '')).to.deep.equal(['first', 'second'])
    expect(await given).to.equal('AbortError')
    expect(await Promise.all(notes)).to.deep.equal(['ok', 'ok'])
  })
})
