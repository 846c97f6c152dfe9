import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { getPeerCertificate, loadIdentity } from '@fisco-libp2p/identity'
import { createConsortium, NODE_KEY_TYPES, opensslChain, temporaryFolder } from '@fisco-libp2p/test-kit'
import { CA_TLS_PROTOCOL, caTls } from '@fisco-libp2p/tls'
import { defaultLogger } from '@libp2p/logger'
import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { pEvent } from 'p-event'
import { CARRIERS, startNode } from './support/nodes.ts'
import type { Connection, Stream } from '@libp2p/interface'

for (const carrier of CARRIERS) {
  describe(`TLS under the consortium's CA (${carrier})`, () => {
    describe('connects, and both sides know whom to,', () => {
      for (const dialler of NODE_KEY_TYPES) {
        for (const listener of NODE_KEY_TYPES) {
          it(`${dialler} to ${listener}`, async () => {
            const consortium = await createConsortium()
            await using a = await startNode(await consortium.identity({ keyType: dialler }), { carrier })
            await using b = await startNode(await consortium.identity({ keyType: listener }), { carrier })
            const opened = pEvent<'connection:open', CustomEvent<Connection>>(b.libp2p, 'connection:open')

            // without the peer's identity in the address: the certificate tells
            const [address] = b.libp2p.getMultiaddrs()
            const outbound = await a.libp2p.dial(address.decapsulateCode(421))
            const inbound = (await opened).detail
            const version = dialler === 'secp256k1' || listener === 'secp256k1' ? 'TLSv1.2' : 'TLSv1.3'

            expect(outbound.remotePeer.equals(b.identity.peerId)).to.equal(true)
            expect(inbound.remotePeer.equals(a.identity.peerId)).to.equal(true)
            expect(outbound.encryption).to.equal(carrier === 'encrypter' ? CA_TLS_PROTOCOL : 'native')
            expect(outbound.multiplexer).to.equal('/yamux/1.0.0')
            expect(getPeerCertificate(outbound)).to.include({ nodeId: b.identity.nodeId, name: 'node1', agency: 'agency', tlsVersion: version })
            expect(getPeerCertificate(inbound)).to.include({ nodeId: a.identity.nodeId, name: 'node0', agency: 'agency', tlsVersion: version })
            expect(getPeerCertificate(inbound)).to.include({ serial: a.identity.certificate.serial, notAfter: a.identity.certificate.notAfter })
            expect(getPeerCertificate(inbound)?.agencyKeyHash).to.equal(createHash('sha256').update(a.identity.chain[1].publicKey.export({ format: 'der', type: 'spki' })).digest('hex'))
            expect(getPeerCertificate(inbound)?.cipher).to.match(/GCM|CHACHA20/)
            expect(getPeerCertificate(inbound)?.incarnation).to.be.within(Date.now() - 60_000, Date.now())
            expect(getPeerCertificate(inbound)?.chain.map(certificate => certificate.commonName)).to.deep.equal(['node0', 'agency'])
          })
        }
      }

      it('with certificates made by FISCO BCOS\'s own openssl steps', async () => {
        await using folder = await temporaryFolder()
        await opensslChain(folder.path, { nodes: ['node0', 'node1'] })
        const [a, b] = await Promise.all(['node0', 'node1'].map(async node => startNode(await loadIdentity({
          key: folder.join(node, 'node.key'), cert: folder.join(node, 'node.crt'), ca: folder.join(node, 'ca.crt')
        }))))
        await using first = a
        await using second = b

        const connection = await first.libp2p.dial(second.libp2p.getMultiaddrs())
        expect(getPeerCertificate(connection)).to.include({ name: 'node1', agency: 'agency', cipher: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' })
      })
    })

    it('carries 32 MiB both ways at once, with a reader that pauses', async () => {
      const size = 32 * 1024 * 1024
      const { identity } = await createConsortium()
      await using a = await startNode(await identity(), { carrier })
      await using b = await startNode(await identity(), { carrier })

      const receive = async (stream: Stream): Promise<number> => new Promise((resolve, reject) => {
        let bytes = 0
        stream.addEventListener('message', evt => {
          bytes += evt.data.byteLength
          stream.pause()
          setImmediate(() => {
            if (bytes < size) {
              stream.resume()
            }
          })

          if (bytes >= size) {
            resolve(bytes)
          }
        })
        stream.addEventListener('close', evt => { reject(evt.error ?? new Error(`closed after ${bytes} bytes`)) })
      })
      const send = async (stream: Stream): Promise<void> => {
        const chunk = new Uint8Array(64 * 1024)

        for (let sent = 0; sent < size; sent += chunk.byteLength) {
          if (!stream.send(chunk)) {
            await pEvent(stream, 'drain', { rejectionEvents: ['close'] })
          }
        }
      }

      const { promise, resolve } = Promise.withResolvers<number>()
      await b.libp2p.handle('/bulk', async stream => {
        const received = receive(stream)
        await send(stream)
        resolve(await received)
      })

      const stream = await a.libp2p.dialProtocol(b.libp2p.getMultiaddrs(), '/bulk')
      const received = receive(stream)
      await send(stream)

      expect(await received).to.equal(size)
      expect(await promise).to.equal(size)
      stream.abort(new Error('done'))
    })

    it('closes gracefully: neither side sees an error', async () => {
      const { identity } = await createConsortium()
      await using a = await startNode(await identity(), { carrier })
      await using b = await startNode(await identity(), { carrier })
      const opened = pEvent<'connection:open', CustomEvent<Connection>>(b.libp2p, 'connection:open')
      const connection = await a.libp2p.dial(b.libp2p.getMultiaddrs())
      const remote = (await opened).detail
      const closed = pEvent(remote, 'close')

      await connection.close()
      await closed

      expect(connection.status).to.equal('closed')
      expect(remote.status).to.equal('closed')
    })

    it('survives an abort in the tick in which the dial resolves', async () => {
      const { identity } = await createConsortium()
      await using a = await startNode(await identity(), { carrier })
      await using b = await startNode(await identity(), { carrier })

      for (let i = 0; i < 10; i++) {
        const connection = await a.libp2p.dial(b.libp2p.getMultiaddrs(), { force: true })
        connection.abort(new Error('in the same tick'))
        expect(connection.status).to.equal('aborted')
      }
    })

    it('is refused at construction when libp2p was given another key, or a timeout out of range', async () => {
      const { identity } = await createConsortium()
      const [one, other] = [await identity(), await identity()]
      const components = { peerId: other.peerId, datastore: new MemoryDatastore(), logger: defaultLogger() }

      expect(() => caTls({ identity: one })(components)).to.throw().with.property('name', 'InvalidParametersError')
      expect(() => caTls({ identity: other, timeout: 0 })(components)).to.throw().with.property('name', 'InvalidParametersError')
      expect(caTls({ identity: other })(components).protocol).to.equal('/fisco/tls/1.0.0')
    })

    it('makes a new handshake with the CAs that are trusted now', async () => {
      const [ours, theirs] = await Promise.all([createConsortium(), createConsortium({ name: 'theirs' })])
      const anchors = [...(await ours.identity()).trust.anchors, ...(await theirs.identity()).trust.anchors]
      const [one, other] = [await ours.identity(), await theirs.identity()]
      await using a = await startNode(one, { carrier })
      await using b = await startNode(other, { carrier })

      const refused = await a.libp2p.dial(b.libp2p.getMultiaddrs()).catch(err => err)
      expect(refused).to.be.an('error')

      one.trust.update({ anchors })
      other.trust.update({ anchors })
      // the CAs are common now, the networks are not: they were named when the identities were made
      const stillRefused = await a.libp2p.dial(b.libp2p.getMultiaddrs()).catch(err => err)
      expect(stillRefused).to.have.property('message').that.includes('belongs to another network')
    })
  })
}

describe('connections that were closed', () => {
  it('leave nothing running, whichever end closed them: the process ends by itself', async () => {
    const script = fileURLToPath(new URL('./support/exit-process.js', import.meta.url))
    // rejects when the process must be killed, before a timer of the muxer's has ended after 30 s
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 25_000, env: { ...process.env, NODE_V8_COVERAGE: '' } })

    expect(stdout).to.equal('stopped\n')
  })
})
