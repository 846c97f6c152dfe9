import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { connectTls, createTlsListener } from '@fisco-libp2p/tls'
import { expect } from 'chai'
import { forgedIdentity } from './support/nodes.ts'
import type { TlsPeer } from '@fisco-libp2p/tls'

describe('TLS sockets for tools', () => {
  it('connect, agree on a protocol, and carry bytes', async () => {
    const consortium = await createConsortium()
    const [client, server] = await consortium.identities(2)
    const { promise, resolve } = Promise.withResolvers<TlsPeer>()
    const listener = createTlsListener({ identity: server, alpn: ['two', 'one'], onPeer: async peer => { resolve(peer) } })
    await listener.listen({ host: '127.0.0.1', port: 0 })

    try {
      const outbound = await connectTls({ identity: client, host: '127.0.0.1', port: listener.address?.port ?? 0, alpn: ['one', 'two'] })
      const inbound = await promise

      expect(outbound).to.include({ nodeId: server.nodeId, alpn: 'two' })
      expect(inbound).to.include({ nodeId: client.nodeId, alpn: 'two' })
      outbound.socket.write('ping')
      expect(String((await once(inbound.socket, 'data'))[0])).to.equal('ping')
    } finally {
      await listener.close()
    }
  })

  it('connect without ALPN, as FISCO BCOS 2.x does', async () => {
    const consortium = await createConsortium()
    const [client, server] = await consortium.identities(2)
    const { promise, resolve } = Promise.withResolvers<TlsPeer>()
    const listener = createTlsListener({ identity: server, onPeer: async peer => { resolve(peer) } })
    await listener.listen({ host: '127.0.0.1', port: 0 })

    try {
      const outbound = await connectTls({ identity: client, host: '127.0.0.1', port: listener.address?.port ?? 0 })

      expect([outbound.alpn, (await promise).alpn]).to.deep.equal([undefined, undefined])
    } finally {
      await listener.close()
    }
  })

  it('refuse a certificate of another CA, on either side', async () => {
    const [ours, theirs] = await Promise.all([createConsortium(), createConsortium({ name: 'theirs' })])
    const [server, stranger] = [await ours.identity(), await theirs.identity()]
    const { promise, resolve } = Promise.withResolvers<Error>()
    const listener = createTlsListener({ identity: server, onPeer: async () => {}, onRefused: (address, err) => { resolve(err) } })
    await listener.listen({ host: '127.0.0.1', port: 0 })

    try {
      const options = { host: '127.0.0.1', port: listener.address?.port ?? 0 }
      const refusing = await connectTls({ ...options, identity: stranger }).catch(err => err)
      expect(refusing).to.include({ name: 'HandshakeRefusedError', rule: 'untrusted-issuer' })

      // one that trusts the listener is refused by it
      await connectTls({ ...options, identity: forgedIdentity(stranger, { anchors: server.trust.anchors }) })
      expect(await promise).to.have.property('rule').that.is.oneOf(['untrusted-issuer', 'closed', 'tls-failure'])
    } finally {
      await listener.close()
    }
  })

  it('say in words that the other side has nothing in common with them', async () => {
    const { identity } = await createConsortium()
    const [client, other] = [await identity(), await identity()]
    const server = createServer({ key: other.key.export({ format: 'pem', type: 'pkcs8' }).toString(), cert: other.chain[0].x509.toString(), maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA', ecdhCurve: 'secp256k1' })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')

    try {
      const failed = await connectTls({ identity: client, host: '127.0.0.1', port: Object(server.address()).port }).catch(err => err)

      expect(failed).to.include({ name: 'HandshakeFailedError', rule: 'tls-failure' })
      expect(failed).to.have.property('message', 'TLS failed: the peer found no TLS version, cipher suite, group or signature algorithm that is common to both')
    } finally {
      server.close()
    }
  })

  it('say in words that a dialler does not offer the curve of their key', async () => {
    const { identity } = await createConsortium()
    const [server, other] = [await identity(), await identity()]
    const { promise, resolve } = Promise.withResolvers<Error>()
    const listener = createTlsListener({ identity: server, onPeer: async () => {}, onRefused: (address, err) => { resolve(err) } })
    await listener.listen({ host: '127.0.0.1', port: 0 })
    const client = connect({ host: '127.0.0.1', port: listener.address?.port, rejectUnauthorized: false, maxVersion: 'TLSv1.2', ecdhCurve: 'prime256v1', key: other.key.export({ format: 'pem', type: 'pkcs8' }).toString(), cert: other.chain[0].x509.toString() })

    try {
      const [[refused], failed] = await Promise.all([once(client, 'error'), promise])

      expect(failed).to.include({ name: 'HandshakeFailedError', rule: 'tls-failure' }).with.property('message').that.includes('must offer the group secp256k1')
      expect(refused).to.have.property('code').that.includes('HANDSHAKE_FAILURE')
    } finally {
      client.destroy()
      await listener.close()
    }
  })

  it('give up when they are told to, and say where nobody listens', async () => {
    const { identity } = await createConsortium()
    const client = await identity()
    const aborted = await connectTls({ identity: client, host: '127.0.0.1', port: 1, signal: AbortSignal.abort() }).catch(err => err)
    const refused = await connectTls({ identity: client, host: '127.0.0.1', port: 1 }).catch(err => err)

    expect(aborted).to.have.property('name', 'AbortError')
    expect(refused).to.have.property('message').that.includes('no TCP connection to 127.0.0.1:1')
  })
})
