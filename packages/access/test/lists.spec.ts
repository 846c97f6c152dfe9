import { accessGater, MAX_LIST_ENTRIES } from '@fisco-libp2p/access'
import { nodeIdFromPublicKey } from '@fisco-libp2p/identity'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'chai'
import fc from 'fast-check'
import type { AccessVerdict } from '@fisco-libp2p/access'
import type { PeerId } from '@libp2p/interface'

interface TestNode {
  nodeId: string
  peerId: PeerId
}

async function newNode (type: 'secp256k1' | 'Ed25519' | 'RSA'): Promise<TestNode> {
  const key = type === 'RSA' ? await generateKeyPair('RSA', 2048) : await generateKeyPair(type)

  return { nodeId: nodeIdFromPublicKey(key.publicKey), peerId: peerIdFromPrivateKey(key) }
}

function rule (verdict: AccessVerdict): string {
  return verdict.allowed ? 'allowed' : verdict.rule
}

describe('access lists', () => {
  let nodes: TestNode[]
  let rsa: TestNode

  before(async () => {
    nodes = await Promise.all(['secp256k1', 'Ed25519', 'secp256k1', 'Ed25519'].map(type => newNode(type as 'secp256k1')))
    rsa = await newNode('RSA')
  })

  it('allows everybody without lists', () => {
    const access = accessGater()

    expect(access.allow).to.deep.equal([])
    expect(access.deny).to.deep.equal([])
    expect(access.allows(nodes[0].nodeId)).to.deep.equal({ allowed: true })
  })

  it('reads node IDs as people write them', () => {
    const { nodeId } = nodes[0]
    const access = accessGater({ deny: [` 0x${nodeId.toUpperCase()}\n`, nodeId] })

    expect(access.deny).to.deep.equal([nodeId])
    expect(rule(access.allows(nodeId.toUpperCase()))).to.equal('denied')
  })

  it('says which node is refused, by which list, and what to do', () => {
    const [a, b] = nodes
    const access = accessGater({ allow: [a.nodeId], deny: [a.nodeId] })

    expect(access.allows(a.nodeId)).to.deep.equal({
      allowed: false,
      rule: 'denied',
      message: `Node ${a.nodeId.slice(0, 8)}… is on the deny list: remove it from there to let it in`
    })
    expect(access.allows(b.peerId)).to.deep.equal({
      allowed: false,
      rule: 'not-allowed',
      message: `Node ${b.nodeId.slice(0, 8)}… is not on the allow list: add it there to let it in`
    })
  })

  it('judges by FISCO BCOS\'s rules, whatever the lists', () => {
    const some = fc.subarray([0, 1, 2, 3])

    fc.assert(fc.property(some, some, (allow, deny) => {
      const access = accessGater({ allow: allow.map(i => nodes[i].nodeId), deny: deny.map(i => nodes[i].nodeId) })

      for (const [i, node] of nodes.entries()) {
        const expected = deny.includes(i) ? 'denied' : allow.length > 0 && !allow.includes(i) ? 'not-allowed' : 'allowed'

        expect(rule(access.allows(node.nodeId))).to.equal(expected)
        expect(rule(access.allows(node.peerId))).to.equal(expected)
        expect(access.denyDialPeer?.(node.peerId)).to.equal(expected !== 'allowed')
      }
    }))
  })

  it('knows a node with an RSA key by a PeerId that does not carry the key', () => {
    const bare = peerIdFromString(rsa.peerId.toString())

    expect(bare.publicKey).to.equal(undefined)
    expect(rule(accessGater({ deny: [rsa.nodeId] }).allows(bare))).to.equal('denied')
    expect(rule(accessGater({ allow: [rsa.nodeId] }).allows(bare))).to.equal('allowed')
    expect(rule(accessGater({ allow: [nodes[0].nodeId] }).allows(bare))).to.equal('not-allowed')
  })

  it('never refuses the node itself', () => {
    const [self, other] = nodes
    const access = accessGater({ identity: self, allow: [other.nodeId], deny: [self.nodeId] })

    expect(access.allows(self.nodeId)).to.deep.equal({ allowed: true })
    expect(access.allows(self.peerId)).to.deep.equal({ allowed: true })
  })

  it('refuses a list with a bad entry, and names the entry and the reason', () => {
    const good = nodes[0].nodeId
    const offCurve = 'ab'.repeat(64)

    for (const list of ['allow', 'deny'] as const) {
      expect(() => accessGater({ [list]: [good, 'not-hex'] })).to.throw(`The ${list} list is not used: entry 2: "not-hex" is no node ID`)
        .with.property('name', 'InvalidParametersError')
      expect(() => accessGater({ [list]: ['12345678'] })).to.throw('it has 8 hex digits')
      expect(() => accessGater({ [list]: [offCurve] })).to.throw('entry 1: abababab… is no public key')
      expect(() => accessGater({ [list]: [''] })).to.throw('entry 1')
      expect(() => accessGater({ [list]: [1 as unknown as string] })).to.throw('entry 1: it is not text')
      expect(() => accessGater({ [list]: good as unknown as string[] })).to.throw('must be an array')
      expect(() => accessGater({ [list]: new Array(MAX_LIST_ENTRIES + 1).fill(good) })).to.throw(`at most ${MAX_LIST_ENTRIES}`)
    }
  })

  it('names a few bad entries and counts the rest', () => {
    expect(() => accessGater({ allow: ['x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7'] })).to.throw(/entry 1: .*; entry 5: [^;]* \(and 2 more\)/)
  })

  it('never opens for a list of which no entry is good', () => {
    fc.assert(fc.property(fc.array(fc.string(), { minLength: 1 }), entries => {
      expect(() => accessGater({ allow: entries })).to.throw().with.property('name', 'InvalidParametersError')
    }))
  })

  it('replaces both lists at once, or none', () => {
    const [a, b] = nodes
    const access = accessGater({ allow: [a.nodeId] })
    let changes = 0
    access.addEventListener('access:change', () => { changes++ })

    expect(() => access.update({ allow: [b.nodeId], deny: ['x'] })).to.throw('The deny list is not used')
    expect(access.allow).to.deep.equal([a.nodeId])
    expect(access.deny).to.deep.equal([])
    expect(changes).to.equal(0)

    access.update({ deny: [b.nodeId] })
    expect(access.allow).to.deep.equal([a.nodeId])
    expect(access.deny).to.deep.equal([b.nodeId])
    expect(rule(access.allows(b.nodeId))).to.equal('denied')

    access.update({ allow: [], deny: [] })
    expect(access.allows(b.nodeId)).to.deep.equal({ allowed: true })
    expect(changes).to.equal(2)
  })
})
