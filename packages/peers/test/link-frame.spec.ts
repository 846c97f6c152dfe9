import { expect } from 'chai'
import fc from 'fast-check'
import { encodeLinkFrame, LinkFrameDecoder } from '../src/link-frame.ts'
import type { KnownLinkFrame, LinkFrame } from '../src/link-frame.ts'

const id = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const frames: fc.Arbitrary<KnownLinkFrame> = fc.oneof(
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), id }),
  fc.record({ kind: fc.constant('goodbye' as const), reason: fc.constantFrom('draining' as const, 'overloaded' as const, 'denied' as const, 'revoked' as const, 'expired' as const, 'untrusted-issuer' as const, 'unknown' as const) })
)

describe('frames of the link protocol', () => {
  it('come out as they went in, however they are cut', () => {
    fc.assert(fc.property(fc.array(frames), fc.array(fc.nat({ max: 8 })), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(encodeLinkFrame))
      const decoder = new LinkFrameDecoder()
      const received: LinkFrame[] = []
      let offset = 0

      for (const cut of [...cuts, bytes.byteLength]) {
        received.push(...decoder.decode(bytes.subarray(offset, offset + cut)))
        offset += cut
      }

      expect(received).to.deep.equal(sent)
    }))
  })

  it('are values or a typed error, whatever comes', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), chunks => {
      const decoder = new LinkFrameDecoder()

      try {
        chunks.forEach(chunk => [...decoder.decode(chunk)])
      } catch (err) {
        expect(err).to.have.property('name', 'InvalidMessageError')
      }
    }))
  })

  it('may be longer than this version knows, or of a kind that it does not know', () => {
    const longer = Uint8Array.of(7, 1, 0, 0, 0, 9, 99, 99)
    const unknown = Uint8Array.of(3, 200, 1, 2)
    const reason = Uint8Array.of(1, 3)

    expect([...new LinkFrameDecoder().decode(Buffer.concat([longer, unknown, reason]))]).to.deep.equal([
      { kind: 'ping', id: 9 }, { kind: 'unknown' }, { kind: 'goodbye', reason: 'unknown' }
    ])
  })

  it('are not looked at beyond those that a reader takes', () => {
    const frames = new LinkFrameDecoder().decode(Uint8Array.of(2, 200, 1, 0))

    // the next one is empty
    expect(frames.next().value).to.deep.equal({ kind: 'unknown' })
  })

  it('do not change when the memory that they came in does', () => {
    const decoder = new LinkFrameDecoder()
    const chunk = Buffer.from([5, 1, 0, 0])

    expect([...decoder.decode(chunk)]).to.deep.equal([])
    chunk.fill(99)
    expect([...decoder.decode(Uint8Array.of(0, 7))]).to.deep.equal([{ kind: 'ping', id: 7 }])
  })

  it('must not be empty, nor a heartbeat without its number', () => {
    for (const wrong of [Uint8Array.of(0), Uint8Array.of(1, 1), Uint8Array.of(4, 2, 0, 0, 0)]) {
      expect(() => [...new LinkFrameDecoder().decode(wrong)]).to.throw().with.property('name', 'InvalidMessageError')
    }
  })
})
