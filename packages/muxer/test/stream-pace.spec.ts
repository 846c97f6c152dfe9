import { DEFAULT_MAX_STREAMS_PER_SECOND, muxer } from '@fisco-libp2p/muxer'
import { plaintext } from '@libp2p/plaintext'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { pEvent } from 'p-event'
import type { MuxerInit } from '@fisco-libp2p/muxer'
import type { Connection, Metrics, Stream } from '@libp2p/interface'
import type { Libp2p } from 'libp2p'

const PROTOCOL = '/test/pace/1.0.0'

describe('the pace at which streams are taken', () => {
  let nodes: Libp2p[] = []
  let held = 0

  const metrics = {
    registerCounter: (name: string) => ({ increment: () => { held += Number(name === 'fisco_muxer_held_total') } }),
    registerCounterGroup: () => ({ increment: () => {} })
  }

  /**
   * A node that answers each stream with a byte, and the connection of a peer with it.
   */
  async function connect (init: MuxerInit = {}): Promise<{ taken(): number, connection: Connection, server: Libp2p }> {
    const base = { addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [plaintext()], connectionMonitor: { enabled: false } }
    const server = await createLibp2p({ ...base, streamMuxers: [() => muxer({ enableKeepAlive: false, ...init })({ metrics: metrics as unknown as Metrics })] })
    const client = await createLibp2p({ ...base, streamMuxers: [yamux({ enableKeepAlive: false })] })
    let taken = 0

    nodes.push(server, client)
    await server.handle(PROTOCOL, stream => {
      taken++
      stream.send(Uint8Array.of(7))
    }, { maxInboundStreams: 10_000 })

    return { connection: await client.dial(server.getMultiaddrs()), server, taken: () => taken }
  }

  beforeEach(() => { held = 0 })

  afterEach(async () => {
    await Promise.all(nodes.map(async node => node.stop()))
    nodes = []
  })

  async function use (connection: Connection): Promise<Stream> {
    const stream = await connection.newStream(PROTOCOL, { maxOutboundStreams: 10_000 })
    await pEvent(stream, 'message')

    return stream
  }

  it('lets a peer open as many at a stretch as in a second, and more of them later: none is lost', async () => {
    const { connection, taken } = await connect({ maxStreamsPerSecond: 20 })
    const began = performance.now()
    const streams = Array.from({ length: 2 }, async () => {
      for (let i = 0; i < 20; i++) {
        await (await use(connection)).close()
      }
    })

    await Promise.all(streams)
    expect(taken()).to.equal(40)
    // less what came together with the last one that was in time
    expect(performance.now() - began).to.be.above(850)
    expect(held).to.be.above(0)
    expect(connection.status).to.equal('open')
  })

  it('does not hold up a peer that keeps to it', async () => {
    const { connection } = await connect()

    await Promise.all(Array.from({ length: DEFAULT_MAX_STREAMS_PER_SECOND / 2 }, async () => use(connection)))
    expect(held).to.equal(0)
  })

  it('takes no more of one that opens and resets them without end', async () => {
    const { connection, server, taken } = await connect({ maxStreamsPerSecond: 100 })
    const [{ direction, remotePeer }] = server.getConnections()
    const began = performance.now()
    let opened = 0

    expect(direction).to.equal('inbound')
    // more than at a stretch
    while (taken() < 150) {
      const stream = await Promise.race([connection.newStream(PROTOCOL), new Promise<undefined>(resolve => { setTimeout(() => { resolve(undefined) }, 20) })]).catch(() => undefined)
      stream?.abort(new Error('flood'))
      opened++
    }

    // and what came together with the last one that was in time
    expect(taken()).to.be.at.most(150 + (performance.now() - began) / 10)
    expect(opened).to.be.at.least(taken())
    expect(server.getConnections(remotePeer)).to.have.lengthOf(1)
  })

  it('lets one stream ask for a few protocols, and not for more of them without end', async () => {
    const { connection, server } = await connect()
    const unknown = Array.from({ length: 100 }, (_, i) => `/test/unknown/${i}`)
    const stream = await connection.newStream([...unknown.slice(0, 10), PROTOCOL])

    expect(stream.protocol).to.equal(PROTOCOL)
    expect(await connection.newStream([...unknown, PROTOCOL]).then(() => 'ok', err => err.name)).to.equal('StreamResetError')
    expect(server.getConnections()).to.have.lengthOf(1)
  })

  it('is a positive integer', () => {
    for (const maxStreamsPerSecond of [0, 1.5, NaN, 1_000_001]) {
      expect(() => muxer({ maxStreamsPerSecond })).to.throw('maxStreamsPerSecond').with.property('name', 'InvalidParametersError')
    }
  })
})
