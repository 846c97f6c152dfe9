import { LINK_PROTOCOL } from '@fisco-libp2p/peers'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { addressOf, connected, openConnections, recordLinks, TestNetwork, until } from './network.ts'
import type { TestNode } from './network.ts'
import type { Stream } from '@libp2p/interface'

describe('heartbeat and farewell', () => {
  const network = new TestNetwork()

  afterEach(async () => network.stop())

  async function pair (): Promise<{ a: TestNode, b: TestNode }> {
    const b = await network.node({ linkTimeout: 1_000 })
    const a = await network.node({ linkTimeout: 1_000, addresses: [addressOf(b)] })
    await connected(a)
    await until([a, b], () => [a, b].every(node => node.services.peers.members()[0]?.rtt != null))

    return { a, b }
  }

  async function ended (stream: Stream): Promise<void> {
    if (stream.status === 'open') {
      await new Promise(resolve => { stream.addEventListener('close', resolve) })
    }
  }

  it('lets a peer live that does not speak it', async () => {
    const stranger = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()]
    })

    try {
      const witness = await pair()
      const a = await network.node({ linkTimeout: 1_000, addresses: stranger.getMultiaddrs() })
      await connected(a)
      const events = recordLinks(a)
      // two timeouts, by the heartbeats of others
      const measured = new Set<number | undefined>()
      await until(witness.a, () => measured.add(witness.a.services.peers.members()[0].rtt).size > 10)

      expect(events).to.deep.equal([])
      expect(a.services.peers.members()[0].rtt).to.equal(undefined)
    } finally {
      await stranger.stop()
    }
  })

  for (const [what, bytes] of Object.entries({
    'an empty frame': Uint8Array.of(0),
    'a heartbeat without a number': Uint8Array.of(1, 1),
    'a flood of heartbeats': new Uint8Array(60_000).map((_, i) => [5, 1, 0, 0, 0, 0][i % 6]),
    'a flood of frames of a later version': new Uint8Array(2 * 65).map((_, i) => [1, 200][i % 2])
  })) {
    it(`ends the stream of a peer that sends ${what}, and keeps the link`, async () => {
      const { a, b } = await pair()
      const events = [recordLinks(a), recordLinks(b)]
      const stream = await openConnections(a)[0].newStream(LINK_PROTOCOL)
      stream.send(bytes)
      await ended(stream)

      expect(events.flat()).to.deep.equal([])
      expect(openConnections(b)).to.have.lengthOf(1)
    })
  }

  it('does not let a peer open streams without end', async () => {
    const { a, b } = await pair()
    const [connection] = openConnections(b)
    const streams = await Promise.allSettled(Array.from({ length: 8 }, async () => openConnections(a)[0].newStream(LINK_PROTOCOL)))
    await Promise.all(streams.map(async result => {
      if (result.status === 'fulfilled' && connection.streams.filter(({ protocol }) => protocol === LINK_PROTOCOL).length > 2) {
        await ended(result.value)
      }
    }))

    expect(connection.streams.filter(({ protocol }) => protocol === LINK_PROTOCOL).length).to.be.at.most(2)
    expect(openConnections(a)).to.have.lengthOf(1)
  })
})
