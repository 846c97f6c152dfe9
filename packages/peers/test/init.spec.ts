import { MAX_ADDRESSES, MAX_DELAY, MAX_MEMBERS, MAX_REFUSED_DELAY, MIN_LINK_TIMEOUT, peers } from '@fisco-libp2p/peers'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { start, stop } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import fc from 'fast-check'
import { TypedEventEmitter } from 'main-event'
import type { Peers, PeersComponents, PeersInit } from '@fisco-libp2p/peers'
import type { Libp2pEvents } from '@libp2p/interface'

describe('peers options', () => {
  let components: PeersComponents

  before(async () => {
    const privateKey = await generateKeyPair('secp256k1')
    components = {
      privateKey,
      peerId: peerIdFromPrivateKey(privateKey),
      connectionManager: {
        getConnections: () => [],
        openConnection: async () => { throw new Error('nobody is there') }
      },
      registrar: {
        handle: async () => {},
        unhandle: async () => {}
      },
      events: new TypedEventEmitter<Libp2pEvents>(),
      peerStore: {
        merge: async () => { throw new Error('not stored') }
      },
      logger: defaultLogger()
    }
  })

  function create (init?: PeersInit): Peers {
    return peers(init)(components)
  }

  it('needs no options', async () => {
    const service = create()

    expect(service.list()).to.deep.equal([])
    expect(service.members()).to.deep.equal([])
    await start(service)
    await stop(service)
  })

  it('lives with the components that it declares, and nothing else', async () => {
    const service = create({ addresses: ['/ip4/127.0.0.1/tcp/1'] })
    const retry = new Promise<string>(resolve => {
      service.addEventListener('peer:retry', evt => { resolve(evt.detail.error) })
    })
    await start(service)

    expect(await retry).to.equal('nobody is there')
    await stop(service)
  })

  it('never has more dials under way than allowed', async () => {
    const addresses = Array.from({ length: 12 }, (_, i) => `/ip4/127.0.0.1/tcp/${i + 1}`)
    let underWay = 0
    let most = 0
    let dials = 0
    const openConnection: PeersComponents['connectionManager']['openConnection'] = async (_, options) => {
      most = Math.max(most, ++underWay)
      dials++

      return new Promise((resolve, reject) => {
        options?.signal?.addEventListener('abort', () => {
          underWay--
          reject(options.signal?.reason)
        })
      })
    }

    const service = peers({ addresses, maxConcurrentDials: 3, dialTimeout: 5, minDelay: 1, maxDelay: 1 })({ ...components, connectionManager: { ...components.connectionManager, openConnection } })
    const twice = new Promise<void>(resolve => {
      service.addEventListener('peer:retry', () => {
        if (service.list().every(({ attempts }) => attempts >= 2)) {
          resolve()
        }
      })
    })
    await start(service)
    await twice
    await stop(service)

    expect(most).to.equal(3)
    expect(dials).to.be.at.least(24)
    expect(underWay).to.equal(0)
    expect(service.list()[0].lastError).to.equal('no connection within 5 ms')
  })

  for (const [name, max] of Object.entries({ maxAddresses: MAX_ADDRESSES, minDelay: 10, maxDelay: MAX_DELAY, stableAfter: MAX_DELAY, dialTimeout: MAX_DELAY, maxConcurrentDials: MAX_ADDRESSES })) {
    it(`refuses a ${name} that is out of range`, () => {
      for (const value of [0, -1, 1.5, NaN, Infinity, max + 1, '5']) {
        expect(() => create({ ...(name === 'minDelay' ? { maxDelay: max } : {}), [name]: value })).to.throw(`${name} must be a whole number from 1 to ${max}`)
          .with.property('name', 'InvalidParametersError')
      }

      expect(() => create({ maxDelay: max, [name]: max })).to.not.throw()
    })
  }

  for (const [name, [min, max]] of Object.entries({ linkTimeout: [MIN_LINK_TIMEOUT, MAX_DELAY], refusedDelay: [1, MAX_REFUSED_DELAY], maxMembers: [1, MAX_MEMBERS], maxUnconfigured: [0, 200] })) {
    it(`takes a ${name} from ${min} to ${max}`, () => {
      for (const value of [min - 1, max + 1, min + 0.5, NaN]) {
        expect(() => create({ [name]: value })).to.throw(`${name} must be a whole number from ${min} to ${max}`)
      }

      expect(() => create({ [name]: min })).to.not.throw()
      expect(() => create({ [name]: max })).to.not.throw()
    })
  }

  it('refuses what is no function and no array', () => {
    expect(() => create({ random: 1 as unknown as () => number })).to.throw('random must be a function')
    expect(() => create({ addresses: '/ip4/127.0.0.1/tcp/1' as unknown as string[] })).to.throw('addresses must be an array')
  })

  it('refuses an address that cannot be dialled, and says why', () => {
    const wrong = {
      '10.0.0.2:30300': '"10.0.0.2:30300" is no multiaddr',
      '/ip4/10.0.0.300/tcp/1': 'is no multiaddr',
      '/ip4/10.0.0.2': 'it has no port',
      '/ip4/10.0.0.2/tcp/0': 'it has no port',
      '/dns4/node1/p2p/16Uiu2HAmTD9oS6mqr15aYzUuBJ5SnL5L1MoHqMWr1fHYV5HJQCe7': 'it has no port',
      '/p2p/16Uiu2HAmTD9oS6mqr15aYzUuBJ5SnL5L1MoHqMWr1fHYV5HJQCe7': 'it has no host',
      '': 'it has no host'
    }

    for (const [address, message] of Object.entries(wrong)) {
      expect(() => create({ addresses: [address] })).to.throw(message).with.property('name', 'InvalidParametersError')
      expect(() => create().add(address)).to.throw(message).with.property('name', 'InvalidParametersError')
    }
  })

  it('refuses more addresses than allowed', () => {
    expect(() => create({ maxAddresses: 1, addresses: ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2'] })).to.throw('maxAddresses')
      .with.property('name', 'InvalidParametersError')
  })

  it('takes addresses of all kinds, each once', () => {
    const addresses = ['/ip4/10.0.0.2/tcp/30300', '/ip6/::1/tcp/30300', '/dns/a.example/tcp/1', '/dns4/a.example/tcp/1', '/dns6/a.example/tcp/1']
    const service = create({ addresses: [...addresses, ...addresses, ...addresses.map(text => multiaddr(text)), '/ip6/0:0:0:0:0:0:0:1/tcp/30300'] })

    expect(service.list().map(({ address }) => address)).to.deep.equal(addresses)
    expect(service.list().map(({ state }) => state)).to.deep.equal(addresses.map(() => 'waiting'))
  })

  it('reads any text as an address, or refuses it with a typed error', () => {
    const part = fc.oneof(fc.constantFrom('ip4', 'ip6', 'dns4', 'tcp', 'p2p', '10.0.0.2', '::1', '30300', '0', ''), fc.string())

    fc.assert(fc.property(fc.oneof(fc.string(), fc.array(part).map(parts => `/${parts.join('/')}`)), text => {
      const service = create()

      try {
        expect(service.add(text)).to.be.true
        expect(service.list()).to.have.lengthOf(1)
      } catch (err) {
        expect(err).to.have.property('name', 'InvalidParametersError')
      }
    }))
  })
})
