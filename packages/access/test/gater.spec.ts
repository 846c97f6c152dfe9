import { accessGater } from '@fisco-libp2p/access'
import { nodeIdFromPublicKey } from '@fisco-libp2p/identity'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { defaultLogger } from '@libp2p/logger'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import type { AccessRefusal } from '@fisco-libp2p/access'
import type { Connection, ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

async function settled (dial: Promise<unknown>): Promise<string> {
  return dial.then(() => 'connected', err => err.name)
}

/**
 * Ends when the other end has refused a dial. The dialler of noise may be through before it is judged: then its
 * connection is closed again.
 */
async function turnedAway (dial: Promise<Connection>): Promise<void> {
  try {
    const connection = await dial

    if (connection.status === 'open') {
      await new Promise<void>(resolve => { connection.addEventListener('close', () => { resolve() }) })
    }
  } catch {
    // refused during the handshake
  }
}

describe('access over real connections', () => {
  const nodes: Libp2p[] = []
  let keys: PrivateKey[]

  before(async () => {
    keys = [await generateKeyPair('secp256k1'), await generateKeyPair('Ed25519'), await generateKeyPair('RSA', 2048)]
  })

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async node => { await node.stop() }))
  })

  async function newNode (privateKey: PrivateKey, connectionGater?: ConnectionGater): Promise<Libp2p> {
    const node = await createLibp2p({
      privateKey,
      connectionGater,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()]
    })
    nodes.push(node)

    return node
  }

  function addressOf (node: Libp2p, withPeerId: boolean): Multiaddr {
    const [address] = node.getMultiaddrs()

    return withPeerId ? address : address.decapsulate('/p2p')
  }

  for (const [index, type] of ['secp256k1', 'Ed25519', 'RSA'].entries()) {
    it(`keeps a denied ${type} node from connecting to it`, async () => {
      const access = accessGater({ deny: [nodeIdFromPublicKey(keys[index].publicKey)] })
      const refusals: AccessRefusal[] = []
      access.addEventListener('access:refused', evt => { refusals.push(evt.detail) })
      const guarded = await newNode(await generateKeyPair('secp256k1'), access)
      const denied = await newNode(keys[index])
      const other = await newNode(await generateKeyPair('secp256k1'))

      await turnedAway(denied.dial(addressOf(guarded, false)))
      const connected = new Promise<string>(resolve => {
        guarded.addEventListener('peer:connect', evt => { resolve(evt.detail.toString()) }, { once: true })
      })
      expect(await settled(other.dial(addressOf(guarded, false)))).to.equal('connected')
      expect(await connected).to.equal(other.peerId.toString())
      expect(guarded.getPeers()).to.have.lengthOf(1)
      expect(access.refusals).to.deep.equal({ denied: { inbound: 1, outbound: 0 }, 'not-allowed': { inbound: 0, outbound: 0 } })
      expect(refusals[0]).to.include({ rule: 'denied', direction: 'inbound', nodeId: nodeIdFromPublicKey(keys[index].publicKey) })
      expect(refusals[0].address).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/)
    })

    it(`does not connect to a denied ${type} node`, async () => {
      const access = accessGater({ deny: [nodeIdFromPublicKey(keys[index].publicKey)] })
      const guarded = await newNode(await generateKeyPair('secp256k1'), access)
      const denied = await newNode(keys[index])

      // an address with a peer ID is not even dialled; without one the node must first be seen
      expect(await settled(guarded.dial(addressOf(denied, true)))).to.equal('DialDeniedError')
      expect(access.refusals.denied).to.deep.equal({ inbound: 0, outbound: 1 })
      expect(await settled(guarded.dial(addressOf(denied, false)))).to.equal('ConnectionInterceptedError')
      expect(access.refusals.denied).to.deep.equal({ inbound: 0, outbound: 2 })
      expect(guarded.getConnections()).to.deep.equal([])
    })
  }

  it('connects only nodes of the allow list, in both directions', async () => {
    const access = accessGater({ allow: [nodeIdFromPublicKey(keys[2].publicKey)] })
    const guarded = await newNode(await generateKeyPair('secp256k1'), access)
    const friend = await newNode(keys[2])
    const stranger = await newNode(keys[0])

    await turnedAway(stranger.dial(addressOf(guarded, true)))
    expect(await settled(guarded.dial(addressOf(stranger, true)))).to.equal('DialDeniedError')
    expect(await settled(guarded.dial(addressOf(stranger, false)))).to.equal('ConnectionInterceptedError')
    expect(await settled(guarded.dial(addressOf(friend, true)))).to.equal('connected')
    await guarded.hangUp(friend.peerId)
    expect(await settled(friend.dial(addressOf(guarded, false)))).to.equal('connected')
    expect(access.refusals).to.deep.equal({ denied: { inbound: 0, outbound: 0 }, 'not-allowed': { inbound: 1, outbound: 2 } })
  })

  it('applies new lists to the next connection', async () => {
    const access = accessGater({ logger: defaultLogger() })
    const guarded = await newNode(keys[0], access)
    const other = await newNode(keys[1])

    expect(await settled(guarded.dial(addressOf(other, true)))).to.equal('connected')
    await guarded.hangUp(other.peerId)
    access.update({ deny: [nodeIdFromPublicKey(keys[1].publicKey)] })
    expect(await settled(guarded.dial(addressOf(other, true)))).to.equal('DialDeniedError')
    access.update({ deny: [] })
    expect(await settled(guarded.dial(addressOf(other, true)))).to.equal('connected')
  })
})
