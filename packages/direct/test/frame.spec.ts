import { encodeFrame, FrameDecoder, FrameKind, InvalidFrameError, MAX_FRAME_LENGTH, MAX_MESSAGE_SIZE_CEILING, MAX_PART_LENGTH, MAX_TIMEOUT, MIN_PART_LENGTH } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { concat, toString } from 'uint8arrays'
import type { Frame } from '@fisco-libp2p/direct'

const bytes = (min: number, max: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: min, maxLength: max, size: 'max' })
const id = fc.nat({ max: 0xffffffff })
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 })

// what begins a message: all of it, or a part and the promise of more
const start = fc.oneof(
  bytes(0, 3000).map(part => ({ more: false, total: part.length, part })),
  fc.tuple(bytes(MIN_PART_LENGTH, 3000), fc.integer({ min: 1, max: MAX_MESSAGE_SIZE_CEILING - 3000 })).map(([part, rest]) => ({ more: true, total: part.length + rest, part }))
)

const chunk = fc.oneof(
  bytes(0, 3000).map(part => ({ more: false, part })),
  bytes(MIN_PART_LENGTH, 3000).map(part => ({ more: true, part }))
)

const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constantFrom(FrameKind.REQUEST, FrameKind.NOTIFICATION), id, timeout: fc.integer({ min: 1, max: MAX_TIMEOUT }), name, start })
    .map(({ start, ...rest }) => ({ ...rest, ...start })),
  fc.record({ kind: fc.constant(FrameKind.RESPONSE), id, start }).map(({ start, ...rest }) => ({ ...rest, ...start })),
  fc.record({ kind: fc.constant(FrameKind.CHUNK), id, fromCallee: fc.boolean(), chunk }).map(({ chunk, ...rest }) => ({ ...rest, ...chunk })),
  fc.record({ kind: fc.constant(FrameKind.ERROR), id, code: fc.nat({ max: 0xffff }), text: fc.string({ unit: 'binary', maxLength: 100 }) }),
  fc.record({ kind: fc.constant(FrameKind.CANCEL), id }),
  fc.record({ kind: fc.constant(FrameKind.OPEN), id, timeout: fc.integer({ min: 1, max: MAX_TIMEOUT }), name }),
  fc.record({ kind: fc.constant(FrameKind.END), id, fromCallee: fc.boolean() }),
  fc.record({ kind: fc.constant(FrameKind.CREDIT), id, fromCallee: fc.boolean(), cost: fc.nat({ max: 0xffffffff }) }),
  fc.record({ kind: fc.constant(FrameKind.ACK), bytes: fc.nat({ max: 0xffffffff }) })
)

/**
 * A frame in a form that can be compared: parts may come as a list.
 */
function plain (frame?: Frame): unknown {
  return frame != null && 'part' in frame ? { ...frame, part: toString(frame.part.subarray(), 'hex') } : frame
}

function decodeAll (pieces: Array<Uint8Array | Uint8ArrayList>): unknown[] {
  const decoder = new FrameDecoder()
  const frames: unknown[] = []

  for (const piece of pieces) {
    decoder.push(piece)

    for (let frame = decoder.next(); frame != null; frame = decoder.next()) {
      frames.push(plain(frame))
    }
  }

  expect(decoder.byteLength).to.equal(0)

  return frames
}

function split (all: Uint8Array, lengths: number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let at = 0

  for (const length of lengths) {
    pieces.push(all.subarray(at, at + length))
    at += length
  }

  return [...pieces, all.subarray(at)]
}

function ruleOf (data: Uint8Array): string | undefined {
  const decoder = new FrameDecoder()
  decoder.push(data)

  try {
    decoder.next()
  } catch (err) {
    expect(err).to.be.instanceOf(InvalidFrameError)

    return err.rule
  }
}

/**
 * A frame with a few bytes of it replaced.
 */
function changed (frame: Frame, at: number, replacement: number[]): Uint8Array {
  const encoded = encodeFrame(frame)
  encoded.set(replacement, at)

  return encoded
}

describe('frames', () => {
  it('come out as they went in', () => {
    fc.assert(fc.property(fc.array(anyFrame, { maxLength: 5 }), frames => {
      expect(decodeAll([concat(frames.map(encodeFrame))])).to.deep.equal(frames.map(plain))
    }))
  })

  it('come out the same wherever their bytes are split, also as lists', () => {
    fc.assert(fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 4 }), fc.array(fc.nat({ max: 700 }), { maxLength: 40 }), fc.boolean(), (frames, lengths, asLists) => {
      const pieces = split(concat(frames.map(encodeFrame)), lengths)
      const given = asLists ? [new Uint8ArrayList(...pieces.slice(0, 3)), new Uint8ArrayList(...pieces.slice(3))] : pieces

      expect(decodeAll(given)).to.deep.equal(frames.map(plain))
    }))
  })

  it('come out the same when cut at each single byte, and byte by byte', () => {
    const frames: Frame[] = [
      { kind: FrameKind.REQUEST, id: 1, more: false, timeout: 30_000, total: 3, name: 'größe', part: Uint8Array.of(1, 2, 3) },
      { kind: FrameKind.CANCEL, id: 0xffffffff },
      { kind: FrameKind.RESPONSE, id: 7, more: false, total: 0, part: new Uint8Array() },
      { kind: FrameKind.ERROR, id: 8, code: 2, text: 'no' }
    ]
    const all = concat(frames.map(encodeFrame))
    const expected = frames.map(plain)

    for (let at = 0; at <= all.length; at++) {
      expect(decodeAll([all.subarray(0, at), all.subarray(at)])).to.deep.equal(expected)
    }

    expect(decodeAll([...all].map(byte => Uint8Array.of(byte)))).to.deep.equal(expected)
  })

  it('are parts of what came in, not copies', () => {
    const all = concat([
      encodeFrame({ kind: FrameKind.CANCEL, id: 1 }),
      encodeFrame({ kind: FrameKind.CHUNK, id: 1, more: true, fromCallee: false, part: new Uint8Array(MAX_PART_LENGTH).fill(7) })
    ])
    const decoder = new FrameDecoder()
    decoder.push(all)
    decoder.next()
    const frame = decoder.next()

    expect(frame != null && 'part' in frame ? frame.part.subarray().buffer : undefined).to.equal(all.buffer)
  })

  it('any bytes give frames or a typed error', () => {
    // random bytes seldom have a plausible length: half of the cases are given one
    const framed = fc.uint8Array({ minLength: 5, maxLength: 400 }).map(rest => concat([Uint8Array.of(0, 0, rest.length >>> 8, rest.length), rest]))
    const kinded = fc.tuple(framed, fc.integer({ min: 1, max: 6 })).map(([frame, kind]) => {
      frame[4] = kind

      return frame
    })

    fc.assert(fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 400 }), framed, kinded), { maxLength: 5 }), pieces => {
      const decoder = new FrameDecoder()

      try {
        for (const piece of pieces) {
          decoder.push(piece)

          for (let frame = decoder.next(); frame != null; frame = decoder.next()) {
            expect(encodeFrame(frame).length).to.be.at.most(MAX_FRAME_LENGTH + 4)
          }
        }
      } catch (err) {
        expect(err).to.be.instanceOf(InvalidFrameError)
      }
    }), { numRuns: 2000 })
  })

  it('are refused by the rule that they break', () => {
    const request: Frame = { kind: FrameKind.REQUEST, id: 1, more: false, timeout: 1000, total: 2, name: 'ab', part: Uint8Array.of(1, 2) }
    const chunk: Frame = { kind: FrameKind.CHUNK, id: 1, more: false, fromCallee: false, part: Uint8Array.of(1) }

    expect(ruleOf(Uint8Array.of(0, 0, 0, 4, 6, 0, 0, 0))).to.equal('length')
    expect(ruleOf(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).to.equal('length')
    expect(ruleOf(Uint8Array.of(0, 0, 0, 6, 6, 0, 0, 0, 1, 0))).to.equal('length')
    expect(ruleOf(Uint8Array.of(0, 0, 0, 14, ...new Uint8Array(14).fill(1)))).to.equal('length')
    expect(ruleOf(changed(request, 18, [200]))).to.equal('length')
    expect(ruleOf(encodeFrame({ kind: FrameKind.ERROR, id: 1, code: 1, text: 'x'.repeat(769) }))).to.equal('length')
    expect(ruleOf(changed(request, 4, [0]))).to.equal('kind')
    expect(ruleOf(changed(request, 4, [11]))).to.equal('kind')

    for (const kind of [FrameKind.END, FrameKind.CREDIT, FrameKind.ACK, FrameKind.OPEN]) {
      expect(ruleOf(changed(request, 4, [kind]))).to.equal('length')
    }

    expect(ruleOf(changed({ kind: FrameKind.END, id: 1, fromCallee: false }, 9, [1]))).to.equal('flags')
    expect(ruleOf(changed({ kind: FrameKind.CREDIT, id: 1, fromCallee: true, cost: 1 }, 9, [1]))).to.equal('flags')
    expect(ruleOf(encodeFrame({ kind: FrameKind.OPEN, id: 1, timeout: 1, name: '' }))).to.equal('name')
    expect(ruleOf(changed(request, 9, [2]))).to.equal('flags')
    expect(ruleOf(changed(chunk, 9, [4]))).to.equal('flags')
    expect(ruleOf(changed(request, 19, [0xff]))).to.equal('name')
    expect(ruleOf(encodeFrame({ ...request, name: '' }))).to.equal('name')
    expect(ruleOf(encodeFrame({ ...request, total: MAX_MESSAGE_SIZE_CEILING + 1 }))).to.equal('total')
    expect(ruleOf(encodeFrame({ ...request, total: 3 }))).to.equal('part')
    expect(ruleOf(encodeFrame({ ...request, total: 1 }))).to.equal('part')
    expect(ruleOf(encodeFrame({ ...request, total: 5000, more: true, part: new Uint8Array(MIN_PART_LENGTH - 1) }))).to.equal('part')
    expect(ruleOf(encodeFrame({ ...request, total: 5000, more: true, part: new Uint8Array(5000) }))).to.equal('part')
    expect(ruleOf(encodeFrame({ ...chunk, part: new Uint8Array(MAX_PART_LENGTH + 1) }))).to.equal('part')
    expect(ruleOf(encodeFrame({ ...chunk, more: true }))).to.equal('part')
    expect(ruleOf(encodeFrame(request))).to.equal(undefined)
  })

  it('have their numbers clamped', () => {
    const decoder = new FrameDecoder()
    decoder.push(encodeFrame({ kind: FrameKind.REQUEST, id: 1, more: false, timeout: 0, total: 0, name: 'a', part: new Uint8Array() }))
    decoder.push(encodeFrame({ kind: FrameKind.REQUEST, id: 2, more: false, timeout: 0xffffffff, total: 0, name: 'a', part: new Uint8Array() }))

    expect(decoder.next()).to.have.property('timeout', 1)
    expect(decoder.next()).to.have.property('timeout', MAX_TIMEOUT)
  })
})
