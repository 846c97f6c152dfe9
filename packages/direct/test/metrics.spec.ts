import { encodeFrame, FrameKind } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import { Network, outcome } from './support/network.ts'
import { RawServer } from './support/raw-stream.ts'
import { Registry } from './support/registry.ts'

const EMPTY = new Uint8Array()

describe('metrics', () => {
  const network = new Network()

  after(async () => { await network.stop() })

  it('count how requests end, here and there', async () => {
    const [mine, theirs] = [new Registry(), new Registry()]
    const [a, b] = await network.pair({ metrics: mine.asMetrics(), direct: { maxMessageSize: 1000 } }, { metrics: theirs.asMetrics() })
    const stranger = await network.bare()
    b.direct.handle('echo', data => data)
    b.direct.handle('throws', () => { throw new Error('no') })
    b.direct.handle('never', async () => new Promise<void>(() => {}))
    const request = async (name: string, data = EMPTY, timeout = 1000): Promise<string> => outcome(a.direct.request(b.nodeId, name, data, { timeout }))

    await request('echo')
    await request('echo')
    await request('throws')
    await request('nobody')
    await request('never', EMPTY, 10)
    await request('echo', new Uint8Array(1001))
    await outcome(a.direct.request(stranger.nodeId, 'echo', EMPTY))
    await outcome(a.direct.request(b.nodeId, 'echo', EMPTY, { signal: AbortSignal.abort() }))

    expect(mine.counts).to.include({
      'fisco_direct_requests_total{ok}': 2,
      'fisco_direct_requests_total{failed}': 1,
      'fisco_direct_requests_total{no-handler}': 1,
      'fisco_direct_requests_total{timeout}': 1,
      'fisco_direct_requests_total{too-large}': 1,
      'fisco_direct_requests_total{not-connected}': 1,
      'fisco_direct_requests_total{aborted}': 1,
      'fisco_direct_request_seconds observed': 2
    })
    await request('echo')
    expect(theirs.counts).to.include({
      'fisco_direct_served_total{ok}': 3,
      'fisco_direct_served_total{failed}': 1,
      'fisco_direct_served_total{no-handler}': 1
    })

    const waiting = request('never', EMPTY, 100)
    expect(mine.gauges.fisco_direct_in_flight_requests()).to.equal(1)
    await waiting
    expect(mine.gauges.fisco_direct_in_flight_requests()).to.equal(0)
  })

  it('count what a peer does wrong', async () => {
    const registry = new Registry()
    const a = await network.node({ metrics: registry.asMetrics() })
    const b = await network.bare()
    const server = await RawServer.start(b.libp2p)
    await network.connect(a, b)
    const response = encodeFrame({ kind: FrameKind.RESPONSE, id: 1, more: false, total: 0, part: EMPTY })
    const request = a.direct.request(b.nodeId, 'x', EMPTY)
    const stream = await server.next()
    await stream.next()
    stream.send(response, response, encodeFrame({ kind: FrameKind.CANCEL, id: 99 }))
    await request
    await stream.closed

    expect(registry.counts).to.include({ fisco_direct_late_answers_total: 1, 'fisco_direct_frame_errors_total{id}': 1 })
  })
})
