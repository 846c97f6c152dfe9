import { answerQuestion, decodeAnswer, decodeParcel, decodeQuestion, encodeParcel, History, MAX_ROUTE, TAILS_ENTRY, tailsOf } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'

const NODE = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'

describe('bytes of the topics protocols', () => {
  it('are read back, and any others give a value or a typed error', () => {
    const parcel = { route: [NODE, '11'.repeat(64)], message: Uint8Array.of(1, 2) }

    expect(decodeParcel(encodeParcel(parcel))).to.deep.equal(parcel)
    expect(() => decodeParcel(encodeParcel({ route: Array.from({ length: MAX_ROUTE + 1 }, () => NODE), message: new Uint8Array(0) }))).to.throw().with.property('name', 'MalformedMessageError')

    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      for (const read of [() => decodeParcel(bytes), () => decodeAnswer(bytes), () => answerQuestion(decodeQuestion(bytes), new History())]) {
        try {
          read()
        } catch (err) {
          expect(err).to.have.property('name', 'MalformedMessageError')
        }
      }

      for (const { oldest, last } of tailsOf({ entries: new Map([[TAILS_ENTRY, bytes]]) }).values()) {
        expect(oldest).to.be.within(1, last)
      }
    }))
  })
})
