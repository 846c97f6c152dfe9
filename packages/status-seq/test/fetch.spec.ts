import { Fetcher } from '@fisco-libp2p/status-seq'
import { expect } from 'chai'
import type { NodeVersion } from '@fisco-libp2p/status-seq'

const version = (nodeId: string, seq = 1): NodeVersion => ({ nodeId, incarnation: 1, seq, hash: 'aa' })
const none = (): undefined => undefined

describe('asking for records', () => {
  it('asks who told first, and nobody else while it is pending', () => {
    const fetcher = new Fetcher(10)

    expect(fetcher.told(version('01'), 'a', 0)).to.equal(true)
    expect(fetcher.told(version('01'), 'b', 0)).to.equal(false)
    expect(fetcher.told(version('01', 9), 'a', 0)).to.equal(false)
    expect(fetcher.told(version('02'), 'b', 0)).to.equal(true)
  })

  it('asks the next in time, then gives up until somebody tells again', () => {
    const fetcher = new Fetcher(10)

    fetcher.told(version('01'), 'a', 0)
    fetcher.told(version('01'), 'b', 500)

    expect(fetcher.expired(none, 999)).to.deep.equal([])
    expect(fetcher.expired(none, 1_000)).to.deep.equal([{ nodeId: '01', source: 'b' }])
    expect(fetcher.expired(none, 1_999)).to.deep.equal([])
    expect(fetcher.expired(none, 2_000)).to.deep.equal([])
    expect(fetcher.size).to.equal(0)
    expect(fetcher.told(version('01'), 'a', 4_000)).to.equal(true)
  })

  it('ends when the record is there, and asks on for what is newer', () => {
    const fetcher = new Fetcher(10)

    fetcher.told(version('01', 5), 'a', 0)
    fetcher.told(version('01', 5), 'b', 0)
    fetcher.told(version('01', 6), 'c', 0)

    expect(fetcher.arrived(version('01', 5), 100)).to.deep.equal([{ nodeId: '01', source: 'c' }])
    expect(fetcher.arrived(version('01', 6), 200)).to.deep.equal([])
    expect(fetcher.arrived(version('02', 6), 200)).to.deep.equal([])
    expect(fetcher.size).to.equal(0)
  })

  it('asks others when a neighbour leaves', () => {
    const fetcher = new Fetcher(10)

    fetcher.told(version('01'), 'a', 0)
    fetcher.told(version('01'), 'b', 0)
    fetcher.told(version('01'), 'c', 0)

    expect(fetcher.left('b', none, 100)).to.deep.equal([])
    expect(fetcher.left('a', none, 100)).to.deep.equal([{ nodeId: '01', source: 'c' }])
    expect(fetcher.left('c', none, 100)).to.deep.equal([])
    expect(fetcher.size).to.equal(0)
  })

  it('is not held up by a neighbour that claims more than it has', () => {
    const fetcher = new Fetcher(10)

    fetcher.told(version('01', Number.MAX_SAFE_INTEGER), 'liar', 0)
    fetcher.told(version('01', 2), 'a', 0)

    // a push of seq 1 came from elsewhere
    expect(fetcher.arrived(version('01', 1), 100)).to.deep.equal([{ nodeId: '01', source: 'a' }])
  })

  it('is bounded, in all and for each neighbour', () => {
    const fetcher = new Fetcher(300)
    const ask = (source: string, from: number): number => {
      return Array.from({ length: 1_000 }, (_, i) => fetcher.told(version(`${from + i}`), source, 0)).filter(asked => asked).length
    }

    expect(ask('a', 0)).to.equal(256)
    expect(ask('b', 10_000)).to.equal(44)
    expect(fetcher.size).to.equal(300)

    fetcher.expired(none, 1_000)

    expect(ask('a', 0)).to.equal(256)
  })
})
