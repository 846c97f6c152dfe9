import { encodeFrame, MAX_FRAME_BYTES, sealRecord } from '@fisco-libp2p/status-seq'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { startNode, text } from './support/nodes.ts'
import { send, startRawPeer } from './support/raw-peer.ts'
import { bytes, seal, travelling } from './support/records.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { StatusMessage } from '@fisco-libp2p/status-seq'

const frame = (length: number, ...body: number[]): Uint8Array => {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(length)

  return Buffer.concat([header, Uint8Array.from(body)])
}

describe('a member that misbehaves', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(4, { keyType: 'ed25519' })
  })

  const garbage: Array<[string, () => Uint8Array]> = [
    ['an empty frame', () => frame(0)],
    ['a frame that is too long', () => frame(MAX_FRAME_BYTES + 1)],
    ['a frame of the longest length there is', () => frame(0xffffffff)],
    ['a frame of one byte', () => frame(1, 0xff)],
    ['a frame of two bytes', () => frame(2, 0x0a, 0x05)],
    ['a frame of three bytes', () => frame(3, 0x0a, 0xff, 0xff)],
    ['another protocol', () => bytes('GET / HTTP/1.1\r\n\r\n')],
    ['a record of no sense', () => encodeFrame(Uint8Array.of(0x22, 4, 0x0a, 2, 0x0a, 0))],
    ['a request for no node ID', () => encodeFrame(Uint8Array.of(0x1a, 3, 0x0a, 1, 7))]
  ]

  for (const [what, wire] of garbage) {
    it(`loses its stream for ${what}, and nobody else does`, async () => {
      await using a = await startNode(identities[0])
      await using b = await startNode(identities[1])
      await using peer = await startRawPeer(identities[2])
      const stream = await peer.open(a)
      const reset = pEvent(stream, 'close')

      stream.send(wire())
      await reset
      expect(stream.status).to.equal('reset')

      await a.connect(b)
      a.status.set('n', bytes('1'))
      await b.sees(a.nodeId, record => text(record, 'n') === '1')
      expect(a.status.get(identities[2].nodeId)).to.equal(undefined)
      expect(a.libp2p.getConnections(peer.identity.peerId)).to.have.lengthOf(1)
    })
  }

  it('may send half a frame and leave', async () => {
    await using a = await startNode(identities[0])
    await using peer = await startRawPeer(identities[2])

    for (let length = 1; length < 4; length++) {
      const stream = await peer.open(a)
      const closed = pEvent(stream, 'close')

      stream.send(new Uint8Array(length))
      await stream.close()
      await closed
      expect(stream.status).to.equal('closed')
    }
  })

  const forgeries: Array<[string, (good: StatusMessage) => StatusMessage]> = [
    ['a changed value', message => {
      const [record] = message.records ?? []
      const changed = sealRecord(identities[1], { incarnation: 2_000, seq: 1, entries: new Map([['name', bytes('forged')]]) })

      return { records: [{ ...record, bytes: changed.bytes }] }
    }],
    ['a signature of its own', message => {
      const [record] = message.records ?? []

      return { records: [{ ...record, signature: identities[2].sign('status', 1, [record.bytes]) }] }
    }],
    ['a chain of its own', message => {
      const [record] = message.records ?? []

      return { records: [{ ...record, chain: identities[2].chain.map(({ der }) => der), signature: identities[2].sign('status', 1, [record.bytes]) }] }
    }]
  ]

  for (const [what, forge] of forgeries) {
    it(`cannot speak for another with ${what}`, async () => {
      await using a = await startNode(identities[0])
      await using b = await startNode(identities[3])
      await using peer = await startRawPeer(identities[2])
      const stream = await peer.open(a)
      const reset = pEvent(stream, 'close')

      await a.connect(b)
      send(stream, forge({ records: [travelling(seal(identities[1], 1, 'true', 1_500))] }))
      await reset

      // nor does anything of it get to others
      a.status.set('n', bytes('after'))
      await b.sees(a.nodeId, record => text(record, 'n') === 'after')
      expect(a.status.get(identities[1].nodeId)).to.equal(undefined)
      expect(b.status.get(identities[1].nodeId)).to.equal(undefined)
    })
  }

  it('cannot bring back what is older', async () => {
    await using a = await startNode(identities[0])
    await using peer = await startRawPeer(identities[2])
    const stream = await peer.open(a)

    send(stream, { records: [travelling(seal(identities[1], 1, 'restarted', 2_000))] })
    await a.sees(identities[1].nodeId)
    send(stream, { records: [travelling(seal(identities[1], 99, 'replayed', 1_999))] })
    send(stream, { records: [travelling(seal(identities[2], 1, 'end'))] })
    await a.sees(identities[2].nodeId)

    expect(text(a.status.get(identities[1].nodeId), 'name')).to.equal('restarted')
    // and is given the newer one instead
    await peer.gets(({ records }) => records?.some(({ bytes }) => Buffer.from(bytes).includes('restarted')) === true)
  })

  it('is refused for a while after it was caught', async () => {
    await using a = await startNode(identities[0])
    await using peer = await startRawPeer(identities[2])
    const first = await peer.open(a)
    const reset = pEvent(first, 'close')

    first.send(frame(0))
    await reset
    const second = await peer.open(a)

    if (second.status === 'open') {
      await pEvent(second, 'close')
    }

    expect(second.status).to.equal('reset')
  })

  it('costs little memory when it does not read', async () => {
    await using a = await startNode(identities[0])
    await using peer = await startRawPeer(identities[2], { reads: false })
    const [connection] = [await a.libp2p.dial(peer.libp2p.getMultiaddrs())]

    // a muxer's window of 256 KiB is full after five records of 64 KiB
    for (let i = 0; i < 12; i++) {
      'abc'.split('').forEach(name => { a.status.set(name, new Uint8Array(16 * 1024).fill(i)) })
      await new Promise(resolve => { setTimeout(resolve, 110) })
    }

    const stream = connection.streams.find(stream => stream.direction === 'outbound')

    expect(stream?.writableNeedsDrain).to.equal(true)
    expect(stream?.writeBufferLength).to.be.within(1, MAX_FRAME_BYTES)

    // it gets the newest when it reads again
    const newest = new Promise<void>(resolve => {
      let tail = Buffer.alloc(0)

      peer.inbound[0].addEventListener('message', ({ data }) => {
        tail = Buffer.concat([tail.subarray(-100_000), data.subarray()])

        if (tail.includes(Buffer.alloc(1_000, 11))) {
          resolve()
        }
      })
    })

    peer.inbound[0].resume()
    await newest
  })

  it('is slowed down when it changes without end, and its last word arrives', async () => {
    await using a = await startNode(identities[0])
    await using peer = await startRawPeer(identities[2])
    const stream = await peer.open(a)
    const began = performance.now()

    for (let seq = 1; seq <= 1_200; seq++) {
      send(stream, { records: [travelling(seal(identities[2], seq, `${seq}`))] })
    }

    await a.sees(identities[2].nodeId, record => record.seq === 1_200)

    // 1,000 at a stretch, then 200 per second
    expect(performance.now() - began).to.be.above(900)
  })

  it('that claims numbers it does not have keeps nobody from what others have', async () => {
    await using a = await startNode(identities[0])
    await using liar = await startRawPeer(identities[2])
    await using honest = await startRawPeer(identities[3])
    const real = seal(identities[1], 1, 'real')
    const number = { nodeId: identities[1].nodeId, incarnation: 1_000, seq: 1_000_000, hash: 'ab'.repeat(32) }

    send(await liar.open(a), { lists: [{ from: '', numbers: [number] }] })
    await liar.gets(({ request }) => request?.includes(identities[1].nodeId) === true)
    const stream = await honest.open(a)
    send(stream, { lists: [{ from: '', numbers: [{ nodeId: real.nodeId, incarnation: real.incarnation, seq: real.seq, hash: real.hash }] }] })
    await honest.gets(({ request }) => request?.includes(identities[1].nodeId) === true)
    send(stream, { records: [travelling(real)] })

    await a.sees(identities[1].nodeId)
  })
})
