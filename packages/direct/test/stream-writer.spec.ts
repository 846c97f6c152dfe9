import { expect } from 'chai'
import { StreamWriter } from '../src/stream-writer.ts'
import type { Stream } from '@libp2p/interface'

/**
 * A connection that takes one write and is full then, and tells its streams in their order when it has room again, as libp2p's muxers do.
 */
class FullConnection {
  readonly streams: Array<EventTarget & { writableNeedsDrain: boolean }> = []
  readonly written: string[] = []

  stream (name: string): Stream {
    const stream = Object.assign(new EventTarget(), {
      writableNeedsDrain: false,
      send: () => {
        this.written.push(name)
        this.streams.forEach(each => { each.writableNeedsDrain = true })

        return false
      }
    })
    this.streams.push(stream)

    return stream as unknown as Stream
  }

  async drain (): Promise<void> {
    for (const stream of this.streams) {
      stream.writableNeedsDrain = false
      stream.dispatchEvent(new Event('drain'))
    }

    await new Promise(resolve => { setImmediate(resolve) })
  }
}

describe('writers of streams', () => {
  it('take turns on a connection that is always full', async () => {
    const connection = new FullConnection()
    const source = { isHeld: () => false, take: () => new Uint8Array(1), flushed: () => {}, error: (err: Error) => { throw err } }
    const writers = ['a', 'b', 'c'].map(name => new StreamWriter(connection.stream(name), source))
    writers.forEach(writer => { writer.schedule() })

    for (let i = 0; i < 30; i++) {
      await connection.drain()
    }

    const turns = ['a', 'b', 'c'].map(name => connection.written.filter(each => each === name).length)
    expect(Math.min(...turns)).to.be.at.least(7)
  })

  it('get more turns on a more urgent lane, and some on any', async () => {
    const connection = new FullConnection()
    const source = { isHeld: () => false, take: () => new Uint8Array(1), flushed: () => {}, error: (err: Error) => { throw err } }
    const writers = ['bulk', 'default', 'consensus'].map((name, i) => new StreamWriter(connection.stream(name), source, 2 - i))
    writers.forEach(writer => { writer.schedule() })

    for (let i = 0; i < 60; i++) {
      await connection.drain()
    }

    const [bulk, normal, consensus] = ['bulk', 'default', 'consensus'].map(name => connection.written.filter(each => each === name).length)
    expect(consensus).to.be.above(normal + bulk)
    expect(Math.min(bulk, normal)).to.be.at.least(2)
  })
})
