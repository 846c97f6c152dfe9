import { decodeFollowed, Directory, encodeFollowed, MAX_DIRECTORY_ENTRY_BYTES, MAX_FOLLOWED_TOPICS, STATUS_ENTRY, topicNameFault } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'

const names = (count: number, length = 8): string[] => Array.from({ length: count }, (_, i) => `${i}`.padStart(length, 'x'))

describe('directory', () => {
  it('lists the followers of each topic', () => {
    const directory = new Directory()
    const records = [
      { nodeId: 'a', entries: new Map([[STATUS_ENTRY, encodeFollowed(['prices', 'blocks'])]]) },
      { nodeId: 'b', entries: new Map([[STATUS_ENTRY, encodeFollowed(['prices'])], ['other', Uint8Array.of(1)]]) },
      { nodeId: 'c', entries: new Map([[STATUS_ENTRY, encodeFollowed([])]]) },
      { nodeId: 'd', entries: new Map() },
      { nodeId: 'e', entries: new Map([[STATUS_ENTRY, Uint8Array.of(255, 255)]]) }
    ]

    // twice: the second time from memory
    for (let i = 0; i < 2; i++) {
      expect(directory.followers(records, 'fisco/prices')).to.deep.equal(['a', 'b'])
      expect(directory.followers(records, 'fisco/blocks')).to.deep.equal(['a'])
      expect(directory.followers(records, 'fisco/price')).to.deep.equal([])
    }
  })

  it('encodes the same topics as the same bytes', () => {
    expect(encodeFollowed(['b', 'a'])).to.deep.equal(encodeFollowed(['a', 'b']))
    expect([...decodeFollowed(encodeFollowed(['b', 'a'])).names]).to.deep.equal(['a', 'b'])
    expect([...decodeFollowed(encodeFollowed([])).names]).to.deep.equal([])
  })

  it('holds 256 topics, and no more', () => {
    expect(decodeFollowed(encodeFollowed(names(MAX_FOLLOWED_TOPICS))).names.size).to.equal(MAX_FOLLOWED_TOPICS)
    expect(() => encodeFollowed(names(MAX_FOLLOWED_TOPICS + 1))).to.throw('257 topics').with.property('name', 'TooManyTopicsError')
  })

  it('holds 16,384 bytes of names, and no more', () => {
    // two bytes of protobuf before each name
    const fits = names(128, 126)

    expect(encodeFollowed(fits).byteLength).to.equal(MAX_DIRECTORY_ENTRY_BYTES)
    expect(() => encodeFollowed([...fits, 'x'])).to.throw('16387 bytes').with.property('name', 'TooManyTopicsError')
  })

  it('reads any bytes as topics, within the limits', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      const topics = decodeFollowed(bytes).names

      expect(topics.size).to.be.at.most(MAX_FOLLOWED_TOPICS)
      topics.forEach(name => { expect(topicNameFault(name)).to.equal(undefined) })
    }))
  })

  it('ignores an entry that breaks a limit, and names that break a rule', () => {
    const name = (text: string): number[] => [10, text.length, ...Buffer.from(text)]

    expect([...decodeFollowed(Uint8Array.from([...name('ok'), ...name(' no'), ...name('n\no'), ...name('')])).names]).to.deep.equal(['ok'])
    expect(decodeFollowed(Uint8Array.from(names(257, 3).flatMap(name))).names.size).to.equal(0)
    expect(decodeFollowed(Uint8Array.from(names(150, 120).flatMap(name))).names.size).to.equal(0)
  })
})
