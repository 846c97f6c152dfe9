import { HoldQueue, MAX_HELD, MAX_HELD_BYTES, MAX_HELD_PER_AUTHOR } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'

describe('hold queue', () => {
  it('gives back what it took: once, in order, by author or when its time is over', () => {
    const action = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), author: fc.constantFrom('a', 'b', 'c'), neighbour: fc.constantFrom('x', 'y', 'z'), bytes: fc.integer({ min: 0, max: 40 }) }) },
      fc.record({ do: fc.constant('release' as const), author: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 12 }) })
    )

    fc.assert(fc.property(fc.array(action, { maxLength: 200 }), actions => {
      const queue = new HoldQueue<number>({ perAuthor: 3, total: 16, bytes: 200, timeout: 10 })
      let held: Array<{ author: string, neighbour: string, id: number, bytes: number, until: number }> = []
      let now = 0
      let id = 0

      const takeOut = (which: (entry: typeof held[number]) => boolean): number[] => {
        const taken = held.filter(which)

        held = held.filter(entry => !which(entry))

        return taken.map(({ id }) => id)
      }

      for (const action of actions) {
        switch (action.do) {
          case 'add': {
            const { author, neighbour, bytes } = action
            const share = held.filter(entry => entry.neighbour === neighbour)
            const fits = share.filter(entry => entry.author === author).length < 3 && share.length < 4 && share.reduce((sum, entry) => sum + entry.bytes, bytes) <= 50

            expect(queue.add(author, neighbour, ++id, bytes, now)).to.equal(fits)

            if (fits) {
              held.push({ author, neighbour, id, bytes, until: now + 10 })
            }

            break
          }

          case 'release':
            expect(queue.release(action.author)).to.deep.equal(takeOut(({ author }) => author === action.author))
            break
          default:
            now += action.ms
            expect(queue.expire(now)).to.deep.equal(takeOut(({ until }) => until <= now))
        }

        expect(queue.size).to.equal(held.length)
        expect(queue.deadline).to.equal(held[0]?.until)
      }

      expect(queue.clear()).to.deep.equal(held.map(({ id }) => id))
      expect(queue.size).to.equal(0)
    }))
  })

  it('holds 64 messages of one author from one neighbour, 256 of it, 1,024 in all, and 16 MiB', () => {
    const queue = new HoldQueue<number>()
    const fill = (author: string, neighbour: string, bytes: number): number => {
      let count = 0

      while (queue.add(author, neighbour, 0, bytes, 0)) {
        count++
      }

      return count
    }

    expect(fill('a', 'x', 1)).to.equal(MAX_HELD_PER_AUTHOR)
    // who says that it has messages of an author keeps out nobody who has
    expect(fill('a', 'y', 1)).to.equal(MAX_HELD_PER_AUTHOR)
    expect(['b', 'c', 'd', 'e'].map(author => fill(author, 'x', 1))).to.deep.equal([64, 64, 64, 0])
    expect(['b', 'c', 'd', 'e'].map(author => fill(author, 'y', 1))).to.deep.equal([64, 64, 64, 0])
    expect(['v', 'w', 'z'].map(neighbour => ['a', 'b', 'c', 'd'].reduce((sum, author) => sum + fill(author, neighbour, 1), 0))).to.deep.equal([256, 256, 0])
    expect(queue.size).to.equal(MAX_HELD)
    queue.clear()
    expect(['v', 'w', 'x', 'y', 'z'].map(neighbour => fill('a', neighbour, MAX_HELD_BYTES / 16))).to.deep.equal([4, 4, 4, 4, 0])
    expect(queue.release('a')).to.have.lengthOf(16)
    expect(fill('b', 'z', 1)).to.equal(MAX_HELD_PER_AUTHOR)
  })
})
