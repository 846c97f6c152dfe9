import { FrameKind, MAX_PART_LENGTH } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import { failure, gate, Network, outcome, pattern } from './support/network.ts'
import { RawServer, RawStream } from './support/raw-stream.ts'
import type { TestNode } from './support/network.ts'
import type { ExchangeFrame } from '@fisco-libp2p/direct'

const MIB = 1024 * 1024

function partLength (frame: ExchangeFrame): number {
  return 'part' in frame ? frame.part.byteLength : 0
}

/**
 * All of a message of several frames that this side sends.
 */
function framesOf (id: number, name: string, data: Uint8Array): ExchangeFrame[] {
  const frames: ExchangeFrame[] = []

  for (let at = 0; at < data.length; at += MAX_PART_LENGTH) {
    const part = data.subarray(at, at + MAX_PART_LENGTH)
    const more = at + part.length < data.length

    frames.push(at === 0
      ? { kind: FrameKind.REQUEST, id, more, timeout: 30_000, total: data.length, name, part }
      : { kind: FrameKind.CHUNK, id, more, fromCallee: false, part })
  }

  return frames
}

describe('long messages', () => {
  const network = new Network()

  afterEach(async () => { await network.stop() })

  it('of 4 MiB pass in both directions at once', async () => {
    const [a, b] = await network.pair()
    const ask = async (from: TestNode, to: TestNode, seed: number): Promise<void> => {
      const message = pattern(4 * MIB, seed)
      to.direct.handle('echo', data => data)
      const answer = await from.direct.request(to.nodeId, 'echo', message)

      expect(Buffer.compare(answer, message)).to.equal(0)
    }

    await Promise.all([ask(a, b, 1), ask(b, a, 2)])
  })

  it('of the largest size that FISCO BCOS allows pass where they are allowed', async () => {
    const init = { direct: { maxMessageSize: 100 * MIB } }
    const [a, b] = await network.pair(init, init)
    const message = pattern(100 * MIB)
    b.direct.handle('check', data => Uint8Array.of(Buffer.compare(data, message)))

    expect(await a.direct.request(b.nodeId, 'check', message)).to.deep.equal(Uint8Array.of(0))
  })

  it('are refused by the sender above its limit', async () => {
    const [a, b] = await network.pair({ direct: { maxMessageSize: 1000 } })
    b.direct.handle('echo', data => data)
    const err = await failure(a.direct.request(b.nodeId, 'echo', new Uint8Array(1001)))

    expect(err.name).to.equal('MessageTooLargeError')
    expect(err.message).to.contain('1001').and.contain('1000')
    expect(await outcome(a.direct.request(b.nodeId, 'echo', new Uint8Array(1000)))).to.equal('ok')
  })

  it('are refused by the receiver above its limit, and nothing else suffers', async () => {
    const [a, b] = await network.pair({}, { direct: { maxMessageSize: 1000 } })
    b.direct.handle('echo', data => data)
    b.direct.handle('make', data => new Uint8Array(data[0] * 100))
    const other = a.direct.request(b.nodeId, 'echo', new Uint8Array(10))

    // in one frame, and in many
    for (const length of [1001, 3 * MIB]) {
      const err = await failure(a.direct.request(b.nodeId, 'echo', new Uint8Array(length)))

      expect(err.name).to.equal('MessageTooLargeError')
      expect(err.message).to.contain(`${length}`).and.contain('1000')
    }

    // as an answer that its sender does not send
    expect(await outcome(a.direct.request(b.nodeId, 'make', Uint8Array.of(11)))).to.equal('MessageTooLargeError')
    expect(await outcome(a.direct.request(b.nodeId, 'make', Uint8Array.of(10)))).to.equal('ok')
    expect(await outcome(other)).to.equal('ok')
  })

  it('are refused by the caller as answers above its limit, and nothing else suffers', async () => {
    const [a, b] = await network.pair({ direct: { maxMessageSize: 1000 } })
    b.direct.handle('make', data => new Uint8Array(Number(`0x${Buffer.from(data).toString('hex')}`)))
    const make = async (length: number): Promise<string> => outcome(a.direct.request(b.nodeId, 'make', Buffer.from(length.toString(16).padStart(8, '0'), 'hex')))

    expect(await Promise.all([make(1000), make(1001), make(70_000), make(4 * MIB), make(999)]))
      .to.deep.equal(['ok', 'MessageTooLargeError', 'MessageTooLargeError', 'MessageTooLargeError', 'ok'])
  })

  it('do not hold up short ones', async () => {
    const a = await network.node()
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const long = outcome(a.direct.request(b.nodeId, 'long', new Uint8Array(4 * MIB)))
    const stream = await server.next()
    await stream.take(3)
    const short = outcome(a.direct.request(b.nodeId, 'short', new Uint8Array(10)))
    const sizes: number[] = []
    let frame = await stream.next()

    while (frame.kind === FrameKind.CHUNK) {
      sizes.push(partLength(frame))
      frame = await stream.next()
    }

    expect(frame).to.include({ kind: FrameKind.REQUEST, name: 'short' })
    expect(sizes.length).to.be.below(60)
    stream.send({ kind: FrameKind.RESPONSE, id: frame.id, more: false, total: 0, part: new Uint8Array() })
    expect(await short).to.equal('ok')
    stream.send({ kind: FrameKind.ERROR, id: 1, code: 2, text: '' })
    expect(await long).to.equal('HandlerFailedError')
  })

  it('take turns, eight at a time', async () => {
    const a = await network.node()
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const requests = Array.from({ length: 12 }, async (_, i) => outcome(a.direct.request(b.nodeId, `${i}`, new Uint8Array(10 * MAX_PART_LENGTH))))
    const stream = await server.next()
    const received = new Map<number, number>()
    let answered = 0

    while (answered < 12) {
      const frame = await stream.next()
      const bytes = (received.get(frame.id) ?? 0) + partLength(frame)
      received.set(frame.id, bytes)
      // one begins when another has ended
      expect(received.size).to.be.at.most(8)

      if (bytes === 10 * MAX_PART_LENGTH) {
        received.delete(frame.id)
        stream.send({ kind: FrameKind.RESPONSE, id: frame.id, more: false, total: 0, part: new Uint8Array() })
        answered++
      } else if (received.size === 8 && Math.min(...received.values()) > 0 && answered === 0) {
        // nobody is more than one turn ahead
        expect(Math.max(...received.values()) - Math.min(...received.values())).to.be.at.most(MAX_PART_LENGTH)
      }
    }

    expect(await Promise.all(requests)).to.deep.equal(new Array(12).fill('ok'))
  })

  it('are never more than eight under way, also when one of them is aborted and others wait', async () => {
    const a = await network.node()
    const b = await network.bare(256 * 1024)
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const controller = new AbortController()
    const outcomes = Array.from({ length: 12 }, async (_, i) => {
      return outcome(a.direct.notify(b.nodeId, `long ${i}`, new Uint8Array(10 * MAX_PART_LENGTH), i % 4 === 0 ? { signal: controller.signal } : {}))
    })
    const stream = await server.next()
    const underWay = new Set<number>()
    let most = 0
    let shortOnes = 0
    const all = gate()

    stream.onFrame = frame => {
      if (frame.kind === FrameKind.CANCEL || ('more' in frame && !frame.more)) {
        underWay.delete(frame.id)
        shortOnes += frame.kind === FrameKind.NOTIFICATION ? 1 : 0
      } else {
        underWay.add(frame.id)
      }

      most = Math.max(most, underWay.size)

      if (shortOnes === 100 && underWay.size === 0) {
        all.open()
      }
    }

    await stream.take(9)
    stream.stream.pause()
    outcomes.push(...Array.from({ length: 100 }, async () => outcome(a.direct.notify(b.nodeId, 'short', new Uint8Array(10_000)))))
    controller.abort()
    stream.stream.resume()
    await all.promise

    expect((await Promise.all(outcomes)).filter(name => name !== 'ok')).to.deep.equal(['AbortError', 'AbortError', 'AbortError'])
    expect(most).to.equal(8)
  })

  it('that are aborted on the way are cancelled, and others go on', async () => {
    const a = await network.node()
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const controller = new AbortController()
    const long = outcome(a.direct.request(b.nodeId, 'long', new Uint8Array(4 * MIB), { signal: controller.signal }))
    const note = outcome(a.direct.notify(b.nodeId, 'note', new Uint8Array(4 * MIB), { signal: controller.signal }))
    const stream = await server.next()
    await stream.take(4)
    controller.abort()
    const next = outcome(a.direct.request(b.nodeId, 'next', new Uint8Array(1)))

    expect(await long).to.equal('AbortError')
    expect(await note).to.equal('AbortError')

    const ends: ExchangeFrame[] = []

    while (ends.length < 3) {
      const frame = await stream.next()

      if (frame.kind !== FrameKind.CHUNK) {
        ends.push(frame)
      }
    }

    expect(ends.map(({ kind, id }) => [kind, id])).to.deep.equal([[FrameKind.CANCEL, 1], [FrameKind.CANCEL, 2], [FrameKind.REQUEST, 3]])
    stream.send({ kind: FrameKind.RESPONSE, id: 3, more: false, total: 0, part: new Uint8Array() })
    expect(await next).to.equal('ok')
  })

  it('as answers are cut short when nobody waits for them', async () => {
    const a = await network.node()
    const b = await network.bare()
    const connection = await network.connect(b, a)
    a.direct.handle('make', () => new Uint8Array(4 * MIB))
    const stream = await RawStream.open(connection)
    // what is not read holds the answer back, so that it is under way when it is cancelled
    stream.stream.pause()
    stream.send({ kind: FrameKind.REQUEST, id: 1, more: false, timeout: 10_000, total: 0, name: 'make', part: new Uint8Array() })
    stream.send({ kind: FrameKind.CANCEL, id: 1 })
    stream.send({ kind: FrameKind.REQUEST, id: 2, more: false, timeout: 10_000, total: 0, name: 'nobody', part: new Uint8Array() })
    stream.stream.resume()
    const seen: ExchangeFrame[] = []
    let bytes = 0

    do {
      const frame = await stream.next()
      bytes += partLength(frame)
      seen.push(frame)
    } while (seen.at(-1)?.id !== 2)

    expect(bytes).to.be.below(4 * MIB)
    // an answer that was begun is ended by an error
    expect(seen.filter(({ kind }) => kind === FrameKind.ERROR).map(({ id }) => id)).to.deep.equal(bytes > 0 ? [1, 2] : [2])
  })

  it('are dropped when they are cancelled on the way, and the id of the next call follows', async () => {
    const a = await network.node()
    const b = await network.bare()
    const connection = await network.connect(b, a)
    const called: number[] = []
    a.direct.handle('put', data => { called.push(data.length) })
    const stream = await RawStream.open(connection)
    const message = pattern(3 * MAX_PART_LENGTH)
    stream.send(...framesOf(1, 'put', message).slice(0, 2), { kind: FrameKind.CANCEL, id: 1 }, ...framesOf(2, 'put', message))

    expect(await stream.next()).to.include({ kind: FrameKind.RESPONSE, id: 2 })
    expect(called).to.deep.equal([message.length])
  })

  it('to no handler are refused at their first frame', async () => {
    const a = await network.node()
    const b = await network.bare()
    const connection = await network.connect(b, a)
    const stream = await RawStream.open(connection)
    const frames = framesOf(1, 'nobody', pattern(3 * MAX_PART_LENGTH))
    stream.send(frames[0])

    expect(await stream.next()).to.include({ kind: FrameKind.ERROR, id: 1, code: 1 })
    // what was on its way is taken and dropped
    stream.send(...frames.slice(1), { kind: FrameKind.REQUEST, id: 2, more: false, timeout: 1000, total: 0, name: 'nobody', part: new Uint8Array() })
    expect(await stream.next()).to.include({ kind: FrameKind.ERROR, id: 2 })
  })

  it('wait for a reader that does not read, and others are not affected', async () => {
    const a = await network.node()
    const b = await network.bare()
    const [c] = [await network.node()]
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    await network.connect(a, c)
    c.direct.handle('echo', data => data)
    const first = gate()
    const sent: number[] = []
    const stalled = outcome(a.direct.request(b.nodeId, 'first', new Uint8Array(1)))
    const stream = await server.next()
    await stream.next()
    stream.stream.pause()
    const notes = Array.from({ length: 15 }, async (_, i) => {
      const result = await outcome(a.direct.notify(b.nodeId, 'note', new Uint8Array(4 * MIB)))
      sent.push(i)
      first.open()

      return result
    })

    for (let i = 0; i < 100; i++) {
      expect(await outcome(a.direct.request(c.nodeId, 'echo', new Uint8Array(10_000)))).to.equal('ok')
    }

    // 60 MiB wait in the queue, where they can still be taken back, not in the stream
    expect(sent).to.deep.equal([])
    expect(stream.stream.readBufferLength).to.be.below(4 * MIB)
    stream.stream.resume()
    await first.promise
    stream.stream.abort(new Error('enough'))
    expect(await stalled).to.equal('ConnectionLostError')
    expect(await Promise.all(notes)).to.include('ConnectionLostError')
  })
})
