import { encodeFrame, FrameKind, MAX_MESSAGE_SIZE_CEILING, MAX_PART_LENGTH, MIN_PART_LENGTH } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import fc from 'fast-check'
import { failure, Network, outcome } from './support/network.ts'
import { RawServer, RawStream } from './support/raw-stream.ts'
import type { TestNode } from './support/network.ts'
import type { CallFrame, ExchangeFrame, FrameRule } from '@fisco-libp2p/direct'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Connection, Libp2p } from '@libp2p/interface'

const EMPTY = new Uint8Array()
const PART = new Uint8Array(MIN_PART_LENGTH)

function call (id: number, rest: Partial<CallFrame> = {}): CallFrame {
  return { kind: FrameKind.REQUEST, id, more: false, timeout: 10_000, total: rest.part?.byteLength ?? 0, name: 'echo', part: EMPTY, ...rest }
}

function changed (frame: ExchangeFrame, at: number, value: number): Uint8Array {
  const bytes = encodeFrame(frame)
  bytes[at] = value

  return bytes
}

const long = (id: number): CallFrame => call(id, { more: true, total: 5000, part: PART })
const chunk = (id: number, rest: Partial<ExchangeFrame> = {}): ExchangeFrame => ({ kind: FrameKind.CHUNK, id, more: true, fromCallee: false, part: PART, ...rest } as ExchangeFrame)
const response = (id: number, rest: Partial<ExchangeFrame> = {}): ExchangeFrame => ({ kind: FrameKind.RESPONSE, id, more: false, total: 0, part: EMPTY, ...rest } as ExchangeFrame)

const open = (id: number): ExchangeFrame => ({ kind: FrameKind.OPEN, id, timeout: 10_000, name: 'never' })
const piece = (id: number, length = 1): ExchangeFrame => ({ kind: FrameKind.CHUNK, id, more: false, fromCallee: false, part: new Uint8Array(length) })
const end = (id: number, fromCallee = false): ExchangeFrame => ({ kind: FrameKind.END, id, fromCallee })
const credit = (id: number, cost: number, fromCallee = false): ExchangeFrame => ({ kind: FrameKind.CREDIT, id, fromCallee, cost })

/**
 * What a peer may send that breaks each rule; the node has one request (id 1) under way on the stream.
 */
const violations: Record<string, [FrameRule, Array<ExchangeFrame | Uint8Array>]> = {
  'a frame longer than any': ['length', [Uint8Array.of(0x7f, 0, 0, 0)]],
  'a frame shorter than any': ['length', [Uint8Array.of(0, 0, 0, 1, 1)]],
  'a frame too short for its fields': ['length', [Uint8Array.of(0, 0, 0, 5, 1, 0, 0, 0, 1)]],
  'an unknown kind': ['kind', [changed(call(1), 4, 99)]],
  'an unknown flag': ['flags', [changed(call(1), 9, 0x80)]],
  'a name that is not UTF-8': ['name', [changed(call(1), 19, 0xc0)]],
  'a total beyond the ceiling': ['total', [call(1, { more: true, total: MAX_MESSAGE_SIZE_CEILING + 1, part: PART })]],
  'a response beyond the ceiling': ['total', [response(1, { more: true, total: 0xffffffff, part: PART })]],
  'a part beyond its total': ['part', [call(1, { total: 1, part: PART })]],
  'a part that is too short to go on': ['part', [call(1, { more: true, total: 5000, part: Uint8Array.of(1) })]],
  'a chunk beyond its total': ['part', [long(1), chunk(1), chunk(1), chunk(1), chunk(1)]],
  'a last chunk before its total': ['part', [long(1), chunk(1, { more: false })]],
  'an id that is used again': ['id', [call(1), call(1)]],
  'an id that is left out': ['id', [call(2)]],
  'an id of zero': ['id', [call(0)]],
  'a cancellation of nothing': ['id', [{ kind: FrameKind.CANCEL, id: 1 }]],
  'an answer to nothing': ['id', [response(2)]],
  'an error to nothing': ['id', [{ kind: FrameKind.ERROR, id: 77, code: 1, text: '' }]],
  'an answer that begins twice': ['id', [response(1, { more: true, total: 5000, part: PART }), response(1)]],
  'a chunk without a beginning': ['chunk', [chunk(1)]],
  'a chunk of a finished message': ['chunk', [call(1, { more: true, total: MIN_PART_LENGTH + 1, part: PART }), chunk(1, { more: false, part: Uint8Array.of(1) }), chunk(1)]],
  'a chunk of an answer without a beginning': ['chunk', [chunk(1, { fromCallee: true })]],
  'a streaming exchange with an id that is left out': ['id', [open(2)]],
  'a piece of an exchange that does not stream': ['chunk', [call(1), piece(1)]],
  'an empty piece': ['part', [open(1), piece(1, 0)]],
  'a piece with more to come': ['part', [open(1), chunk(1)]],
  'a piece after the end': ['chunk', [open(1), end(1), piece(1)]],
  'a second end': ['chunk', [open(1), end(1), end(1)]],
  'an end of what does not stream': ['chunk', [call(1), end(1)]],
  'an end of an answer that does not stream': ['chunk', [end(1, true)]],
  'pieces beyond the credit': ['credit', [open(1), ...Array.from({ length: 5 }, () => piece(1, MAX_PART_LENGTH))]],
  'tiny pieces beyond the credit': ['credit', [open(1), ...Array.from({ length: 4_100 }, () => piece(1))]],
  'more credit than there is room for': ['credit', [open(1), credit(1, 1)]],
  'a credit for nothing': ['id', [credit(1, 1)]],
  'a credit for nothing, from the callee': ['id', [credit(77, 1, true)]],
  'too many streaming exchanges': ['unfinished', Array.from({ length: 33 }, (_, i) => open(i + 1))],
  'too many messages under way': ['unfinished', Array.from({ length: 9 }, (_, i) => long(i + 1))]
}

describe('hostile peers', () => {
  const network = new Network()
  let a: TestNode
  let b: { libp2p: Libp2p, nodeId: NodeId }
  let server: RawServer
  let connection: Connection

  before(async () => {
    a = await network.node()
    b = await network.bare()
    server = await RawServer.start(b.libp2p)
    connection = await network.connect(b, a)
    a.direct.handle('echo', data => data)
    a.direct.handleStream('never', async function * (_, { signal }) { await new Promise(resolve => { signal.addEventListener('abort', resolve) }) })
  })

  after(async () => { await network.stop() })

  /**
   * A request of the node on a stream that the peer has opened.
   */
  async function begin (): Promise<{ stream: RawStream, request: Promise<Uint8Array> }> {
    const stream = await RawStream.open(connection)
    // the node has taken the stream when it answers
    stream.send(call(1, { name: 'nobody' }))
    await stream.next()
    const request = a.direct.request(b.nodeId, 'x', EMPTY)
    // before it can fail without anybody listening
    request.catch(() => {})
    expect(await stream.next()).to.include({ kind: FrameKind.REQUEST, id: 1 })

    return { stream, request }
  }

  async function isUnharmed (): Promise<void> {
    const next = outcome(a.direct.request(b.nodeId, 'next', EMPTY))
    const stream = await server.next()
    expect(await stream.next()).to.include({ name: 'next', id: 1 })
    stream.send(response(1))
    expect(await next).to.equal('ok')
    expect(connection.status).to.equal('open')
    stream.stream.abort(new Error('done'))
    await stream.closed
  }

  for (const [what, [rule, frames]] of Object.entries(violations)) {
    it('a response to a streaming exchange ends the stream', async () => {
      const { stream, request } = await begin()
      const answer = a.direct.stream(b.nodeId, 'x', [])
      await stream.take(2)
      stream.send(response(2))

      expect(await failure(answer.next())).to.include({ name: 'InvalidFrameError', rule: 'id' })
      expect(await outcome(request)).to.equal('InvalidFrameError')
      await isUnharmed()
    })

    it(`${what}: "${rule}" ends the stream and its requests, nothing else`, async () => {
      const { stream, request } = await begin()
      // the first id was used by begin()
      const sent = frames.map(frame => !(frame instanceof Uint8Array) && frame.kind !== FrameKind.RESPONSE && frame.kind !== FrameKind.ERROR && (!('fromCallee' in frame) || !frame.fromCallee)
        ? { ...frame, id: frame.id + 1 }
        : frame)
      stream.send(...sent.map(frame => frame instanceof Uint8Array && frame.length > 9 ? withId(frame, 2) : frame))
      const err = await failure(request)

      expect(err).to.include({ name: 'InvalidFrameError', rule })
      expect(err.message).to.contain(rule)
      expect(await stream.closed).to.equal('StreamResetError')
      await isUnharmed()
    })
  }

  it('random bytes end the stream, nothing else', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 8, maxLength: 200 }), async bytes => {
      // a length that no frame has
      bytes[0] |= 1
      const { stream, request } = await begin()
      stream.send(bytes)

      expect(await outcome(request)).to.equal('InvalidFrameError')
      await stream.closed
    }), { numRuns: 20 })
    await isUnharmed()
  })

  it('an answer that comes late, or twice, is ignored', async () => {
    const { stream, request } = await begin()
    stream.send(response(1), response(1), { kind: FrameKind.ERROR, id: 1, code: 2, text: 'late' })
    stream.send(response(1, { more: true, total: 2 * MIN_PART_LENGTH, part: PART }), chunk(1, { fromCallee: true, more: false }))
    expect(await outcome(request)).to.equal('ok')

    const timedOut = outcome(a.direct.request(b.nodeId, 'x', EMPTY, { timeout: 10 }))
    expect(await timedOut).to.equal('RequestTimeoutError')
    expect((await stream.take(2)).map(({ kind, id }) => [kind, id])).to.deep.equal([[FrameKind.REQUEST, 2], [FrameKind.CANCEL, 2]])
    stream.send(response(2), call(2))
    expect(await stream.next()).to.include({ kind: FrameKind.RESPONSE, id: 2 })
    stream.stream.abort(new Error('done'))
    await stream.closed
  })

  it('an answer that comes before the request is sent completely ends both', async () => {
    const stream = await RawStream.open(connection)
    stream.send(call(1))
    await stream.next()
    stream.stream.pause()
    const request = outcome(a.direct.request(b.nodeId, 'x', new Uint8Array(4_000_000)))
    stream.stream.resume()
    await stream.next()
    stream.stream.pause()
    stream.send({ kind: FrameKind.ERROR, id: 1, code: 3, text: 'too much' })
    expect(await request).to.equal('MessageTooLargeError')
    stream.stream.resume()

    for (let frame = await stream.next(); frame.kind !== FrameKind.CANCEL; frame = await stream.next()) {
      expect(frame).to.include({ kind: FrameKind.CHUNK, id: 1, more: true })
    }

    stream.stream.abort(new Error('done'))
    await stream.closed
  })

  it('an explanation of an error cannot harm a terminal', async () => {
    const { stream, request } = await begin()
    stream.send({ kind: FrameKind.ERROR, id: 1, code: 2, text: '\u001b[2J\r\n\u202e' + 'x'.repeat(700) })
    const err = await failure(request)

    expect(err.message).to.match(/^[\x20-\x7e…]*$/)
    expect(err.message.length).to.be.below(400)
    stream.stream.abort(new Error('done'))
    await stream.closed
  })

  it('an unknown error code is a failure of the handler', async () => {
    const { stream, request } = await begin()
    stream.send({ kind: FrameKind.ERROR, id: 1, code: 4711, text: 'new' })

    expect(await failure(request)).to.include({ name: 'HandlerFailedError', reason: 'error 4711: new' })
    stream.stream.abort(new Error('done'))
    await stream.closed
  })

  it('more streams than allowed are refused, and those that there are go on', async () => {
    const streams = await Promise.all(Array.from({ length: 4 }, async () => RawStream.open(connection)))
    const fifth = await RawStream.open(connection)
    expect(await fifth.closed).to.equal('StreamResetError')

    for (const stream of streams) {
      stream.send(call(1, { part: Uint8Array.of(1) }))
      expect(await stream.next()).to.include({ kind: FrameKind.RESPONSE, id: 1 })
      stream.stream.abort(new Error('done'))
      await stream.closed
    }
  })

  it('a message takes memory as its bytes arrive, not as they are announced', async () => {
    const before = process.memoryUsage().arrayBuffers
    const streams = await Promise.all(Array.from({ length: 4 }, async () => RawStream.open(connection)))

    for (const stream of streams) {
      stream.send(...Array.from({ length: 8 }, (_, i) => call(i + 1, { more: true, total: 4_000_000, part: PART })))
      stream.send(call(9))
      await stream.next()
    }

    // 32 messages of 4 MB are announced, 32 KiB have come
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(32 * 1024 * 1024)
    await Promise.all(streams.map(async stream => {
      stream.stream.abort(new Error('done'))
      await stream.closed
    }))
  })

  it('a peer that asks and does not listen is given up', async () => {
    const stream = await RawStream.open(connection)
    a.direct.handle('make', () => new Uint8Array(MAX_PART_LENGTH))
    stream.stream.pause()
    let id = 0

    while (stream.stream.status === 'open' && id < 100_000) {
      stream.send(...Array.from({ length: 500 }, () => call(++id, { name: id < 500 ? 'make' : 'nobody' })))
      await new Promise<void>(resolve => { setImmediate(resolve) })
    }

    expect(await stream.closed).to.equal('StreamResetError')
    await isUnharmed()
  })
})

function withId (bytes: Uint8Array, id: number): Uint8Array {
  const copy = bytes.slice()
  copy[8] = id

  return copy
}
