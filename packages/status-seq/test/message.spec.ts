import { decodeMessage, encodeFrame, encodeMessage, MAX_FRAME_BYTES, MAX_RECORD_BYTES, Outbox, StatusTable } from '@fisco-libp2p/status-seq'
import { expect } from 'chai'
import fc from 'fast-check'
import { bytes, unsigned } from './support/records.ts'
import type { NodeVersion, StatusMessage } from '@fisco-libp2p/status-seq'

const hex = (length: number): fc.Arbitrary<string> => fc.uint8Array({ minLength: length, maxLength: length }).map(bytes => Buffer.from(bytes).toString('hex'))
const counts = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const nodeIds = fc.oneof(hex(32), hex(64))
const versions: fc.Arbitrary<NodeVersion> = fc.record({ nodeId: nodeIds, incarnation: counts, seq: counts, hash: hex(32) })
const blobs = fc.uint8Array({ maxLength: 40 })
const parts = fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: 16 }).chain(bounds => fc.tuple(...bounds.map((_, i) => hex(16).map(digest => ({
  digest, to: i === bounds.length - 1 ? undefined : [...bounds].sort((a, b) => a - b)[i].toString(16).padStart(2, '0') + 'ff'
})))))
const messages: fc.Arbitrary<StatusMessage> = fc.record({
  announce: fc.option(fc.record({ incarnation: counts, seq: counts, digest: hex(16) }), { nil: undefined }),
  lists: fc.option(fc.array(fc.record({ from: fc.constant(''), to: fc.constant(undefined), numbers: fc.array(versions, { maxLength: 3 }) }), { minLength: 1, maxLength: 3 }), { nil: undefined }),
  compares: fc.option(fc.array(fc.record({ from: fc.constant(''), parts }), { minLength: 1, maxLength: 3 }), { nil: undefined }),
  request: fc.option(fc.array(nodeIds, { maxLength: 3 }), { nil: undefined }),
  records: fc.option(fc.array(fc.record({ bytes: blobs, signature: blobs, chain: fc.array(blobs, { maxLength: 4 }), age: fc.nat() }), { maxLength: 3 }), { nil: undefined })
})

describe('messages', () => {
  it('are decoded as they were encoded', () => {
    fc.assert(fc.property(messages, message => {
      expect(decodeMessage(encodeMessage(message))).to.deep.equal(message)
    }))
  })

  it('are messages or an error, whatever the bytes', () => {
    const damaged = fc.tuple(messages, fc.nat(), fc.nat(255), fc.nat()).map(([message, at, value, end]) => {
      const good = encodeMessage(message)

      return good.byteLength === 0 ? good : good.with(at % good.byteLength, value).subarray(0, 1 + end % good.byteLength)
    })

    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), damaged), wire => {
      try {
        decodeMessage(wire)
      } catch (err) {
        expect(err).to.have.property('name', 'MalformedStatusError')
      }
    }), { numRuns: 3_000 })
  })

  it('that say nothing known are no error', () => {
    // field 15, which a later version may use
    expect(decodeMessage(Uint8Array.of(0x7a, 2, 1, 2))).to.deep.equal({ announce: undefined, lists: undefined, request: undefined, records: undefined, compares: undefined })
  })

  const number: NodeVersion = { nodeId: 'ab'.repeat(32), incarnation: 1, seq: 1, hash: 'cd'.repeat(32) }
  const digest = 'ef'.repeat(16)
  const refusals: Array<[string, StatusMessage]> = [
    ['a number above 2^53 - 1', { announce: { incarnation: 1, seq: 2 ** 53, digest } }],
    ['a number near 2^64', { announce: { incarnation: 2 ** 64 - 2_048, seq: 1, digest } }],
    ['a number that is 0', { lists: [{ from: '', numbers: [{ ...number, seq: 0 }] }] }],
    ['a node ID that no key has', { request: ['abcd'] }],
    ['a digest that is too short', { announce: { incarnation: 1, seq: 1, digest: 'ab' } }],
    ['a hash that is too long', { lists: [{ from: '', numbers: [{ ...number, hash: 'cd'.repeat(33) }] }] }],
    ['a list with a node below its range', { lists: [{ from: 'ac', numbers: [number] }] }],
    ['a list with a node above its range', { lists: [{ from: '', to: 'ab', numbers: [number] }] }],
    ['more numbers than allowed', { lists: [{ from: '', numbers: Array.from({ length: 1_025 }, () => number) }] }],
    ['a comparison without parts', { compares: [{ from: '', parts: [] }] }],
    ['a comparison whose parts do not ascend', { compares: [{ from: '', parts: [{ digest, to: 'ab' }, { digest, to: 'ab' }] }] }],
    ['a comparison with a part behind the end', { compares: [{ from: '', parts: [{ digest }, { digest, to: 'ab' }] }] }],
    ['more parts than allowed', { compares: [{ from: '', parts: Array.from({ length: 17 }, (_, i) => ({ digest, to: (i + 16).toString(16) })) }] }],
    ['more questions than allowed', { request: Array.from({ length: 257 }, () => number.nodeId) }],
    ['more certificates than allowed', { records: [{ bytes: bytes('x'), signature: bytes('x'), chain: Array.from({ length: 5 }, () => bytes('x')), age: 0 }] }]
  ]

  for (const [what, message] of refusals) {
    it(`are refused with ${what}`, () => {
      expect(() => decodeMessage(encodeMessage(message))).to.throw().with.property('name', 'MalformedStatusError')
    })
  }

  it('take an age of any size', () => {
    const record = { bytes: bytes('x'), signature: bytes('x'), chain: [], age: 2 ** 64 - 2_048 }

    expect(decodeMessage(encodeMessage({ records: [record] })).records?.[0].age).to.equal(Number.MAX_SAFE_INTEGER)
  })

  describe('to one neighbour', () => {
    const key = (i: number): string => i.toString(16).padStart(128, '0')

    function outboxWith (count: number, size: number): Outbox {
      const table = new StatusTable({ maxNodes: 10_000, maxAge: 1_000 })

      for (let i = 0; i < count; i++) {
        const hash = i.toString(16).padStart(64, '0')
        const record = { ...unsigned(key(i), { incarnation: 1, seq: 1, hash }), bytes: new Uint8Array(size), chain: Array.from({ length: 4 }, () => new Uint8Array(4 * 1_024)) }

        table.take(record, 0, 0)
      }

      return new Outbox(key(1_000_000), key(0), table)
    }

    function drain (outbox: Outbox): StatusMessage[] {
      const sent: StatusMessage[] = []

      for (let message = outbox.next(0); message != null; message = outbox.next(0)) {
        sent.push(message)
        expect(encodeFrame(encodeMessage(message)).byteLength).to.be.at.most(MAX_FRAME_BYTES)
      }

      return sent
    }

    it('fit into frames when the records are as long as they may be', () => {
      const outbox = outboxWith(5, MAX_RECORD_BYTES)

      outbox.answer(Array.from({ length: 5 }, (_, i) => key(i)), 0)

      expect(drain(outbox).flatMap(message => message.records ?? [])).to.have.lengthOf(5)
    })

    it('fit into frames when there are as many ranges to compare as there may be', () => {
      const outbox = outboxWith(5_000, 1)

      for (let i = 0; i < 300; i++) {
        outbox.compare({ from: key(i * 10), to: key(i * 10 + (i % 2 === 0 ? 8 : 10)) })
      }

      const sent = drain(outbox)
      const ranges = [...sent.flatMap(({ lists = [] }) => lists), ...sent.flatMap(({ compares = [] }) => compares)]

      expect(ranges).to.have.lengthOf(256)
      expect(sent.flatMap(({ lists = [] }) => lists.flatMap(({ numbers }) => numbers))).to.have.lengthOf(128 * 8)
      sent.forEach(message => { expect(decodeMessage(encodeMessage(message)).lists?.length ?? 0).to.equal(message.lists?.length) })
    })

    it('ask for at most as many records as one request may', () => {
      const outbox = outboxWith(1, 1)

      for (let i = 0; i < 1_000; i++) {
        outbox.ask(key(i))
      }

      expect(drain(outbox).map(message => message.request?.length)).to.deep.equal([256])
    })
  })
})
