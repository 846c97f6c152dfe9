import { createHash } from 'node:crypto'
import { gossipsubDefaults, MAX_MESSAGE_BYTES, messageId } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'

describe('gossipsub defaults', () => {
  it('name a message by its topic and its whole content', () => {
    const expected = createHash('sha256').update(Uint8Array.of(0, 0, 0, 3)).update('abc').update(Uint8Array.of(1, 2)).digest()

    expect(Buffer.from(messageId({ topic: 'abc', data: Uint8Array.of(1, 2) })).equals(expected)).to.equal(true)
  })

  it('give two messages the same name only if they are the same', () => {
    // few letters, so that the border between topic and data is what differs
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '汉'), maxLength: 4 })

    fc.assert(fc.property(text, text, text, text, (topic, data, otherTopic, otherData) => {
      const id = Buffer.from(messageId({ topic, data: Buffer.from(data) }))
      const otherId = Buffer.from(messageId({ topic: otherTopic, data: Buffer.from(otherData) }))

      expect(id.equals(otherId)).to.equal(topic === otherTopic && data === otherData)
    }))
  })

  it('give the name as text that differs where the name does', () => {
    const { msgIdToStrFn } = gossipsubDefaults()

    expect(msgIdToStrFn?.(Uint8Array.of(0, 255, 16))).to.equal('\u0000\u00ff\u0010')
    expect(msgIdToStrFn?.(Uint8Array.of(9, 0, 255, 16).subarray(1))).to.equal('\u0000\u00ff\u0010')
  })

  it('size the mesh by the number of members', () => {
    const degrees = [2, 4, 16, 17, 50, 100, 200, 1_000].map(members => gossipsubDefaults({ members }).D)

    expect(degrees).to.deep.equal([4, 4, 4, 5, 6, 7, 8, 8])

    for (let members = 2; members <= 1_000; members++) {
      const { D = 0, Dlo = 0, Dhi = 0, Dout = 0, Dscore = 0 } = gossipsubDefaults({ members })

      // what the gossipsub v1.1 specification asks of them
      expect(Dlo).to.be.at.most(D)
      expect(Dhi).to.be.at.least(D)
      expect(Dout).to.be.below(Dlo)
      expect(Dout).to.be.at.most(D / 2)
      expect(Dscore).to.be.at.most(D)
    }
  })

  it('refuse a number of members out of range', () => {
    for (const members of [0, 1, 1_001, 4.5, NaN]) {
      expect(() => gossipsubDefaults({ members })).to.throw('members').with.property('name', 'InvalidParametersError')
    }
  })

  it('refuse messages above 1 MiB, in both directions', () => {
    const { dataTransform } = gossipsubDefaults()
    const fits = new Uint8Array(MAX_MESSAGE_BYTES)
    const large = new Uint8Array(MAX_MESSAGE_BYTES + 1)

    expect(dataTransform?.inboundTransform('t', fits)).to.equal(fits)
    expect(dataTransform?.outboundTransform('t', fits)).to.equal(fits)
    expect(() => dataTransform?.inboundTransform('t', large)).to.throw().with.property('name', 'MessageTooLargeError')
    expect(() => dataTransform?.outboundTransform('t', large)).to.throw('1048577').with.property('name', 'MessageTooLargeError')
  })
})
