import { askFollowers, decodeRequest, encodeRequest, shuffle } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'

const options = { topic: 'prices', timeout: 5_000, tryTimeout: 5_000, signals: [] }
const never = async (): Promise<Uint8Array> => new Promise(() => {})

async function failure (promise: Promise<unknown>): Promise<Error & { cause?: Error }> {
  return promise.then(() => { throw new Error('it did not fail') }, err => err)
}

describe('asking followers', () => {
  it('takes the first answer', async () => {
    const asked: string[] = []
    const answer = await askFollowers(['a', 'b', 'c'], async follower => {
      asked.push(follower)

      if (follower === 'a') {
        throw new Error('busy')
      }

      return Buffer.from(follower)
    }, options)

    expect(asked).to.deep.equal(['a', 'b'])
    expect(Buffer.from(answer).toString()).to.equal('b')
  })

  it('goes on after one that does not answer, and tells it', async () => {
    const aborted: string[] = []
    const answer = await askFollowers(['a', 'b'], async (follower, signal) => {
      signal.addEventListener('abort', () => { aborted.push(follower) })

      return follower === 'a' ? never() : Uint8Array.of(1)
    }, { ...options, tryTimeout: 20 })

    expect(answer).to.deep.equal(Uint8Array.of(1))
    expect(aborted).to.deep.equal(['a'])
  })

  it('fails if none answers, with the last failure as the cause', async () => {
    const err = await failure(askFollowers(['a', 'b'], async follower => { throw new Error(`${follower} is busy`) }, options))

    expect(err).to.have.property('name', 'NoFollowerError')
    expect(err.message).to.include('"prices"').and.include('2 were asked')
    expect(err.cause).to.have.property('message', 'b is busy')
  })

  it('fails if there are none', async () => {
    const err = await failure(askFollowers([], never, options))

    expect(err).to.have.property('name', 'NoFollowerError')
    expect(err.message).to.include('No node is known to follow topic "prices"')
  })

  it('ends with the deadline of all tries together', async () => {
    const err = await failure(askFollowers(['a', 'b', 'c'], never, { ...options, timeout: 60, tryTimeout: 40 }))

    expect(err).to.have.property('name', 'NoFollowerError')
    expect(err.message).to.include('Of 3 followers').and.include('2 were asked within 60 ms')
    expect(err.cause).to.have.property('name', 'TimeoutError')
  })

  it('ends with a signal, and leaves no listener on it', async () => {
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    const asking = failure(askFollowers(['a', 'b'], never, { ...options, signals: [controller.signal] }))

    controller.abort(new Error('enough'))
    expect((await asking).message).to.equal('enough')
    expect((await failure(askFollowers(['a'], never, { ...options, signals: [controller.signal] }))).message).to.equal('enough')
    expect(listeners()).to.equal(0)

    const other = new AbortController()
    const left = countListeners(other.signal)

    await askFollowers(['a'], async () => Uint8Array.of(1), { ...options, signals: [other.signal] })
    expect(left()).to.equal(0)
  })

  it('reads requests as they were written, and any other bytes as a request or an error', () => {
    fc.assert(fc.property(fc.string(), fc.uint8Array(), (topic, data) => {
      const request = decodeRequest(encodeRequest(topic, data))

      expect(request.topic).to.equal(topic)
      expect(Buffer.compare(request.data, data)).to.equal(0)
    }))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
      try {
        expect(decodeRequest(bytes)).to.have.keys('topic', 'data')
      } catch (err) {
        expect(err).to.have.property('name', 'MalformedMessageError')
      }
    }))
  })

  it('asks in random order', () => {
    fc.assert(fc.property(fc.array(fc.integer()), fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (list, random) => {
      const shuffled = shuffle(list, () => random.next().value as number)

      expect([...shuffled].sort()).to.deep.equal([...list].sort())
    }))

    const firsts = new Set(Array.from({ length: 200 }, () => shuffle(['a', 'b', 'c'], Math.random)[0]))

    expect([...firsts].sort()).to.deep.equal(['a', 'b', 'c'])
  })
})

function countListeners (signal: AbortSignal): () => number {
  const listeners = new Set<unknown>()
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)

  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.add(args[1])
    add(...args)
  }

  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1])
    remove(...args)
  }

  return () => listeners.size
}
