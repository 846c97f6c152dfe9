import { encodeFrame, FrameDecoder, MAX_FRAME_BYTES } from '@fisco-libp2p/status-seq'
import { expect } from 'chai'
import fc from 'fast-check'

function decodeAll (decoder: FrameDecoder): Uint8Array[] {
  const frames: Uint8Array[] = []

  for (let frame = decoder.next(); frame != null; frame = decoder.next()) {
    frames.push(frame)
  }

  return frames
}

describe('frames', () => {
  it('come out as they went in, however they are cut', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1 }), (bodies, cuts) => {
      const wire = Buffer.concat(bodies.map(encodeFrame))
      const decoder = new FrameDecoder()
      const frames: Uint8Array[] = []

      for (let at = 0, i = 0; at < wire.byteLength; i++) {
        const end = at + cuts[i % cuts.length]
        decoder.push(wire.subarray(at, end))
        frames.push(...decodeAll(decoder))
        at = end
      }

      expect(frames.map(frame => Buffer.from(frame).toString('hex'))).to.deep.equal(bodies.map(body => Buffer.from(body).toString('hex')))
    }))
  })

  it('of any bytes are frames, or an error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), wire => {
      const decoder = new FrameDecoder(64)

      decoder.push(wire)

      try {
        decodeAll(decoder).forEach(frame => { expect(frame.byteLength).to.be.within(1, 64) })
      } catch (err) {
        expect(err).to.have.property('name', 'MalformedStatusError')
      }
    }))
  })

  for (let length = 0; length < 4; length++) {
    it(`wait for the rest when ${length} bytes of the length have come`, () => {
      const decoder = new FrameDecoder()

      decoder.push(new Uint8Array(length))

      expect(decoder.next()).to.equal(undefined)
    })
  }

  it('are refused when empty', () => {
    const decoder = new FrameDecoder()

    decoder.push(new Uint8Array(4))

    expect(() => decoder.next()).to.throw('A frame has 0 bytes').with.property('name', 'MalformedStatusError')
  })

  it('are refused when too long, before they are collected', () => {
    const decoder = new FrameDecoder()
    const header = Buffer.alloc(4)
    header.writeUInt32BE(MAX_FRAME_BYTES + 1)

    decoder.push(header)

    expect(() => decoder.next()).to.throw(`A frame has ${MAX_FRAME_BYTES + 1} bytes`).with.property('name', 'MalformedStatusError')
  })

  it('may be as long as allowed', () => {
    const decoder = new FrameDecoder()

    decoder.push(encodeFrame(new Uint8Array(MAX_FRAME_BYTES)))

    expect(decoder.next()?.byteLength).to.equal(MAX_FRAME_BYTES)
  })
})
