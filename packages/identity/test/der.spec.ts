import { decodeDer, InvalidDerError } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import fc from 'fast-check'
import { bits, boolean, integer, lengthOctets, octets, oid, sequence, set, tlv, utf8 } from './support/der.ts'
import type { Der } from './support/der.ts'
import type { DerNode } from '@fisco-libp2p/identity'

const { tree } = fc.letrec<{ tree: Der, leaf: Der }>(tie => ({
  leaf: fc.oneof(
    fc.boolean().map(boolean),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map(integer),
    fc.array(fc.nat(2 ** 30), { maxLength: 8 }).map(parts => oid(['1', '2', ...parts].join('.'))),
    fc.string({ unit: 'binary', maxLength: 300 }).map(utf8),
    fc.uint8Array({ maxLength: 300 }).map(bytes => octets(bytes)),
    fc.uint8Array({ maxLength: 20 }).map(bytes => bits(bytes)),
    fc.constant(tlv(0x05)),
    fc.uint8Array({ maxLength: 20 }).map(bytes => tlv(0x82, bytes))
  ),
  tree: fc.oneof({ maxDepth: 6, withCrossShrink: true }, tie('leaf'),
    fc.array(tie('tree'), { maxLength: 4 }).map(children => sequence(...children)),
    fc.array(tie('tree'), { maxLength: 4 }).map(children => set(...children)),
    fc.array(tie('tree'), { maxLength: 2 }).map(children => tlv(0xa1, ...children)))
}))

/**
 * Writes a node again: children where it has some, and the only form of the length.
 */
function write (node: DerNode): Der {
  return tlv(node.tag, ...((node.tag & 0x20) === 0 ? [node.content] : node.children.map(write)))
}

function refuses (bytes: Uint8Array, what: RegExp): void {
  expect(() => decodeDer(bytes)).to.throw(InvalidDerError, what)
}

function nested (depth: number): Der {
  return depth === 1 ? integer(1) : sequence(nested(depth - 1))
}

describe('DER', () => {
  it('reads whatever is canonical, to the byte', () => {
    fc.assert(fc.property(tree, der => {
      fc.pre(der.byteLength <= 16_384)
      expect(write(decodeDer(der))).to.deep.equal(der)
    }))
  })

  it('takes any bytes: what it reads is canonical, and what it does not read is an InvalidDerError', () => {
    const attempt = (bytes: Uint8Array): void => {
      try {
        expect(Buffer.compare(write(decodeDer(bytes)), bytes)).to.equal(0)
      } catch (err) {
        expect(err).to.be.an.instanceOf(InvalidDerError).with.property('name', 'InvalidDerError')
      }
    }

    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), attempt), { numRuns: 2_000 })
    fc.assert(fc.property(tree, fc.nat(), fc.nat(255), (der, at, byte) => {
      const changed = Uint8Array.from(der)
      changed[at % der.byteLength] = byte
      attempt(changed)
    }), { numRuns: 2_000 })
    fc.assert(fc.property(tree, fc.nat(), (der, at) => {
      refuses(der.subarray(0, at % der.byteLength), /cut off|longer than/)
    }))
  })

  it('refuses lengths in another form than the shortest', () => {
    fc.assert(fc.property(tree, der => {
      const { tag, content } = decodeDer(der)
      const length = lengthOctets(content.byteLength)
      const padded = length.byteLength === 1 ? Buffer.from([0x81, length[0]]) : Buffer.from([length[0] + 1, 0, ...length.subarray(1)])

      refuses(Buffer.concat([Buffer.from([tag]), padded, content]), /shortest form/)
    }))
    refuses(Buffer.from('30800201010000', 'hex'), /indefinite/)
    refuses(Buffer.from([0x30, 0x84, 0, 0, 0, 1, 5]), /too large/)
    refuses(Buffer.from([0x30, 0xff]), /too large/)
  })

  it('refuses what is not canonical in a value', () => {
    const wrong: Array<[string, RegExp]> = [
      ['010101', /boolean/], ['01020000', /boolean/], ['0200', /no value/], ['02020001', /shortest/], ['0202ffff', /shortest/], ['0a020001', /shortest/],
      ['0300', /unused/], ['03020801', /unused/], ['030101', /unused/], ['03020101', /not zero/], ['050100', /null/], ['0600', /cut off/], ['060181', /cut off/],
      ['06028001', /shortest/], ['0603550480', /cut off/], ['0c01ff', /UTF-8/], ['1301e9', /ASCII/], ['1601e9', /ASCII/], ['1e0141', /BMPString/], ['1c0141', /UniversalString/],
      ['170b323331313233303832315a', /UTCTime/], ['1811323032363131323330383231303030302b31', /GeneralizedTime/], ['181132303236313132333038323130302e305a', /GeneralizedTime/],
      ['3106020102020101', /order/], ['1000', /primitive/], ['0000', /primitive/], ['2403040100', /constructed/], ['1f810100', /above 30/], ['02010100', /follow/]
    ]

    for (const [hex, what] of wrong) {
      refuses(Buffer.from(hex, 'hex'), what)
    }
  })

  it('limits nesting and size', () => {
    expect(decodeDer(nested(16)).children).to.have.lengthOf(1)
    refuses(nested(17), /16 deep/)
    expect(decodeDer(octets(Buffer.alloc(16_380))).raw).to.have.lengthOf(16_384)
    refuses(octets(Buffer.alloc(16_381)), /16385 bytes/)
  })
})
