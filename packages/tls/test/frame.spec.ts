import { decodeFrame, encodeFrame, REFUSAL_CODES } from '@fisco-libp2p/tls'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Frame } from '@fisco-libp2p/tls'

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength }).map(b => Uint8Array.from(b))

const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.constant('confirm' as const),
    confirm: fc.record({
      minVersion: fc.nat(), maxVersion: fc.nat(), networkId: bytes(32), incarnation: fc.maxSafeNat(), chain: fc.array(bytes(500), { maxLength: 4 })
    })
  }),
  fc.record({ type: fc.constant('accept' as const), version: fc.nat() }),
  fc.record({ type: fc.constant('refusal' as const), rule: fc.constantFrom(...Object.keys(REFUSAL_CODES) as Array<keyof typeof REFUSAL_CODES>), text: fc.string({ unit: 'grapheme-ascii', maxLength: 200 }) })
)

describe('frames of the confirm exchange', () => {
  it('come out as they went in, however they are cut', () => {
    fc.assert(fc.property(frames, fc.nat(), bytes(20), (frame, cut, rest) => {
      const encoded = Buffer.concat([encodeFrame(frame), rest])
      const length = encoded.byteLength - rest.byteLength

      expect(decodeFrame(encoded.subarray(0, cut % length))).to.equal(undefined)

      const decoded = decodeFrame(encoded)
      expect(decoded?.frame).to.deep.equal(frame)
      expect(decoded?.rest).to.deep.equal(Buffer.from(rest))
    }))
  })

  it('decode from any bytes to a frame, to "not yet", or to a typed error', () => {
    fc.assert(fc.property(bytes(400), fc.boolean(), (body, framed) => {
      const input = framed ? Buffer.concat([Uint8Array.of(body.byteLength >> 8, body.byteLength & 255), body]) : Buffer.from(body)

      try {
        const decoded = decodeFrame(input)
        expect(decoded?.frame.type ?? 'confirm').to.be.oneOf(['confirm', 'accept', 'refusal'])
      } catch (err) {
        expect(err).to.include({ name: 'HandshakeRefusedError', rule: 'malformed' })
      }
    }), { numRuns: 1000 })
  })

  it('show a remote\'s text bounded and without control characters', () => {
    const decoded = decodeFrame(Buffer.from(encodeFrame({ type: 'refusal', rule: 'denied', text: `\u001b[31m${'x'.repeat(1000)}` })))

    expect(decoded?.frame).to.have.property('text').that.matches(/^\?\[31mx+$/)
    expect(decoded?.frame).to.have.property('text').with.lengthOf.at.most(513)
  })

  it('have refusal codes that are unique and unknown ones that are taken for unspecified', () => {
    const codes = Object.values(REFUSAL_CODES)
    expect(new Set(codes).size).to.equal(codes.length)

    // refusal { code: 999 }
    const decoded = decodeFrame(Buffer.from('00051a0308e707', 'hex'))
    expect(decoded?.frame).to.include({ type: 'refusal', rule: 'unspecified' })
  })
})
