import { expect } from 'chai'
import { failure, gate, Network, outcome } from './support/network.ts'
import type { TestNode } from './support/network.ts'
import type { HandlerContext } from '@fisco-libp2p/direct'

const EMPTY = new Uint8Array()

describe('a node that calls itself', () => {
  const network = new Network()
  let node: TestNode

  before(async () => {
    node = await network.node({ direct: { maxMessageSize: 1000, maxInFlight: 10 } })
    node.direct.handle('echo', data => data)
    node.direct.handle('never', async () => new Promise<void>(() => {}))
  })

  after(async () => { await network.stop() })

  it('is answered, and told that it is itself', async () => {
    const seen: HandlerContext[] = []
    node.direct.handle('who', (data, context) => { seen.push(context) })

    expect(await node.direct.request(node.nodeId, 'echo', Uint8Array.of(1, 2))).to.deep.equal(Uint8Array.of(1, 2))
    expect(await node.direct.request(node.nodeId, 'who', EMPTY)).to.deep.equal(EMPTY)
    expect(seen[0]).to.include({ from: node.nodeId, notification: false })
    expect(node.direct.isConnected(node.nodeId)).to.equal(true)
  })

  it('does not share memory with itself', async () => {
    const kept = Uint8Array.of(1, 2, 3)
    const given = Uint8Array.of(4, 5, 6)
    let received: Uint8Array = EMPTY
    node.direct.handle('keep', data => {
      received = data

      return kept
    })
    const request = node.direct.request(node.nodeId, 'keep', given)
    given.fill(0)
    const answer = await request
    answer.fill(9)

    expect(received).to.deep.equal(Uint8Array.of(4, 5, 6))
    expect(kept).to.deep.equal(Uint8Array.of(1, 2, 3))
  })

  it('has its handler called later, not within the request', async () => {
    const order: string[] = []
    node.direct.handle('order', () => { order.push('handler') })
    const request = node.direct.request(node.nodeId, 'order', EMPTY)
    order.push('caller')
    await request

    expect(order).to.deep.equal(['caller', 'handler'])
  })

  it('meets the same errors', async () => {
    node.direct.handle('throws', () => { throw new Error('on\npurpose') })
    node.direct.handle('big', () => new Uint8Array(1001))
    const signal = AbortSignal.abort()

    expect(await failure(node.direct.request(node.nodeId, 'throws', EMPTY))).to.include({ name: 'HandlerFailedError', reason: 'on?purpose' })
    expect(await outcome(node.direct.request(node.nodeId, 'nobody', EMPTY))).to.equal('NoSuchHandlerError')
    expect(await outcome(node.direct.request(node.nodeId, 'echo', new Uint8Array(1001)))).to.equal('MessageTooLargeError')
    expect(await outcome(node.direct.request(node.nodeId, 'big', EMPTY))).to.equal('MessageTooLargeError')
    expect(await outcome(node.direct.request(node.nodeId, 'never', EMPTY, { timeout: 10 }))).to.equal('RequestTimeoutError')
    expect(await outcome(node.direct.request(node.nodeId, 'echo', EMPTY, { signal }))).to.equal('AbortError')
  })

  it('tells its handler that it is not waiting any longer', async () => {
    const started = gate()
    const aborted = gate()
    node.direct.handle('abortable', async (data, { signal }) => {
      signal.addEventListener('abort', () => { aborted.open() })
      started.open()

      return new Promise<void>(() => {})
    })
    const controller = new AbortController()
    const request = outcome(node.direct.request(node.nodeId, 'abortable', EMPTY, { signal: controller.signal }))
    await started.promise
    controller.abort()

    expect(await request).to.equal('AbortError')
    await aborted.promise
  })

  it('has the same limit on what is in flight', async () => {
    const controller = new AbortController()
    const requests = Array.from({ length: 11 }, async () => outcome(node.direct.request(node.nodeId, 'never', EMPTY, { signal: controller.signal })))

    expect(await requests[10]).to.equal('TooManyRequestsError')
    controller.abort()
    expect(new Set(await Promise.all(requests.slice(0, 10)))).to.deep.equal(new Set(['AbortError']))
    expect(await outcome(node.direct.request(node.nodeId, 'echo', EMPTY))).to.equal('ok')
  })

  it('gets its notifications in order, and never learns what became of them', async () => {
    const arrived: number[] = []
    const done = gate()
    node.direct.handle('note', (data, { notification }) => {
      expect(notification).to.equal(true)
      arrived.push(data[0])

      if (data[0] === 99) {
        done.open()
      }

      throw new Error('nobody hears it')
    })

    for (let i = 0; i < 100; i++) {
      await node.direct.notify(node.nodeId, 'note', Uint8Array.of(i))
    }

    await done.promise
    expect(arrived).to.deep.equal(Array.from({ length: 100 }, (_, i) => i))
    await node.direct.notify(node.nodeId, 'nobody', EMPTY)
  })

  it('refuses notifications when its handlers are busy', async () => {
    const busy = await network.node({ direct: { maxConcurrentPerPeer: 1 } })
    const release = gate()
    busy.direct.handle('slow', async () => release.promise)
    const outcomes: string[] = []

    for (let i = 0; i < 1030; i++) {
      outcomes.push(await outcome(busy.direct.notify(busy.nodeId, 'slow', EMPTY)))
    }

    expect(outcomes.filter(name => name === 'ok')).to.have.length(1025)
    expect(outcomes.at(-1)).to.equal('QueueFullError')
    release.open()
  })

  it('ends its calls when it stops', async () => {
    const other = await network.node()
    const started = gate()
    const aborted = gate()
    other.direct.handle('never', async (data, { signal }) => {
      signal.addEventListener('abort', () => { aborted.open() })
      started.open()

      return new Promise<void>(() => {})
    })
    const request = outcome(other.direct.request(other.nodeId, 'never', EMPTY))
    await started.promise
    await other.libp2p.stop()

    expect(await request).to.equal('ConnectionLostError')
    await aborted.promise
    expect(await outcome(other.direct.request(other.nodeId, 'never', EMPTY))).to.equal('NotStartedError')
  })
})
