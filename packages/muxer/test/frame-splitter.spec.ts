import { expect } from 'chai'
import * as fc from 'fast-check'
import { Flag, FrameSplitter, FrameType } from '../src/frame-splitter.ts'
import { frame } from './helpers/frames.ts'
import type { FrameHeader } from '../src/frame-splitter.ts'

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const flags = fc.integer({ min: 0, max: 65_535 })
const control = fc.record({ type: fc.integer({ min: 1, max: 255 }), flags, streamId: uint32, length: uint32 })
const data = fc.record({ type: fc.constant(FrameType.DATA), flags, streamId: uint32, length: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1_000, max: 3_000 })) })

/**
 * What frames say, however data is cut: what begins, each byte, what ends.
 */
function said (frames: ReadonlyArray<{ header: FrameHeader, bytes: Uint8Array }>): unknown[] {
  const said: unknown[] = []

  for (const { header: { type, flags, streamId, length }, bytes } of frames) {
    if (type === FrameType.DATA) {
      const begins = flags & (Flag.SYN | Flag.ACK)
      expect(bytes.length).to.equal(12 + length)
      said.push(...begins === 0 ? [] : [`${streamId} begins ${begins}`], ...Array.from(bytes.subarray(12), byte => `${streamId} ${byte}`), ...flags === begins ? [] : [`${streamId} ends ${flags & ~begins}`])
    } else {
      expect(bytes.length).to.equal(12)
      said.push({ type, flags, streamId, length })
    }
  }

  return said
}

function split (bytes: Uint8Array, pieces: readonly number[]): Array<{ header: FrameHeader, bytes: Uint8Array }> {
  const found: Array<{ header: FrameHeader, bytes: Uint8Array }> = []
  const splitter = new FrameSplitter(frame => {
    const bytes = frame.subarray()
    const view = new DataView(bytes.buffer, bytes.byteOffset)

    found.push({ header: { type: bytes[1], flags: view.getUint16(2), streamId: view.getUint32(4), length: view.getUint32(8) }, bytes })
  })

  for (let at = 0, i = 0; at < bytes.length; at += pieces[i++ % pieces.length]) {
    splitter.read(bytes.subarray(at, at + pieces[i % pieces.length]))
  }

  return found
}

describe('frames that come in pieces', () => {
  it('say the same as they do in one piece', () => {
    fc.assert(fc.property(fc.array(fc.oneof(control, data), { maxLength: 8 }), fc.array(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 500, max: 5_000 })), { minLength: 1 }), (headers, pieces) => {
      const frames = headers.map(header => ({ header, bytes: frame(header).fill(header.streamId & 0xff, 12) }))

      expect(said(split(Buffer.concat(frames.map(({ bytes }) => bytes)), pieces))).to.deep.equal(said(frames))
    }))
  })

  it('are handed on unchanged where they are complete', () => {
    fc.assert(fc.property(fc.array(fc.oneof(control, data), { maxLength: 8 }), headers => {
      const frames = headers.map(header => ({ header, bytes: frame(header) }))

      expect(split(Buffer.concat(frames.map(({ bytes }) => bytes)), [Infinity]).map(({ header }) => header)).to.deep.equal(headers)
    }))
  })

  it('are handed on as they come, so that nothing is kept of one that does not end', () => {
    const found = split(frame({ type: FrameType.DATA, flags: Flag.SYN, streamId: 7, length: 2 ** 32 - 1 }, 100_000), [12, 40_000])

    expect(found.map(({ header: { flags, length } }) => ({ flags, length }))).to.deep.equal([{ flags: Flag.SYN, length: 40_000 }, { flags: 0, length: 12 }, { flags: 0, length: 40_000 }, { flags: 0, length: 12 }, { flags: 0, length: 19_976 }])
  })

  it('do not keep what came with them, where they are small', () => {
    const bytes = Buffer.concat([frame({ type: FrameType.DATA, flags: 0, streamId: 1, length: 1 }), new Uint8Array(16_000)])
    const kept: number[] = []
    const splitter = new FrameSplitter(bytes => { kept.push(bytes.subarray().buffer.byteLength) })

    splitter.read(bytes.subarray(0, 13))
    splitter.read(bytes)
    expect(kept[1]).to.equal(13)
  })

  it('of another version are left to the reader, as a header alone', () => {
    const header = frame({ type: FrameType.DATA, flags: 0, streamId: 1, length: 9 }, 0)
    header[0] = 1

    expect(split(header, [5]).map(({ bytes }) => [...bytes])).to.deep.equal([[...header]])
  })
})
