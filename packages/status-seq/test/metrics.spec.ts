import { statusSeq } from '@fisco-libp2p/status-seq'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { libp2pOptions, startNode } from './support/nodes.ts'
import type { StatusSeqComponents } from '@fisco-libp2p/status-seq'
import type { Metrics } from '@libp2p/interface'

/**
 * Remembers what is registered and counted.
 */
class FakeMetrics {
  readonly counts: Record<string, Record<string, number>> = {}
  readonly gauges: Record<string, () => unknown> = {}

  registerMetric = (name: string, { calculate }: { calculate?(): unknown } = {}): object => {
    expect(this.gauges).to.not.have.property(name)
    this.gauges[name] = calculate ?? (() => 0)

    return {}
  }

  registerCounterGroup = (name: string): { increment(values: Record<string, number>): void } => {
    expect(this.counts).to.not.have.property(name)
    const counts: Record<string, number> = this.counts[name] = {}

    return {
      increment: values => {
        for (const [key, value] of Object.entries(values)) {
          counts[key] = (counts[key] ?? 0) + value
        }
      }
    }
  }
}

describe('metrics', () => {
  it('count what happens, under labels of a closed set', async () => {
    const [one, two] = await createIdentities(2, { keyType: 'ed25519' })
    const own = new FakeMetrics()
    const node = await createLibp2p({
      ...libp2pOptions(one),
      services: {
        // the plugin gets what it declares, and nothing else
        statusSeq: ({ registrar, connectionManager, events, peerId, privateKey, datastore, logger, addressManager, nodeInfo }: StatusSeqComponents) => {
          return statusSeq({ interval: 200 })({ registrar, connectionManager, events, peerId, privateKey, datastore, logger, addressManager, nodeInfo, metrics: own as unknown as Metrics })
        }
      }
    })

    try {
      await using peer = await startNode(two)
      await peer.connect({ libp2p: node })
      await peer.sees(one.nodeId)

      while (node.services.statusSeq.get(two.nodeId) == null) {
        await new Promise(resolve => { node.services.statusSeq.addEventListener('status:change', resolve, { once: true }) })
      }
    } finally {
      expect(own.gauges.fisco_status_seq_nodes()).to.equal(2)
      expect(own.gauges.fisco_status_seq_neighbours()).to.be.within(0, 1)
      await node.stop()
    }

    const { taken, ...refused } = own.counts.fisco_status_seq_records_total

    // the first one, and what it says of its neighbours
    expect(taken).to.be.within(1, 3)
    expect(refused).to.deep.equal({ version: 0, untrusted: 0, future: 0, aged: 0, 'table-full': 0 })
    expect(own.counts.fisco_status_seq_incidents_total).to.deep.equal({})
    expect(Object.keys(own.counts.fisco_status_seq_messages_total).sort()).to.deep.equal(['sent', 'received'].flatMap(way => ['announce', 'compare', 'list', 'records', 'request'].map(kind => `${way}_${kind}`)).sort())
    expect(own.counts.fisco_status_seq_messages_total.sent_records).to.be.at.least(1)
  })
})
