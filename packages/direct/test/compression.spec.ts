import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { directProtocol } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import fc from 'fast-check'
import { pack, unpack } from '../src/compression.ts'
import { failure, Network, outcome } from './support/network.ts'

const MIB = 1024 * 1024
const marked = (mark: number, bytes: Uint8Array): Uint8Array => Buffer.concat([Uint8Array.of(mark), bytes])

describe('compression', () => {
  it('gives back any message', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 5_000, size: 'max' }), fc.nat({ max: 3 }), async (bytes, repeat) => {
      const message = Buffer.concat(Array(repeat + 1).fill(bytes))

      expect(Buffer.compare(await unpack(await pack(message), message.length), message)).to.equal(0)
    }))
  })

  it('is for what is above 1 KiB, and becomes shorter', async () => {
    expect(await pack(new Uint8Array(1_024))).to.have.lengthOf(1_025)
    expect(await pack(new Uint8Array(1_025))).to.have.property('length').that.is.below(50)
    expect(await pack(randomBytes(10_000))).to.have.lengthOf(10_001)
  })

  it('makes no more of a message than is allowed, however small it comes', async () => {
    const bomb = marked(1, deflateRawSync(new Uint8Array(64 * MIB)))
    expect(bomb.length).to.be.below(100_000)

    expect(await failure(unpack(bomb, MIB))).to.have.property('name', 'MessageTooLargeError')
    expect(await outcome(unpack(marked(0, new Uint8Array(11)), 10))).to.equal('MessageTooLargeError')
    expect(await outcome(unpack(marked(0, new Uint8Array(10)), 10))).to.equal('ok')
    expect(await outcome(unpack(marked(1, deflateRawSync(new Uint8Array(10))), 10))).to.equal('ok')
  })

  it('takes any bytes: they are a message, or an error says what is wrong', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async bytes => {
      expect(await outcome(unpack(bytes, 1_000))).to.be.oneOf(['ok', 'InvalidMessageError', 'MessageTooLargeError'])
    }))
    expect(await failure(unpack(new Uint8Array(), 10))).to.have.property('message').that.contains('whether it is compressed')
    expect(await failure(unpack(marked(1, Uint8Array.of(0xff)), 10))).to.have.property('message').that.contains('decompressed')
  })
})

describe('a protocol that compresses', () => {
  const network = new Network()
  const bytes = { encode: (message: Uint8Array) => message, decode: (data: Uint8Array) => data }
  const blocks = directProtocol<Uint8Array, Uint8Array>({ name: 'blocks/1.0.0', request: bytes, response: bytes, compress: true, maxMessageSize: MIB, lane: 'bulk' })

  after(async () => network.stop())

  it('sends less, and says the same', async () => {
    const [a, b] = await network.pair()
    const answering = blocks({ handler: message => Buffer.concat([message, message]) })({ direct: b.direct })
    await answering.start()
    const asking = blocks()({ direct: a.direct })
    const message = new Uint8Array(MIB / 2).fill(3)
    const answer = await asking.request(b.nodeId, message)

    expect(Buffer.compare(answer, Buffer.concat([message, message]))).to.equal(0)
    const { sent, received } = a.direct.statistics()[0].handlers['blocks/1.0.0']
    expect(sent.bytes + received.bytes).to.be.below(20_000)
    // a message that is as long as it may be, and as it is
    expect(await asking.request(b.nodeId, randomBytes(MIB / 2))).to.have.lengthOf(MIB)

    const bomb = marked(1, deflateRawSync(new Uint8Array(64 * MIB)))
    const err = await failure(a.direct.request(b.nodeId, 'blocks/1.0.0', bomb))
    expect(err).to.have.property('reason').that.contains('of more than 1048576 bytes when it is decompressed')
  })
})
