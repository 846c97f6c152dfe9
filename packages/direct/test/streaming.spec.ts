import { MAX_PART_LENGTH, NoSuchHandlerError } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import { pipe } from 'it-pipe'
import { failure, gate, Network, outcome, pattern } from './support/network.ts'
import type { TestNode } from './support/network.ts'
import type { ByteSource } from '@fisco-libp2p/direct'

const MIB = 1024 * 1024
const WINDOW = 256 * 1024

async function collect (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(source))
}

/**
 * A source that says how far it was read, and whether it was ended.
 */
class Watched {
  given = 0
  readonly ended: Promise<void>
  readonly #end: () => void
  readonly #piece: Uint8Array
  readonly #count: number

  constructor (piece: Uint8Array, count = Infinity) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#end = resolve
    this.#piece = piece
    this.#count = count
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<Uint8Array> {
    try {
      while (this.given < this.#count) {
        this.given++
        yield this.#piece
      }
    } finally {
      this.#end()
    }
  }
}

/**
 * Resolves when something has stopped growing: nothing tells that it does not go on.
 */
async function settled (read: () => number): Promise<number> {
  for (let before = -1, calm = 0; calm < 20;) {
    const now = read()
    calm = now === before ? calm + 1 : 0
    before = now
    await new Promise(resolve => { setTimeout(resolve, 10) })
  }

  return read()
}

describe('streaming exchanges', () => {
  const network = new Network()
  let a: TestNode
  let b: TestNode

  before(async () => {
    [a, b] = await network.pair()
    b.direct.handleStream('echo', async function * (source) { yield * source })
    b.direct.handle('whole', data => data)
    a.direct.handleStream('echo', async function * (source) { yield * source })
  })

  after(async () => network.stop())

  for (const [where, nodeId] of [['with another node', () => b.nodeId], ['with the node itself', () => a.nodeId]] as const) {
    it(`carry bytes both ways at once, pieces of any size, ${where}`, async () => {
      const sizes = [0, 1, 1_000, 0, MAX_PART_LENGTH, MAX_PART_LENGTH + 1, 3 * MIB, 7]
      const pieces = sizes.map((size, i) => pattern(size, i))
      const answer = await collect(a.direct.stream(nodeId(), 'echo', pieces))

      expect(Buffer.compare(answer, Buffer.concat(pieces))).to.equal(0)
    })
  }

  it('compose with it-pipe', async () => {
    const text = await pipe(
      ['a', 'b', 'c'].map(letter => Buffer.from(letter)),
      source => a.direct.stream(b.nodeId, 'echo', source, { lane: 'bulk' }),
      async source => (await collect(source)).toString()
    )

    expect(text).to.equal('abc')
  })

  it('begin and end without a byte', async () => {
    expect(await collect(a.direct.stream(b.nodeId, 'echo', []))).to.have.lengthOf(0)
  })

  it('tell the handler who asks', async () => {
    b.direct.handleStream('who', async function * (_, { from, notification }) {
      yield Buffer.from(`${from} ${notification}`)
    })

    expect((await collect(a.direct.stream(b.nodeId, 'who', []))).toString()).to.equal(`${a.nodeId} false`)
  })

  it('go as fast as their reader: what is ahead of it is bounded, and nobody else waits', async () => {
    const source = new Watched(new Uint8Array(16 * 1024))
    b.direct.handleStream('endless', () => source)
    const answer = a.direct.stream(b.nodeId, 'endless', [])
    const ahead = await settled(() => source.given)

    expect(ahead * 16 * 1024).to.be.above(WINDOW / 2).and.at.most(WINDOW + MAX_PART_LENGTH)
    expect(await outcome(a.direct.request(b.nodeId, 'whole', new Uint8Array(MIB)))).to.equal('ok')

    for (let i = 0; i < 100; i++) {
      expect((await answer.next()).value).to.have.lengthOf(16 * 1024)
    }

    expect(await settled(() => source.given)).to.be.at.most(100 + (WINDOW + MAX_PART_LENGTH) / (16 * 1024))
    await answer.return?.()
    await source.ended
  })

  it('count tiny pieces by what they cost to keep', async () => {
    const source = new Watched(Uint8Array.of(1))
    b.direct.handleStream('tiny', () => source)
    const answer = a.direct.stream(b.nodeId, 'tiny', [])

    expect(await settled(() => source.given)).to.be.at.most(2 * WINDOW / 64)
    await answer.return?.()
    await source.ended
  })

  it('go as fast as their handler', async () => {
    const go = gate()
    b.direct.handleStream('slow', async function * (source) {
      await go.promise

      for await (const piece of source) {
        yield Uint8Array.of(piece[0])
      }
    })
    const source = new Watched(new Uint8Array(16 * 1024).fill(5), 200)
    const answer = collect(a.direct.stream(b.nodeId, 'slow', source))

    expect(await settled(() => source.given) * 16 * 1024).to.be.at.most(WINDOW + 2 * MAX_PART_LENGTH)
    go.open()
    expect([...await answer]).to.deep.equal(Array(200).fill(5))
  })

  it('end at both sides when the caller leaves the answer, as often as it likes', async () => {
    for (let i = 0; i < 50; i++) {
      const [up, down] = [new Watched(new Uint8Array(1_000)), new Watched(new Uint8Array(1_000))]
      const aborted = gate()
      b.direct.handleStream(`left ${i}`, (_, { signal }) => {
        signal.addEventListener('abort', () => { aborted.open() })

        return down
      })

      const answer = a.direct.stream(b.nodeId, `left ${i}`, up)
      expect((await answer.next()).value).to.have.lengthOf(1_000)
      // as `break` does in `for await`
      await answer.return?.()
      await Promise.all([up.ended, down.ended, aborted.promise])
    }
  })

  it('end at both sides when the handler is done before the caller', async () => {
    b.direct.handleStream('enough', async function * (source) {
      const { value } = await source[Symbol.asyncIterator]().next()
      yield value
    })
    const source = new Watched(new Uint8Array(1_000))

    expect(await collect(a.direct.stream(b.nodeId, 'enough', source))).to.have.lengthOf(1_000)
    await source.ended
  })

  it('fail at both sides with what the source throws', async () => {
    const heard = gate<string>()
    b.direct.handleStream('upload', async function * (source) {
      const err = await failure(collect(source))
      heard.open(err.message)
      yield Uint8Array.of(1)
    })
    const err = await failure(collect(a.direct.stream(b.nodeId, 'upload', (async function * () {
      yield Uint8Array.of(1)
      throw new Error('the disk is broken')
    })())))

    expect(err.message).to.equal('the disk is broken')
    expect(await heard.promise).to.equal('The caller does not wait any longer')
  })

  it('give what came before the handler failed, then its error', async () => {
    b.direct.handleStream('broken', async function * () {
      yield Uint8Array.of(1)
      throw new Error('no more blocks')
    })
    const source = new Watched(new Uint8Array(1_000))
    const err = await failure(collect(a.direct.stream(b.nodeId, 'broken', source)))

    expect(err).to.include({ name: 'HandlerFailedError', reason: 'no more blocks' })
    await source.ended
  })

  it('refuse what is no bytes', async () => {
    b.direct.handleStream('text', () => ['text'] as unknown as ByteSource)

    expect(await failure(collect(a.direct.stream(b.nodeId, 'text', [])))).to.include({ name: 'HandlerFailedError', reason: 'a chunk of a stream must be a Uint8Array' })
    expect(await failure(collect(a.direct.stream(b.nodeId, 'echo', ['text'] as unknown as ByteSource)))).to.have.property('name', 'TypeError')
  })

  it('end with the signal, and with the time', async () => {
    const ends = [gate<Error>(), gate<Error>()]
    b.direct.handleStream('wait', async function * (_, { signal }) {
      signal.addEventListener('abort', () => { ends.shift()?.open(signal.reason) })
      yield Uint8Array.of(1)
      await new Promise(resolve => { signal.addEventListener('abort', resolve) })
    })
    const [first, second] = ends.map(async ({ promise }) => promise)
    const controller = new AbortController()
    const answer = a.direct.stream(b.nodeId, 'wait', [], { signal: controller.signal })
    await answer.next()
    controller.abort()
    expect(await outcome(answer.next())).to.equal('AbortError')
    await first
    expect(await outcome(collect(a.direct.stream(b.nodeId, 'wait', [], { timeout: 50 })))).to.equal('RequestTimeoutError')
    await second
  })

  it('are told from whole messages', async () => {
    const errors = [
      await failure(collect(a.direct.stream(b.nodeId, 'whole', []))),
      await failure(a.direct.request(b.nodeId, 'echo', new Uint8Array())),
      await failure(collect(a.direct.stream(b.nodeId, 'nothing', [])))
    ]

    expect(errors.every(err => err instanceof NoSuchHandlerError)).to.be.true
    expect(errors.map(({ message }) => message.split('for this: ')[1])).to.deep.equal([
      'it is for whole messages: use request()',
      'it is for streaming exchanges: use stream()',
      'it may run another version, or not have registered it yet'
    ])
  })

  it('are 32 at most, and others have room when some have ended', async () => {
    const go = gate()
    b.direct.handleStream('held', async function * () {
      await go.promise
      yield Uint8Array.of(1)
    })
    const held = Array.from({ length: 32 }, async () => collect(a.direct.stream(b.nodeId, 'held', [])))

    expect(await outcome(collect(a.direct.stream(b.nodeId, 'echo', [])))).to.equal('TooManyRequestsError')
    expect(await outcome(collect(a.direct.stream(b.nodeId, 'echo', [], { lane: 'bulk' })))).to.equal('ok')
    go.open()
    expect(await Promise.all(held.map(outcome))).to.deep.equal(Array(32).fill('ok'))
    expect(await outcome(collect(a.direct.stream(b.nodeId, 'echo', [])))).to.equal('ok')
  })

  it('fail at both sides when the connection is lost, and when a node stops', async () => {
    const ends: Array<(c: TestNode, d: TestNode) => Promise<void>> = [
      async c => { c.libp2p.getConnections()[0].abort(new Error('cut')) },
      async c => c.libp2p.stop(),
      async (_, d) => d.libp2p.stop()
    ]

    for (const end of ends) {
      const [c, d] = await network.pair()
      const heard = gate()
      d.direct.handleStream('echo', async function * (source) {
        try {
          yield * source
        } finally {
          heard.open()
        }
      })
      const source = new Watched(new Uint8Array(10_000))
      const answer = c.direct.stream(d.nodeId, 'echo', source)
      await answer.next()
      await end(c, d)

      expect(await outcome(collect(answer))).to.equal('ConnectionLostError')
      await Promise.all([heard.promise, source.ended])
      await Promise.all([c, d].map(async ({ libp2p }) => libp2p.stop()))
    }
  })

  it('fail when the node is not connected, or the service stopped', async () => {
    const c = await network.node()
    expect(await outcome(collect(c.direct.stream(b.nodeId, 'echo', [])))).to.equal('NotConnectedError')
    await c.libp2p.stop()
    expect(() => c.direct.stream(b.nodeId, 'echo', [])).to.throw('not started')
  })
})
