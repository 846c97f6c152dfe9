import { expect } from 'chai'
import { FENCE_NAME } from '../src/constants.ts'
import { gate, Network, outcome } from './support/network.ts'
import type { TestNode } from './support/network.ts'
import type { Connection, Stream } from '@libp2p/interface'

const EMPTY = new Uint8Array()

/**
 * Room of a stream for what nobody reads.
 */
const WINDOW = 256 * 1024

function streamsOn (connection: Connection): Stream[] {
  return connection.streams.filter(({ protocol }) => protocol.startsWith('/fisco/direct/'))
}

describe('when another connection takes the place of one', () => {
  const network = new Network()

  // the end with the smaller node ID, whose dial stays, and the other one
  let a: TestNode
  let b: TestNode

  beforeEach(async () => {
    [a, b] = [await network.node({ window: WINDOW }), await network.node({ window: WINDOW })].sort((x, y) => x.nodeId < y.nodeId ? -1 : 1)
  })
  afterEach(async () => { await network.stop() })

  /**
   * Has the one dial that stays.
   *
   * @returns as the sender sees it
   */
  async function replace (sender: TestNode): Promise<Connection> {
    const opened = new Promise<Connection>(resolve => { sender.libp2p.addEventListener('connection:open', ({ detail }) => { resolve(detail) }, { once: true }) })
    await Promise.all([a.libp2p.dial(b.libp2p.getMultiaddrs(), { force: true }), opened])

    return opened
  }

  for (const [title, from] of [['of the end that dialled it', 'b'], ['of the end that did not dial it', 'a']] as const) {
    it(`notifications ${title} stay in order, though nobody takes them at first`, async () => {
      const [sender, receiver] = from === 'a' ? [a, b] : [b, a]
      const old = await network.connect(b, a)
      const stalled = gate()
      const came: number[] = []
      const all = gate()

      // nothing more is read when 16 MiB wait
      receiver.direct.handle('note', async data => {
        await stalled.promise
        came.push(new DataView(data.buffer, data.byteOffset).getUint32(0))

        if (came.length === 90) {
          all.open()
        }
      }, { maxConcurrent: 1 })

      const send = (number: number): Promise<unknown> => {
        const data = new Uint8Array(256 * 1024)
        new DataView(data.buffer).setUint32(0, number)

        return sender.direct.notify(receiver.nodeId, 'note', data, { timeout: 600_000 })
      }

      const sent = Array.from({ length: 80 }, async (_, i) => send(i))
      await sent[0]
      const newer = await replace(sender)
      sent.push(...Array.from({ length: 10 }, async (_, i) => send(80 + i)))
      // requests need not wait
      expect(await outcome(sender.direct.request(receiver.nodeId, 'nobody', EMPTY))).to.equal('NoSuchHandlerError')
      expect(streamsOn(newer)).to.have.lengthOf(1)
      stalled.open()
      await Promise.all(sent)
      await all.promise
      expect(came).to.deep.equal(Array.from({ length: 90 }, (_, i) => i))
      expect(old.status).to.equal('open')
    })
  }

  it('what is under way on it ends there, and its streams with it', async () => {
    const old = await network.connect(b, a)
    const slow = gate()
    a.direct.handle('slow', async data => {
      await slow.promise

      return data
    })
    const request = b.direct.request(a.nodeId, 'slow', Uint8Array.of(7))
    await replace(b)
    expect(streamsOn(old)).to.have.lengthOf(1)
    const [stream] = streamsOn(old)
    const closed = new Promise<Error | undefined>(resolve => { stream.addEventListener('close', ({ error }) => { resolve(error) }) })
    // longer than a stream stays that nobody uses
    await new Promise(resolve => { setTimeout(resolve, 3_000) })
    expect(stream.status).to.equal('open')
    slow.open()
    expect([...await request]).to.deep.equal([7])
    expect(await closed).to.equal(undefined)
  })

  it('its streams end though nobody sends anything any more', async () => {
    const old = await network.connect(b, a)
    await b.direct.notify(a.nodeId, 'note', EMPTY)
    await replace(b)
    const [stream] = streamsOn(old)
    await new Promise(resolve => { stream.addEventListener('close', resolve) })
    expect(streamsOn(old)).to.deep.equal([])
  })

  it('notifications go on when the old connection is lost before the other end has read all', async () => {
    const old = await network.connect(b, a)
    const stalled = gate()
    const later = gate<Uint8Array>()
    a.direct.handle('note', async () => stalled.promise, { maxConcurrent: 1 })
    a.direct.handle('later', async data => { later.open(data) })
    const lost = Array.from({ length: 90 }, async () => outcome(b.direct.notify(a.nodeId, 'note', new Uint8Array(256 * 1024), { timeout: 600_000 })))
    await lost[0]
    await replace(b)
    const held = b.direct.notify(a.nodeId, 'later', Uint8Array.of(1))
    old.abort(new Error('cut'))
    await held
    expect(await Promise.all(lost)).to.include('ConnectionLostError')
    stalled.open()
    expect([...await later.promise]).to.deep.equal([1])
  })

  it('nobody can handle the request that they wait for', () => {
    expect(() => { a.direct.handle(FENCE_NAME, async () => EMPTY) }).to.throw().with.property('name', 'InvalidParametersError')
  })
})
