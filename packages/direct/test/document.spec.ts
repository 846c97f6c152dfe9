import { DIRECT_PROTOCOLS, encodeFrame, ErrorCode, FrameDecoder, FrameKind, LANE_PROTOCOLS } from '@fisco-libp2p/direct'
import { documentedConstants, documentedNames, documentedTable, documentedVector, wireNames } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { pack, unpack } from '../src/compression.ts'
import * as constants from '../src/constants.ts'
import { errorOf } from '../src/errors.ts'
import type { FrameRule } from '../src/errors.ts'
import type { Frame } from '@fisco-libp2p/direct'

const FRAMES: Record<string, Frame> = {
  'direct request': { kind: FrameKind.REQUEST, id: 1, more: false, timeout: 30_000, total: 3, name: 'height', part: Uint8Array.of(1, 2, 3) },
  'direct request, empty': { kind: FrameKind.REQUEST, id: 0xffffffff, more: false, timeout: 1, total: 0, name: 'größe', part: new Uint8Array() },
  'direct request, long': { kind: FrameKind.REQUEST, id: 2, more: true, timeout: 3_600_000, total: 2_049, name: 'put', part: new Uint8Array(1_024).fill(0x5a) },
  'direct chunk, more': { kind: FrameKind.CHUNK, id: 2, more: true, fromCallee: false, part: new Uint8Array(1_024).fill(0xa5) },
  'direct chunk, last': { kind: FrameKind.CHUNK, id: 2, more: false, fromCallee: false, part: Uint8Array.of(0xff) },
  'direct response': { kind: FrameKind.RESPONSE, id: 1, more: false, total: 2, part: Uint8Array.of(0xca, 0xfe) },
  'direct response, empty': { kind: FrameKind.RESPONSE, id: 3, more: false, total: 0, part: new Uint8Array() },
  'direct chunk, from the callee': { kind: FrameKind.CHUNK, id: 5, more: false, fromCallee: true, part: Uint8Array.of(0) },
  'direct notification': { kind: FrameKind.NOTIFICATION, id: 6, more: false, timeout: 5_000, total: 1, name: 'hint', part: Uint8Array.of(42) },
  'direct error': { kind: FrameKind.ERROR, id: 7, code: 1, text: '' },
  'direct error, explained': { kind: FrameKind.ERROR, id: 8, code: 2, text: 'no such block' },
  'direct cancel': { kind: FrameKind.CANCEL, id: 9 },
  'direct open': { kind: FrameKind.OPEN, id: 10, timeout: 3_600_000, name: 'blocks' },
  'direct end': { kind: FrameKind.END, id: 10, fromCallee: true },
  'direct credit': { kind: FrameKind.CREDIT, id: 10, fromCallee: false, cost: 131_072 },
  'direct ack': { kind: FrameKind.ACK, bytes: 65_806 }
}

function decode (bytes: Uint8Array): unknown {
  const decoder = new FrameDecoder()
  decoder.push(bytes)
  const frame = decoder.next()

  expect(decoder.byteLength).to.equal(0)

  return frame != null && 'part' in frame ? { ...frame, part: Uint8Array.from(frame.part.subarray()) } : frame
}

describe('docs/PROTOCOLS.md, unicast', () => {
  for (const [name, frame] of Object.entries(FRAMES)) {
    it(`vector: ${name}`, () => {
      const wire = documentedVector(name)

      expect(Buffer.from(encodeFrame(frame)).toString('hex')).to.equal(wire)
      expect(decode(Buffer.from(wire, 'hex'))).to.deep.equal(frame)
    })
  }

  it('every kind of frame has a vector, and its number', () => {
    const [row] = documentedTable('field', 'bytes', 'meaning').filter(([field]) => field === 'kind')
    const kinds = Object.fromEntries(row[2].split(', ').map(kind => [kind.split(' ')[1].toUpperCase(), Number(kind.split(' ')[0])]))

    expect(kinds).to.deep.equal(FrameKind)
    expect(new Set(Object.values(FRAMES).map(({ kind }) => kind))).to.deep.equal(new Set(Object.values(FrameKind)))
  })

  it('vector: compression, plain', async () => {
    const wire = documentedVector('compression, plain')

    expect(Buffer.from(await pack(Uint8Array.of(1, 2, 3))).toString('hex')).to.equal(wire)
    expect(await unpack(Buffer.from(wire, 'hex'), 3)).to.deep.equal(Buffer.of(1, 2, 3))
  })

  it('vector: compression, compressed', async () => {
    const message = Buffer.alloc(1_025, 'a')

    // how a message is compressed is the sender's business, and that of its zlib
    expect(await unpack(Buffer.from(documentedVector('compression, compressed'), 'hex'), 1_025)).to.deep.equal(message)
    expect((await pack(message))[0]).to.equal(constants.COMPRESSED_MARK)
  })

  it('error codes', () => {
    const rows = documentedTable('code', 'meaning', 'what the caller gets').filter(([code]) => code !== 'other')

    expect(rows.map(([code]) => Number(code))).to.deep.equal(Object.values(ErrorCode))

    for (const [code, , error] of rows.filter(([code]) => Number(code) !== ErrorCode.CANCELLED)) {
      expect(errorOf(Number(code), '', '', '', 1).name).to.equal(error)
    }
  })

  it('rules whose violation resets a stream', () => {
    // an entry for each, or it does not compile
    const rules: Record<FrameRule, true> = { length: true, kind: true, flags: true, name: true, credit: true, id: true, total: true, part: true, chunk: true, unfinished: true, ack: true, unread: true }

    expect(documentedTable('rule', 'broken by').map(([rule]) => rule)).to.deep.equal(Object.keys(rules))
  })

  it('lanes, constants and names', () => {
    expect(Object.fromEntries(documentedTable('lane', 'protocol', 'for'))).to.deep.equal(LANE_PROTOCOLS)
    expect({ ...constants }).to.include(documentedConstants('direct'))
    expect(new Set([...wireNames(constants), ...DIRECT_PROTOCOLS])).to.deep.equal(new Set(documentedNames('direct')))
  })
})
