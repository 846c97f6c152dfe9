import { Sequences } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'

describe('sequence numbers', () => {
  it('count from 1, for each topic', () => {
    const sequences = new Sequences()

    expect([sequences.next('a'), sequences.next('a'), sequences.next('b'), sequences.next('a')]).to.deep.equal([1, 2, 1, 3])
  })

  it('grow for each topic, however many topics there are', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 300 }), order => {
      const sequences = new Sequences(3)
      const last = new Map<number, number>()

      for (const topic of order) {
        const sequence = sequences.next(`${topic}`)

        expect(sequence).to.be.greaterThan(last.get(topic) ?? 0)
        last.set(topic, sequence)
      }
    }))
  })
})
