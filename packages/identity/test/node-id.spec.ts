import { generateKeyPairSync } from 'node:crypto'
import { abbreviate, InvalidNodeIdError, isNodeId, nodeIdFromPublicKey, nodeIdToPeerId, parseNodeId, peerIdToNodeId, publicKeyFromKeyObject, publicKeyFromNodeId } from '@fisco-libp2p/identity'
import { peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'chai'
import fc from 'fast-check'

const FISCO_NODE_ID = '7dcce48da1c464c7025614a54a4e26df7d6f92cd4d315601e057c1659796736c5c8730e380fcbe637191cc2aebf4746846c0db2604adebf9c70c7f418d4d5a61'

function makeKey (type: 'secp256k1' | 'ed25519' | 'rsa'): ReturnType<typeof publicKeyFromKeyObject> {
  switch (type) {
    case 'ed25519':
      return publicKeyFromKeyObject(generateKeyPairSync('ed25519').publicKey)
    case 'rsa':
      return publicKeyFromKeyObject(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)
    default:
      return publicKeyFromKeyObject(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)
  }
}

describe('node ID', () => {
  it('maps the node ID of FISCO BCOS\'s own test key to its PeerId and back', () => {
    const peerId = nodeIdToPeerId(FISCO_NODE_ID)

    expect(peerId.toString()).to.equal('16Uiu2HAmM84XB852DvH1iqPLasUpEBYcxhrzHzpY5NJNfQvzTutF')
    expect(peerIdToNodeId(peerIdFromString(peerId.toString()))).to.equal(FISCO_NODE_ID)
  })

  for (const [type, digits] of [['secp256k1', 128], ['ed25519', 64], ['rsa', 512]] as const) {
    it(`of a ${type} key has ${digits} digits and goes to the PeerId and back`, () => {
      for (let i = 0; i < (type === 'rsa' ? 2 : 50); i++) {
        const key = makeKey(type)
        const nodeId = nodeIdFromPublicKey(key)

        expect(nodeId).to.match(/^[0-9a-f]+$/).and.have.lengthOf(digits)
        expect(publicKeyFromNodeId(nodeId).equals(key)).to.equal(true)
        expect(peerIdToNodeId(nodeIdToPeerId(nodeId))).to.equal(nodeId)
      }
    })
  }

  it('cannot be read off the PeerId of an RSA key that is not known', () => {
    const peerId = nodeIdToPeerId(nodeIdFromPublicKey(makeKey('rsa')))

    expect(() => peerIdToNodeId(peerIdFromString(peerId.toString()))).to.throw(InvalidNodeIdError, /does not carry its public key/)
  })

  it('does not exist for P-256 keys', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })

    expect(() => publicKeyFromKeyObject(publicKey)).to.throw(InvalidNodeIdError, /prime256v1.*use secp256k1, Ed25519 or RSA/)
  })

  it('does not exist for RSA keys with another exponent', () => {
    const key = publicKeyFromKeyObject(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey)

    expect(() => nodeIdFromPublicKey(key)).to.throw(InvalidNodeIdError, /65537/)
  })

  it('does not exist for RSA keys whose length its digits could not tell', () => {
    const key = publicKeyFromKeyObject(generateKeyPairSync('rsa', { modulusLength: 2050 }).publicKey)

    expect(() => nodeIdFromPublicKey(key)).to.throw(InvalidNodeIdError, /multiple of 8/)
  })

  it('is read as people write it', () => {
    expect(parseNodeId(` 0x${FISCO_NODE_ID.toUpperCase()}\n`)).to.equal(FISCO_NODE_ID)
    expect(abbreviate(FISCO_NODE_ID)).to.equal('7dcce48d…')
  })

  it('is refused when a coordinate is not on the curve', () => {
    const wrong = FISCO_NODE_ID.slice(0, 127) + '2'

    expect(isNodeId(wrong)).to.equal(true)
    expect(() => publicKeyFromNodeId(wrong)).to.throw(InvalidNodeIdError, /is no public key/)
  })

  it('says of any other text what is wrong with it', () => {
    expect(() => parseNodeId('xyz')).to.throw(InvalidNodeIdError, /not hexadecimal/)
    expect(() => parseNodeId('abcd')).to.throw(InvalidNodeIdError, /has 4 hex digits/)

    fc.assert(fc.property(fc.string({ maxLength: 600 }), text => {
      try {
        publicKeyFromNodeId(text)
      } catch (err) {
        expect(err).to.have.property('name', 'InvalidNodeIdError')
      }
    }))
  })
})
