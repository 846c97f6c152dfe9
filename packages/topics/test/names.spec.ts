import { BROADCAST_TOPIC, gossipTopic, MAX_TOPIC_NAME_BYTES, topicNameFault } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'

describe('topic names', () => {
  it('are any text without control characters', () => {
    for (const name of ['a', 'prices/EUR', '块高', 'with space', '🐟', 'a'.repeat(MAX_TOPIC_NAME_BYTES), '汉'.repeat(42)]) {
      expect(gossipTopic(name)).to.equal(`fisco/${name}`)
    }
  })

  const faults: Record<string, string[]> = {
    'is empty': [''],
    'longer than 128 bytes': ['a'.repeat(129), '汉'.repeat(43), 'x'.repeat(1e6)],
    'control character': ['a\nb', '\u0000', 'a\u0085b', 'a\u007f'],
    'white space': [' a', 'a ', '\u3000a', ' '],
    'half of a surrogate pair': ['\ud83d', 'a\udc1f']
  }

  for (const [fault, names] of Object.entries(faults)) {
    it(`are refused if: ${fault}`, () => {
      for (const name of names) {
        expect(() => gossipTopic(name)).to.throw(fault).with.property('name', 'InvalidTopicError')
      }
    })
  }

  it('are judged whatever they are, and survive UTF-8 where they pass', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), name => {
      if (topicNameFault(name) == null) {
        expect(Buffer.from(name).toString()).to.equal(name)
        expect(gossipTopic(name)).to.not.equal(BROADCAST_TOPIC)
      } else {
        expect(() => gossipTopic(name)).to.throw().with.property('name', 'InvalidTopicError')
      }
    }))
  })

  it('that are no text are refused', () => {
    expect(() => gossipTopic(undefined as unknown as string)).to.throw().with.property('name', 'InvalidTopicError')
  })
})
