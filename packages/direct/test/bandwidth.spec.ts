import { expect } from 'chai'
import fc from 'fast-check'
import { Bandwidth } from '../src/bandwidth.ts'
import { Traffic } from '../src/traffic.ts'
import { Network, outcome } from './support/network.ts'
import { Registry } from './support/registry.ts'

const KIB = 1024

describe('bandwidth', () => {
  it('never gives more than the rate, and a burst, in any time', () => {
    fc.assert(fc.property(fc.integer({ min: 8, max: 1_000_000 }), fc.array(fc.record({ wait: fc.nat({ max: 500 }), size: fc.integer({ min: 1, max: 200_000 }) }), { maxLength: 100 }), (bytesPerSecond, tries) => {
      const bandwidth = new Bandwidth(bytesPerSecond)
      let now = 0
      let sent = 0
      let largest = 0

      for (const { wait, size } of tries) {
        now += wait

        if (bandwidth.allowance(now) > 0) {
          bandwidth.take(size, now)
          sent += size
          largest = Math.max(largest, size)
        }
      }

      // the last one is paid for afterwards
      expect(sent).to.be.at.most(now * bytesPerSecond / 1_000 + largest)
    }))
  })

  it('says when there is some again', () => {
    const bandwidth = new Bandwidth(1_000)
    expect(bandwidth.allowance(5)).to.equal(125)
    bandwidth.take(500, 5)
    expect([bandwidth.allowance(504), bandwidth.readyAt, bandwidth.allowance(505)]).to.deep.equal([0, 505, 125])
  })
})

describe('limits of unicast', () => {
  const network = new Network()

  afterEach(async () => network.stop())

  for (const name of ['bytesPerSecond', 'bytesPerSecondPerPeer'] as const) {
    it(`${name} holds up the default lane and bulk, and not consensus`, async () => {
      const [a, b] = await network.pair({ direct: { [name]: 500 * KIB } })
      let arrived = 0
      b.direct.handle('block', () => { arrived++ })
      b.direct.handle('vote', data => data)
      const start = performance.now()
      const sending = Promise.all((['default', 'bulk'] as const).map(async lane => {
        await Promise.all(Array.from({ length: 6 }, async () => a.direct.request(b.nodeId, 'block', new Uint8Array(64 * KIB), { lane })))
      }))

      for (let i = 0; i < 10; i++) {
        expect(await outcome(a.direct.request(b.nodeId, 'vote', new Uint8Array(8 * KIB), { lane: 'consensus' }))).to.equal('ok')
      }

      // that was within the rate of the lane that does not wait
      expect(arrived).to.be.below(12)
      await sending
      // 12 messages of 64 KiB, of which the last two batches are paid for afterwards, at 500 KiB a second
      expect(performance.now() - start).to.be.above((12 - 6) * 128)
    })
  }

  it('are checked', async () => {
    expect(await outcome(network.node({ direct: { bytesPerSecond: 0 } }))).to.equal('InvalidParametersError')
    expect(await outcome(network.node({ direct: { bytesPerSecondPerPeer: 1e12 } }))).to.equal('InvalidParametersError')
  })
})

describe('statistics of unicast', () => {
  const network = new Network()

  afterEach(async () => network.stop())

  it('tell messages and bytes, by node and handler', async () => {
    const registry = new Registry()
    const [a, b] = await network.pair({ metrics: registry.asMetrics() })
    b.direct.handle('double', data => new Uint8Array(2 * data.length))
    b.direct.handleStream('echo', async function * (source) { yield * source })
    await a.direct.request(b.nodeId, 'double', new Uint8Array(100))
    await a.direct.request(b.nodeId, 'double', new Uint8Array(100_000), { lane: 'bulk' })
    await a.direct.notify(b.nodeId, 'double', new Uint8Array(7))
    await outcome(a.direct.request(b.nodeId, 'unknown', new Uint8Array(3)))
    await Array.fromAsync(a.direct.stream(b.nodeId, 'echo', [new Uint8Array(70_000)]))
    const ofA = {
      double: { sent: { messages: 3, bytes: 100_107 }, received: { messages: 2, bytes: 200_200 } },
      unknown: { sent: { messages: 1, bytes: 3 }, received: { messages: 0, bytes: 0 } },
      // the beginning, and a piece of each 64 KiB
      echo: { sent: { messages: 3, bytes: 70_000 }, received: { messages: 2, bytes: 70_000 } }
    }

    expect(a.direct.statistics()).to.deep.equal([{ nodeId: b.nodeId, handlers: ofA }])
    // what b refused it did not take
    expect(b.direct.statistics()).to.deep.equal([{
      nodeId: a.nodeId,
      handlers: {
        double: { sent: { messages: 2, bytes: 200_200 }, received: { messages: 3, bytes: 100_107 } },
        echo: { sent: { messages: 2, bytes: 70_000 }, received: { messages: 2, bytes: 70_000 } }
      }
    }])

    // and in all, also when the node is gone
    await b.libp2p.stop()
    expect(registry.gauges['fisco_direct_sent_bytes_total']()).to.deep.equal({ double: 100_107, unknown: 3, echo: 70_000 })
    expect(registry.gauges['fisco_direct_received_messages_total']()).to.deep.equal({ double: 2, unknown: 0, echo: 2 })
  })

  it('are bounded: what has no place is counted together', () => {
    const traffic = new Traffic()
    Array.from({ length: 300 }).forEach((_, i) => { traffic.sent(`name ${i}`, 2) })
    const counts = new Map(traffic)

    expect(counts.size).to.equal(257)
    expect(counts.get('')).to.deep.equal({ sent: { messages: 44, bytes: 88 }, received: { messages: 0, bytes: 0 } })
  })
})
