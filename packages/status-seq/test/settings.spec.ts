import { NEIGHBOURS_ENTRY, statusSeq } from '@fisco-libp2p/status-seq'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { InvalidParametersError } from '@libp2p/interface'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { libp2pOptions, names, startNode } from './support/nodes.ts'
import { bytes } from './support/records.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { StatusSeqInit } from '@fisco-libp2p/status-seq'

describe('settings', () => {
  let identity: Identity
  let other: Identity

  before(async () => {
    [identity, other] = await createIdentities(2, { keyType: 'ed25519' })
  })

  const bad: Array<[string, StatusSeqInit]> = [
    ['interval', { interval: 0 }],
    ['interval', { interval: 60_001 }],
    ['interval', { interval: 1.5 }],
    ['interval', { interval: NaN }],
    ['maxAge', { maxAge: 3_999 }],
    ['maxAge', { maxAge: Infinity }],
    ['maxNodes', { maxNodes: 0 }],
    ['maxNodes', { maxNodes: 100_001 }]
  ]

  for (const [name, init] of bad) {
    it(`refuse ${JSON.stringify(init)}`, async () => {
      const error = await createLibp2p({ ...libp2pOptions(identity), start: false, services: { statusSeq: statusSeq(init) } }).catch(err => err)

      expect(error).to.have.property('name', InvalidParametersError.name)
      expect(error.message).to.include(name)
    })
  }

  it('refuse the identity of another node', async () => {
    const error = await createLibp2p({ ...libp2pOptions(identity), start: false, services: { statusSeq: statusSeq({ identity: other }) } }).catch(err => err)

    expect(error).to.have.property('name', 'InvalidParametersError')
    expect(error.message).to.include(other.peerId.toString()).and.to.include(identity.peerId.toString())
  })

  it('refuse a node without a certificate', async () => {
    const error = await createLibp2p({ ...libp2pOptions(identity), privateKey: undefined, start: false, services: { statusSeq: statusSeq() } }).catch(err => err)

    expect(error).to.have.property('name', 'InvalidParametersError')
  })

  it('need none: the plugin finds the identity of its node', async () => {
    const node = await createLibp2p({ ...libp2pOptions(identity), services: { statusSeq: statusSeq() } })

    try {
      expect(node.services.statusSeq.snapshot().map(({ nodeId }) => nodeId)).to.deep.equal([identity.nodeId])
    } finally {
      await node.stop()
    }
  })

  describe('of entries', () => {
    const refusals: Array<[string, string, Uint8Array, string]> = [
      ['no name', '', bytes('x'), '1 to 64'],
      ['a long name', 'é'.repeat(33), bytes('x'), '66 bytes'],
      ['a control character', 'a\u0000', bytes('x'), 'control characters'],
      ['half a surrogate pair', 'a\ud800', bytes('x'), 'not Unicode'],
      ['a long value', 'a', new Uint8Array(16 * 1024 + 1), '16385 bytes']
    ]

    for (const [what, name, value, message] of refusals) {
      it(`refuse ${what}`, async () => {
        await using node = await startNode(identity)

        expect(() => { node.status.set(name, value) }).to.throw(message).with.property('name', 'InvalidEntryError')
        expect(names(node.status.get(node.nodeId))).to.deep.equal([])
      })
    }

    it('take what is as long as allowed, and it arrives', async () => {
      await using a = await startNode(identity)
      await using b = await startNode(other)

      await a.connect(b)
      // the stack's own entries count as well
      await b.sees(a.nodeId, record => record.entries.has(NEIGHBOURS_ENTRY))
      'abc'.split('').forEach(name => { a.status.set(name.repeat(64), new Uint8Array(16 * 1024).fill(7)) })

      for (let i = 3; i < 256 - 3; i++) {
        a.status.set(`entry ${i}`, bytes('some value'))
      }

      expect(() => { a.status.set('one more', bytes('x')) }).to.throw('more than 256').with.property('name', 'InvalidEntryError')
      expect(() => { a.status.set('entry 3', new Uint8Array(16 * 1024)) }).to.throw('at most 65536').with.property('name', 'InvalidEntryError')

      const record = await b.sees(a.nodeId, record => record.entries.size === 256)
      expect(record.entries.get('a'.repeat(64))).to.deep.equal(new Uint8Array(16 * 1024).fill(7))
    })

    it('keep what was set, whatever becomes of the bytes that were given', async () => {
      await using node = await startNode(identity)
      const value = bytes('given')

      node.status.set('n', value)
      value.fill(0)

      expect(node.status.get(node.nodeId)?.entries.get('n')).to.deep.equal(bytes('given'))
    })
  })

  it('bound the table: further nodes are not taken, and those that are stay', async () => {
    const [hub, ...rest] = await createIdentities(5, { keyType: 'ed25519' })
    await using small = await startNode(hub, { maxNodes: 3 })
    await using a = await startNode(rest[0])
    await using b = await startNode(rest[1])

    await small.connect(a)
    await small.connect(b)
    await Promise.all([small.sees(a.nodeId), small.sees(b.nodeId)])
    await using c = await startNode(rest[2])
    await small.connect(c)
    // c hears of those that fit
    await Promise.all([c.sees(small.nodeId), c.sees(a.nodeId), c.sees(b.nodeId)])
    a.status.set('n', bytes('1'))
    await small.sees(a.nodeId, record => record.entries.has('n'))

    expect(small.status.snapshot()).to.have.lengthOf(3)
    expect(small.status.get(c.nodeId)).to.equal(undefined)
  })
})
