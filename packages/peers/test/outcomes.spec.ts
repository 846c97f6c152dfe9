import { peerIdToNodeId } from '@fisco-libp2p/identity'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { TypedEventEmitter } from 'main-event'
import { addressOf, connected, freePort, states, TestNetwork, until } from './network.ts'
import type { TestNode } from './network.ts'
import type { HandshakeRejection, IdentityEvents } from '@fisco-libp2p/identity'
import type { PeerRefusedDetail, PeersInit } from '@fisco-libp2p/peers'
import type { ConnectionEncrypter, Metrics } from '@libp2p/interface'

/**
 * Metrics of which only the values are kept.
 */
class RecordedMetrics {
  readonly values: Record<string, number> = {}

  registerMetric (name: string): unknown {
    return { update: (value: number) => { this.values[name] = value } }
  }

  registerCounter (name: string): unknown {
    return { increment: () => { this.#add(name) } }
  }

  registerCounterGroup (name: string): unknown {
    return { increment: (labels: Record<string, true>) => { Object.keys(labels).forEach(label => { this.#add(`${name} ${label}`) }) } }
  }

  #add (name: string): void {
    this.values[name] = (this.values[name] ?? 0) + 1
  }
}

describe('how a dial ends', () => {
  const network = new TestNetwork()

  afterEach(async () => network.stop())

  /**
   * A node whose security transport tells about each handshake before it fails, as the one with certificates does.
   */
  async function nodeThatIsRefused (rejections: Array<Partial<HandshakeRejection>>, init: PeersInit = {}): Promise<TestNode> {
    const identity = new TypedEventEmitter<IdentityEvents>()
    const encrypter = (components: Parameters<ReturnType<typeof noise>>[0]): ConnectionEncrypter => {
      const real = noise()(components)

      return {
        protocol: real.protocol,
        secureInbound: async (connection, options) => real.secureInbound(connection, options),
        secureOutbound: async (connection, options) => {
          const rejection = rejections.shift()

          if (rejection == null) {
            return real.secureOutbound(connection, options)
          }

          const address = (connection as unknown as { remoteAddr: unknown }).remoteAddr
          identity.safeDispatchEvent('handshake:rejected', {
            detail: { direction: 'outbound', address: String(address), refusedBy: 'them', rule: 'untrusted-issuer', message: 'another CA', ...rejection }
          })
          throw new Error('tls alert')
        }
      }
    }

    return network.node({ identity, ...init }, { connectionEncrypters: [encrypter] })
  }

  it('gives the reason for which a handshake was refused, and dials on', async () => {
    const b = await network.node()
    const a = await nodeThatIsRefused([{ nodeId: 'ab12' }, {}, { rule: 'expired', refusedBy: 'us', message: 'expired\nyesterday' }])
    const refusals: PeerRefusedDetail[] = []
    a.services.peers.addEventListener('peer:refused', evt => {
      refusals.push(evt.detail)
      const [peer] = a.services.peers.list()
      // known from the first refusal on, where it was proven
      expect(peer).to.include({ state: 'refused', nodeId: 'ab12', rule: evt.detail.rule, refusedBy: evt.detail.refusedBy, lastError: evt.detail.message })
    })
    a.services.peers.add(b.getMultiaddrs()[0])
    await connected(a)

    // once for each reason
    const address = b.getMultiaddrs()[0].toString()
    expect(refusals).to.deep.equal([
      { address, rule: 'untrusted-issuer', refusedBy: 'them', final: false, message: 'another CA', nodeId: 'ab12' },
      { address, rule: 'expired', refusedBy: 'us', final: false, message: 'expired?yesterday', nodeId: undefined }
    ])
  })

  it('does not take the reason of another address, or of an inbound connection', async () => {
    const b = await network.node()
    const a = await nodeThatIsRefused([{ address: '/ip4/127.0.0.1/tcp/1' }, { direction: 'inbound' }])
    const errors: string[] = []
    let refused = 0
    a.services.peers.addEventListener('peer:retry', evt => { errors.push(evt.detail.error) })
    a.services.peers.addEventListener('peer:refused', () => { refused++ })
    a.services.peers.add(addressOf(b))
    await connected(a)

    expect(errors).to.deep.equal(['tls alert', 'tls alert'])
    expect(refused).to.equal(0)
  })

  it('does not take a handshake that broke off for a refusal', async () => {
    const b = await network.node()
    const a = await nodeThatIsRefused(['closed', 'timeout', 'tls-failure'].map(rule => ({ rule, message: `it was ${rule}` })))
    const errors: string[] = []
    a.services.peers.addEventListener('peer:retry', evt => {
      errors.push(`${evt.detail.error}, ${states(a).join()}`)
    })
    a.services.peers.add(addressOf(b))
    await connected(a)

    expect(errors).to.deep.equal(['it was closed, waiting', 'it was timeout, waiting', 'it was tls-failure, waiting'])
  })

  it('bounds what the other end says', async () => {
    const b = await network.node()
    const a = await nodeThatIsRefused([{ message: 'x'.repeat(100_000) }])
    const messages: string[] = []
    a.services.peers.addEventListener('peer:refused', evt => { messages.push(evt.detail.message) })
    a.services.peers.add(addressOf(b))
    await connected(a)

    expect(messages).to.deep.equal([`${'x'.repeat(512)}…`])
  })

  it('takes a refusal that names its own node ID for a dial to itself', async () => {
    const self: Partial<HandshakeRejection> = {}
    const a = await nodeThatIsRefused([self])
    self.nodeId = peerIdToNodeId(a.peerId)
    a.services.peers.add(addressOf(a))
    await until(a, () => states(a)[0] === 'self')
  })

  it('counts dials by outcome, members and connections that were given up', async () => {
    const metrics = new RecordedMetrics()
    const silent = await network.server()
    const b = await network.node()
    const other = peerIdFromPrivateKey(await generateKeyPair('secp256k1'))
    const a = await network.node({ dialTimeout: 2_000, maxDelay: 3_600_000, minDelay: 3_600_000, random: () => 1 }, {
      peersMetrics: metrics as unknown as Metrics,
      connectionGater: { denyDialPeer: peerId => peerId.equals(other) }
    })
    const { peers } = a.services
    peers.add(addressOf(b))
    await until(a, () => metrics.values['fisco_peers_dials_total connected'] === 1)
    expect(metrics.values.fisco_peers_connected).to.equal(1)

    peers.add(addressOf(a))
    peers.add(`/ip4/127.0.0.1/tcp/${await freePort()}`)
    peers.add(`/ip4/127.0.0.1/tcp/${silent.port}`)
    peers.add(addressOf(b).encapsulate(`/p2p/${other}`))
    await until(a, () => states(a).join() === 'connected,self,waiting,waiting,refused')
    await a.dial(b.getMultiaddrs(), { force: true })
    await until(a, () => a.getConnections().length === 1)
    await b.hangUp(a.peerId)
    await until(a, () => peers.members().length === 0)

    expect(metrics.values).to.deep.equal({
      fisco_peers_connected: 0,
      fisco_peers_duplicates_total: 1,
      'fisco_peers_dials_total connected': 1,
      'fisco_peers_dials_total self': 1,
      'fisco_peers_dials_total failed': 1,
      'fisco_peers_dials_total timeout': 1,
      'fisco_peers_dials_total refused': 1
    })
  })
})
