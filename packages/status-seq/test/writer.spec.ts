import { mock } from 'node:test'
import { Writer } from '@fisco-libp2p/status-seq'
import { defaultLogger } from '@libp2p/logger'
import { streamPair } from '@libp2p/utils'
import { expect } from 'chai'
import type { Connection, Stream } from '@libp2p/interface'

describe('writing', () => {
  let now: number

  beforeEach(() => {
    now = 0
    mock.timers.enable({ apis: ['setTimeout'] })
  })

  afterEach(() => {
    mock.timers.reset()
  })

  /**
   * Lets time pass, and whatever follows from it happen.
   */
  async function pass (milliseconds: number): Promise<void> {
    await settled()

    for (const end = now + milliseconds; now < end;) {
      const step = Math.min(1_000, end - now)
      now += step
      mock.timers.tick(step)
      await settled()
    }
  }

  const settled = async (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

  function startWriting (connection: Connection): { writer: Writer, opened: Promise<void>, frames: Uint8Array[] } {
    const frames: Uint8Array[] = []
    const { promise: opened, resolve } = Promise.withResolvers<void>()
    const writer = new Writer({
      log: defaultLogger().forComponent('test'),
      now: () => now,
      random: () => 0.5,
      next: () => frames.shift(),
      onOpen: resolve,
      onRoom: () => { writer.flush() }
    })

    writer.use(connection)

    return { writer, opened, frames }
  }

  /**
   * A connection of which only what is used exists, and how often and with which signal a stream was asked for.
   */
  function connectionThat (newStream: (signal: AbortSignal) => Promise<Stream>): Connection & { signals: AbortSignal[] } {
    const signals: AbortSignal[] = []
    const connection: Pick<Connection, 'id' | 'status' | 'newStream'> = {
      id: 'test',
      status: 'open',
      newStream: async (protocol, options) => {
        const signal = options?.signal ?? AbortSignal.abort()
        signals.push(signal)

        return newStream(signal)
      }
    }

    return Object.assign(Object.create(null), connection, { signals })
  }

  it('tries a limited number of times to open a stream, with pauses, and again when it is encouraged', async () => {
    const connection = connectionThat(async () => { throw new Error('not spoken here') })
    const { writer } = startWriting(connection)

    await pass(40)
    expect(connection.signals).to.have.lengthOf(1)
    writer.encourage()
    await pass(60)
    expect(connection.signals).to.have.lengthOf(2)

    await pass(3_600_000)
    expect(connection.signals).to.have.lengthOf(10)

    writer.encourage()
    await pass(0)
    expect(connection.signals).to.have.lengthOf(11)

    writer.stop()
    await pass(3_600_000)
    expect(connection.signals).to.have.lengthOf(11)
  })

  it('gives a stream that cannot be opened ten seconds', async () => {
    const connection = connectionThat(async signal => {
      return new Promise((resolve, reject) => { signal.addEventListener('abort', () => { reject(new Error('aborted')) }) })
    })

    const { writer } = startWriting(connection)

    await pass(9_999)
    expect(connection.signals[0].aborted).to.equal(false)
    await pass(1)
    expect(connection.signals[0].aborted).to.equal(true)
    writer.stop()
  })

  it('does not keep a stream that opens after it was stopped', async () => {
    const [outbound, inbound] = await streamPair()
    const { promise, resolve } = Promise.withResolvers<Stream>()
    const { writer } = startWriting(connectionThat(async () => promise))

    writer.stop()
    resolve(outbound)
    await pass(0)

    expect(outbound.status).to.equal('aborted')
    inbound.abort(new Error('end'))
  })

  it('drops a stream on which the neighbour writes', async () => {
    const [outbound, inbound] = await streamPair()
    const { writer, opened } = startWriting(connectionThat(async () => outbound))

    await opened
    const closed = new Promise(resolve => { outbound.addEventListener('close', resolve) })
    inbound.send(Uint8Array.of(1))
    // what streamPair sends travels by timers
    await pass(1_000)
    await closed

    expect(outbound.status).to.equal('aborted')
    writer.stop()
  })
})
