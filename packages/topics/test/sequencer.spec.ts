import { Feed, History, MAX_BUFFERED, Sequencer } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Received } from '@fisco-libp2p/topics'

describe('sequencer', () => {
  it('hands on in order, whatever the order in which messages come, each once', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 60 }).chain(count => fc.shuffledSubarray(Array.from({ length: count }, (_, i) => i + 1), { minLength: count })), order => {
      const sequencer = new Sequencer<number>()
      const handed = sequencer.begin(1)

      // twice, the second time for nothing
      for (const sequence of [...order, ...order]) {
        handed.push(...sequencer.accept(sequence, sequence, 1))
      }

      expect(handed).to.deep.equal(order.toSorted((a, b) => a - b))
      expect(sequencer.missing).to.equal(undefined)
      expect(sequencer.waiting).to.equal(0)
    }))
  })

  it('says what is missing: between what came, and up to what is known to be', () => {
    const sequencer = new Sequencer<string>()

    sequencer.begin(5)
    expect(sequencer.missing).to.equal(undefined)
    sequencer.accept(8, 'h', 1)
    expect(sequencer.missing).to.deep.equal({ from: 5, to: 7 })
    sequencer.accept(6, 'f', 1)
    expect(sequencer.missing).to.deep.equal({ from: 5, to: 5 })
    expect(sequencer.accept(5, 'e', 1)).to.deep.equal(['e', 'f'])
    expect(sequencer.accept(7, 'g', 1)).to.deep.equal(['g', 'h'])
    sequencer.announce(10)
    expect(sequencer.missing).to.deep.equal({ from: 9, to: 10 })
  })

  it('waits until it is told where to begin, and then begins no later', () => {
    const sequencer = new Sequencer<string>()

    expect(sequencer.accept(7, 'g', 1)).to.deep.equal([])
    expect(sequencer.missing).to.equal(undefined)
    expect(sequencer.begin(9)).to.deep.equal(['g'])
    expect(sequencer.next).to.equal(8)

    const empty = new Sequencer<string>()

    empty.begin(Infinity)
    expect(empty.next).to.equal(undefined)
  })

  it('gives up on what is missing, and on nothing else', () => {
    const sequencer = new Sequencer<string>()

    sequencer.begin(1)
    sequencer.accept(2, 'b', 1)
    sequencer.accept(5, 'e', 1)
    expect(sequencer.skipTo(4)).to.deep.equal(['b'])
    expect(sequencer.missing).to.deep.equal({ from: 4, to: 4 })
    expect(sequencer.accept(4, 'd', 1)).to.deep.equal(['d', 'e'])
    expect(sequencer.accept(3, 'c', 1)).to.deep.equal([])
  })

  it('holds a limited number, and asks again for what had no room', () => {
    const sequencer = new Sequencer<number>()

    sequencer.begin(1)

    for (let i = 2; i <= MAX_BUFFERED + 10; i++) {
      sequencer.accept(i, i, 1)
    }

    expect(sequencer.waiting).to.equal(MAX_BUFFERED)
    expect(sequencer.accept(1, 1, 1)).to.have.lengthOf(MAX_BUFFERED + 1)
    expect(sequencer.missing).to.deep.equal({ from: MAX_BUFFERED + 2, to: MAX_BUFFERED + 10 })
    // by bytes as well
    sequencer.accept(MAX_BUFFERED + 5, 0, 4 * 1_048_576)
    sequencer.accept(MAX_BUFFERED + 6, 0, 1)
    expect(sequencer.waiting).to.equal(1)
  })

  it('bounds what it asks for, however much an author says that there is', () => {
    const sequencer = new Sequencer<number>()

    sequencer.begin(1)
    sequencer.announce(Number.MAX_SAFE_INTEGER)

    expect(sequencer.missing).to.deep.equal({ from: 1, to: MAX_BUFFERED + 1 })
  })
})

describe('feed', () => {
  it('gives up at once on an author that starts anew, however much it said that there was', () => {
    const gaps: Array<[number, number]> = []
    const handed: number[] = []
    const feed = new Feed('fisco/prices', 'a', 1, undefined, {
      onMessage: ({ envelope: { sequence } }) => { handed.push(sequence) },
      onGap: ({ from, to }) => { gaps.push([from, to]) }
    })
    const message = (incarnation: number, sequence: number): Received => ({ envelope: { author: 'a', topic: 'fisco/prices', incarnation, sequence, data: new Uint8Array(0) }, bytes: new Uint8Array(1) })

    feed.accept(message(1, 1), { oldest: 1, last: 1 }, 0)
    feed.accept(message(1, 5), { oldest: 1, last: Number.MAX_SAFE_INTEGER }, 0)
    feed.accept(message(2, 1), { oldest: 1, last: 1 }, 0)
    expect(handed).to.deep.equal([1, 5, 1])
    expect(gaps).to.deep.equal([[2, 4], [6, Number.MAX_SAFE_INTEGER]])
    expect(feed.missing).to.equal(undefined)
  })

  it('misses nothing any more when it is closed, so that nothing more is asked for, nor lost', () => {
    const gaps: unknown[] = []
    const feed = new Feed('fisco/prices', 'a', 1, { oldest: 1, last: 0 }, { onMessage: () => {}, onGap: gap => { gaps.push(gap) } })
    const message = (sequence: number): Received => ({ envelope: { author: 'a', topic: 'fisco/prices', incarnation: 1, sequence, data: new Uint8Array(0) }, bytes: new Uint8Array(1) })

    feed.accept(message(1), undefined, 0)
    feed.accept(message(3), undefined, 0)
    expect(feed.missing).to.deep.equal({ from: 2, to: 2 })
    feed.close()
    // the answer that was under way
    feed.accept(message(2), undefined, 0)
    expect(feed.missing).to.equal(undefined)
    expect(feed.waiting).to.equal(0)
    expect(gaps).to.deep.equal([])
  })
})

describe('history', () => {
  const message = (sequence: number, topic = 'fisco/prices', author = 'a'): Parameters<History['add']>[0] => ({ author, topic, incarnation: 1, sequence })

  it('gives what is there, in order, within the limits of one answer', () => {
    const history = new History()

    for (const sequence of [1, 2, 4, 3, 6]) {
      history.add(message(sequence), Uint8Array.of(sequence, 0))
    }

    history.add(message(5, 'fisco/prices', 'b'), Uint8Array.of(9))

    const numbers = (from: number, to: number, count = 100, bytes = 100): number[] => history.get(message(from), to, count, bytes).map(([sequence]) => sequence)

    expect(numbers(1, 6)).to.deep.equal([1, 2, 3, 4, 6])
    expect(numbers(2, 3)).to.deep.equal([2, 3])
    expect(numbers(1, 6, 2)).to.deep.equal([1, 2])
    expect(numbers(1, 6, 100, 5)).to.deep.equal([1, 2])
    expect(numbers(1, 6, 100, 1)).to.deep.equal([1])
    expect(numbers(7, 2 ** 53)).to.deep.equal([])
    expect(history.get({ ...message(1), incarnation: 2 }, 6, 100, 100)).to.deep.equal([])
    expect(history.oldest(message(0))).to.equal(1)
    expect(history.oldest({ ...message(0), incarnation: 2 })).to.equal(undefined)
  })

  it('keeps a limited number and size, the oldest go', () => {
    const history = new History({ messages: 3, bytes: 10, total: 16 })

    for (let i = 1; i <= 5; i++) {
      history.add(message(i), new Uint8Array(1))
    }

    expect(history.oldest(message(0))).to.equal(3)
    history.add(message(6), new Uint8Array(9))
    expect(history.oldest(message(0))).to.equal(5)
    expect(history.bytes).to.equal(10)
    // of all topics together: the largest one gives
    history.add(message(1, 'fisco/blocks'), new Uint8Array(7))
    expect(history.bytes).to.equal(16)
    expect(history.oldest(message(0))).to.equal(6)
    expect(history.oldest(message(0, 'fisco/blocks'))).to.equal(1)
    history.add(message(2, 'fisco/blocks'), new Uint8Array(11))
    expect(history.oldest(message(0, 'fisco/blocks'))).to.equal(undefined)
    history.forget('fisco/prices')
    expect(history.bytes).to.equal(0)
  })
})
