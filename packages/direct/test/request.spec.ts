import { DIRECT_PROTOCOL, HandlerFailedError } from '@fisco-libp2p/direct'
import { UnsupportedProtocolError } from '@libp2p/interface'
import { expect } from 'chai'
import { fromString, toString } from 'uint8arrays'
import { failure, gate, Network, outcome, pattern } from './support/network.ts'
import type { TestNode } from './support/network.ts'
import type { HandlerContext } from '@fisco-libp2p/direct'

const EMPTY = new Uint8Array()

describe('requests between two nodes', () => {
  const network = new Network()
  let a: TestNode
  let b: TestNode

  before(async () => {
    [a, b] = await network.pair()

    for (const node of [a, b]) {
      node.direct.handle('echo', data => data)
      node.direct.handle('slow echo', async data => {
        await new Promise<void>(resolve => { setImmediate(resolve) })

        return data
      })
    }
  })

  after(async () => { await network.stop() })

  it('are answered, in both directions', async () => {
    expect(toString(await a.direct.request(b.nodeId, 'echo', fromString('from a')))).to.equal('from a')
    expect(toString(await b.direct.request(a.nodeId, 'slow echo', fromString('from b')))).to.equal('from b')
  })

  it('take node IDs as people write them', async () => {
    expect(await outcome(a.direct.request(`0x${b.nodeId.toUpperCase()}`, 'echo', EMPTY))).to.equal('ok')
    expect(await outcome(a.direct.request('b', 'echo', EMPTY))).to.equal('InvalidNodeIdError')
    expect(a.direct.isConnected(` ${b.nodeId.toUpperCase()} `)).to.equal(true)
  })

  it('tell the handler who asks, whatever it does with the answer', async () => {
    const seen: HandlerContext[] = []
    b.direct.handle('who', async (data, context) => { seen.push(context) })

    expect(await a.direct.request(b.nodeId, 'who', EMPTY)).to.have.property('length', 0)
    expect(seen[0]).to.include({ from: a.nodeId, notification: false })
    expect(seen[0].signal.aborted).to.equal(false)
  })

  it('1,000 in flight each way come back with their own answers', async () => {
    const ask = async (from: TestNode, to: TestNode, seed: number): Promise<void> => {
      await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
        const message = pattern(1 + (i * 37) % 3000, seed + i)
        const answer = await from.direct.request(to.nodeId, i % 2 === 0 ? 'echo' : 'slow echo', message)

        expect(answer.length).to.equal(message.length)
        expect(answer.every((byte, at) => byte === message[at])).to.equal(true)
      }))
    }

    await Promise.all([ask(a, b, 0), ask(b, a, 100)])
  })

  it('share one stream', async () => {
    await Promise.all([a.direct.request(b.nodeId, 'echo', EMPTY), b.direct.request(a.nodeId, 'echo', EMPTY)])

    for (const node of [a, b]) {
      const streams = node.libp2p.getConnections().flatMap(connection => connection.streams)

      expect(streams.filter(stream => stream.protocol === node.direct.protocol)).to.have.length(1)
    }
  })

  it('come back as their handlers finish, not in the order in which they were asked', async () => {
    const first = gate()
    b.direct.handle('wait', async () => first.promise)
    const waiting = a.direct.request(b.nodeId, 'wait', EMPTY)

    await a.direct.request(b.nodeId, 'echo', EMPTY)
    first.open()
    await waiting
  })

  it('fail at once without a handler', async () => {
    const err = await failure(a.direct.request(b.nodeId, 'nobody\n', EMPTY))

    expect(err.name).to.equal('NoSuchHandlerError')
    expect(err.message).to.contain('"nobody?"').and.contain(b.nodeId.slice(0, 8))
  })

  it('fail with what the handler threw, bounded and printable', async () => {
    b.direct.handle('throws', () => { throw new Error(`no\u0007 \u202e${'x'.repeat(1000)}`) })
    b.direct.handle('rejects', async () => { throw new Error('on purpose') })
    b.direct.handle('odd', async () => Promise.reject(new Proxy({}, { get () { throw new Error('again') } })))
    // eslint-disable-next-line prefer-promise-reject-errors -- what somebody else's handler may do is what is tested
    b.direct.handle('nothing', async () => Promise.reject(undefined))
    b.direct.handle('number', (() => 5) as any)

    const err = await failure(a.direct.request(b.nodeId, 'throws', EMPTY))

    expect(err).to.be.instanceOf(HandlerFailedError)
    expect(err).to.have.property('reason').that.matches(/^no\? \?x+…$/).and.has.property('length', 256)
    expect(await failure(a.direct.request(b.nodeId, 'rejects', EMPTY))).to.have.property('reason', 'on purpose')
    expect(await failure(a.direct.request(b.nodeId, 'odd', EMPTY))).to.have.property('name', 'HandlerFailedError')
    expect(await failure(a.direct.request(b.nodeId, 'nothing', EMPTY))).to.have.property('name', 'HandlerFailedError')
    expect(await failure(a.direct.request(b.nodeId, 'number', EMPTY))).to.have.property('name', 'HandlerFailedError')
    expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY))).to.equal('ok')
  })

  it('fail at once when the node is not connected', async () => {
    const stranger = await network.bare()
    const err = await failure(a.direct.request(stranger.nodeId, 'echo', EMPTY))

    expect(err.name).to.equal('NotConnectedError')
    expect(err.message).to.contain(stranger.nodeId.slice(0, 8))
    expect(a.direct.isConnected(stranger.nodeId)).to.equal(false)
  })

  it('fail when the node does not speak the protocol', async () => {
    const other = await network.bare()
    await network.connect(a, other)

    expect(await outcome(a.direct.request(other.nodeId, 'echo', EMPTY))).to.equal('UnsupportedProtocolError')
  })

  it('fail with the same when that is heard only on a stream that is open already, as an early one of the muxer is', async () => {
    const started = Promise.withResolvers<void>()
    b.direct.handle('waits', async () => {
      started.resolve()

      return new Promise<Uint8Array>(() => {})
    })
    const waiting = outcome(a.direct.request(b.nodeId, 'waits', EMPTY))
    await started.promise
    a.libp2p.getConnections().flatMap(({ streams }) => streams).filter(({ protocol }) => protocol === DIRECT_PROTOCOL).forEach(stream => {
      stream.abort(new UnsupportedProtocolError('the other end does not speak it'))
    })

    expect(await waiting).to.equal('UnsupportedProtocolError')
  })

  it('fail when their time is over, and the handler hears of it', async () => {
    const aborted = gate<unknown>()
    b.direct.handle('never', async (data, { signal }) => {
      signal.addEventListener('abort', () => { aborted.open(signal.reason) })

      return new Promise<void>(() => {})
    })
    // on a stream that is open, so that the request goes out in its time
    await a.direct.request(b.nodeId, 'echo', EMPTY)
    const err = await failure(a.direct.request(b.nodeId, 'never', EMPTY, { timeout: 20 }))

    expect(err.name).to.equal('RequestTimeoutError')
    expect(err.message).to.contain('20 ms')
    expect(await aborted.promise).to.be.instanceOf(Error)
  })

  it('have each their own time', async () => {
    b.direct.handle('never ever', async () => new Promise<void>(() => {}))
    const ended: number[] = []

    await Promise.all([90, 15, 150, 50].map(async timeout => {
      expect(await outcome(a.direct.request(b.nodeId, 'never ever', EMPTY, { timeout }))).to.equal('RequestTimeoutError')
      ended.push(timeout)
    }))
    expect(ended).to.deep.equal([15, 50, 90, 150])
  })

  it('fail when they are aborted, and the handler hears of it', async () => {
    const started = gate()
    const aborted = gate()
    b.direct.handle('abortable', async (data, { signal }) => {
      signal.addEventListener('abort', () => { aborted.open() })
      started.open()

      return new Promise<void>(() => {})
    })
    const controller = new AbortController()
    const request = failure(a.direct.request(b.nodeId, 'abortable', EMPTY, { signal: controller.signal }))
    await started.promise
    controller.abort(new Error('not needed'))
    const err = await request

    expect(err.name).to.equal('AbortError')
    expect(err.cause).to.have.property('message', 'not needed')
    await aborted.promise
  })

  it('show a handler that asks late that it is too late', async () => {
    const started = gate()
    const late = gate<boolean>()
    const go = gate()
    b.direct.handle('late', async (data, context) => {
      started.open()
      await go.promise
      late.open(context.signal.aborted)
    })
    const request = outcome(a.direct.request(b.nodeId, 'late', EMPTY, { timeout: 20 }))
    await started.promise

    expect(await request).to.equal('RequestTimeoutError')
    // what was sent before it has been handled
    await a.direct.request(b.nodeId, 'echo', EMPTY)
    go.open()
    expect(await late.promise).to.equal(true)
  })

  it('are not sent when they are aborted before they begin', async () => {
    const calls: string[] = []
    b.direct.handle('not sent', () => { calls.push('called') })
    const controller = new AbortController()
    const request = outcome(a.direct.request(b.nodeId, 'not sent', EMPTY, { signal: controller.signal }))
    controller.abort()

    expect(await request).to.equal('AbortError')
    expect(await outcome(a.direct.request(b.nodeId, 'not sent', EMPTY, { signal: controller.signal }))).to.equal('AbortError')
    await a.direct.request(b.nodeId, 'echo', EMPTY)
    expect(calls).to.deep.equal([])
  })

  it('leave no listener on the signal', async () => {
    let listeners = 0
    const { signal } = new AbortController()
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => { listeners++; add(...args) }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => { listeners--; remove(...args) }

    await a.direct.request(b.nodeId, 'echo', EMPTY, { signal })
    await outcome(a.direct.request(b.nodeId, 'nobody', EMPTY, { signal }))
    expect(listeners).to.equal(0)
  })

  it('are checked', async () => {
    expect(await outcome(a.direct.request(b.nodeId, '', EMPTY))).to.equal('InvalidParametersError')
    expect(await outcome(a.direct.request(b.nodeId, 'ä'.repeat(128), EMPTY))).to.equal('InvalidParametersError')
    expect(await outcome(a.direct.request(b.nodeId, '\ud800', EMPTY))).to.equal('InvalidParametersError')
    expect(await outcome(a.direct.request(b.nodeId, 'echo', 'text' as any))).to.equal('InvalidParametersError')

    for (const timeout of [0, -1, 1.5, NaN, Infinity, 3_600_001]) {
      expect(await outcome(a.direct.request(b.nodeId, 'echo', EMPTY, { timeout }))).to.equal('InvalidParametersError')
    }
  })

  it('reach handlers whose names are as long as can be', async () => {
    const name = 'ä'.repeat(127) + 'x'
    b.direct.handle(name, () => Uint8Array.of(1))

    expect(await a.direct.request(b.nodeId, name, EMPTY)).to.deep.equal(Uint8Array.of(1))
  })

  it('reach no handler that was removed', async () => {
    b.direct.handle('gone', data => data)
    b.direct.unhandle('gone')
    b.direct.unhandle('gone')

    expect(await outcome(a.direct.request(b.nodeId, 'gone', EMPTY))).to.equal('NoSuchHandlerError')
  })

  it('have one handler per name', () => {
    expect(() => { b.direct.handle('echo', data => data) }).to.throw('echo').with.property('name', 'InvalidParametersError')
    expect(() => { b.direct.handle('x', data => data, { maxConcurrent: 0 }) }).to.throw().with.property('name', 'InvalidParametersError')
  })

  it('may be longer than the slab that headers share', async () => {
    for (const length of [2047, 2048, 2049, 32 * 1024, 65_535, 65_536, 65_537]) {
      const answers = await Promise.all([0, 1, 2].map(async seed => a.direct.request(b.nodeId, 'echo', pattern(length, seed))))

      expect(answers.map((answer, seed) => Buffer.compare(answer, pattern(length, seed)))).to.deep.equal([0, 0, 0])
    }
  })
})

describe('notifications', () => {
  const network = new Network()
  let a: TestNode
  let b: TestNode

  before(async () => { [a, b] = await network.pair() })
  after(async () => { await network.stop() })

  it('arrive in order, short and long ones mixed', async () => {
    const arrived: number[] = []
    const done = gate()
    b.direct.handle('note', (data, { notification }) => {
      expect(notification).to.equal(true)
      arrived.push(data[0] << 8 | data[1])

      if (arrived.length === 200) {
        done.open()
      }
    })

    await Promise.all(Array.from({ length: 200 }, async (_, i) => {
      const message = new Uint8Array(i % 10 === 3 ? 200_000 : 10)
      message.set([i >>> 8, i])
      await a.direct.notify(b.nodeId, 'note', message)
    }))
    await done.promise
    expect(arrived).to.deep.equal(Array.from({ length: 200 }, (_, i) => i))
  })

  it('stay in order when a long one among them is aborted', async () => {
    const arrived: number[] = []
    const done = gate()
    b.direct.handle('aborted note', data => {
      arrived.push(data[0])

      if (data[0] === 9) {
        done.open()
      }
    })
    const controller = new AbortController()
    const notes = Array.from({ length: 10 }, async (_, i) => {
      return outcome(a.direct.notify(b.nodeId, 'aborted note', new Uint8Array(i === 4 ? 4_000_000 : 10).fill(i), i === 4 ? { signal: controller.signal } : {}))
    })
    controller.abort()
    await done.promise

    expect(await Promise.all(notes)).to.deep.equal(['ok', 'ok', 'ok', 'ok', 'AbortError', 'ok', 'ok', 'ok', 'ok', 'ok'])
    expect(arrived).to.deep.equal([0, 1, 2, 3, 5, 6, 7, 8, 9])
  })

  it('report nothing of what becomes of them', async () => {
    b.direct.handle('bad note', () => { throw new Error('no') })
    b.direct.handle('ok', data => data)

    await a.direct.notify(b.nodeId, 'bad note', EMPTY)
    await a.direct.notify(b.nodeId, 'nobody', EMPTY)
    expect(await outcome(a.direct.request(b.nodeId, 'ok', EMPTY))).to.equal('ok')
  })

  it('fail when they cannot be sent', async () => {
    const stranger = await network.bare()

    expect(await outcome(a.direct.notify(stranger.nodeId, 'note', EMPTY))).to.equal('NotConnectedError')
    expect(await outcome(a.direct.notify(b.nodeId, 'note', new Uint8Array(5_000_000)))).to.equal('MessageTooLargeError')
  })
})
