import { createConsortium } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { CARRIERS, nextRejection, startNode } from './support/nodes.ts'
import { dialTcp, dialTls } from './support/raw-peer.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { ConfirmMessage, Frame } from '@fisco-libp2p/tls'
import type { ConnectionOptions } from 'node:tls'

const DAY = 24 * 60 * 60 * 1000

function confirmOf (identity: Identity, changes: Partial<ConfirmMessage> = {}): Frame {
  return {
    type: 'confirm',
    confirm: { minVersion: 1, maxVersion: 1, networkId: identity.networkId, incarnation: Date.now(), chain: identity.chain.map(({ der }) => der), ...changes }
  }
}

for (const carrier of CARRIERS) {
  describe(`a listener (${carrier}) that meets a dialler which keeps no rules`, () => {
    it('accepts a good confirm, made by hand', async () => {
      const consortium = await createConsortium()
      await using node = await startNode(await consortium.identity(), { carrier })
      const identity = await consortium.identity()
      const peer = await dialTls(node.libp2p.getMultiaddrs()[0], identity)

      peer.send(confirmOf(identity))

      expect(await peer.next()).to.have.property('type', 'confirm')
      expect(await peer.next()).to.deep.equal({ type: 'accept', version: 1 })
      peer.socket.destroy()
    })

    it('takes a version range that begins where its own ends, and refuses one above', async () => {
      const consortium = await createConsortium()
      await using node = await startNode(await consortium.identity(), { carrier })
      const identity = await consortium.identity()

      const newer = await dialTls(node.libp2p.getMultiaddrs()[0], identity)
      newer.send(confirmOf(identity, { minVersion: 1, maxVersion: 7 }))
      await newer.next()
      expect(await newer.next()).to.deep.equal({ type: 'accept', version: 1 })
      newer.socket.destroy()

      const tooNew = await dialTls(node.libp2p.getMultiaddrs()[0], identity)
      tooNew.send(confirmOf(identity, { minVersion: 2, maxVersion: 7 }))
      expect(await tooNew.refusal()).to.have.property('rule', 'unsupported-version')
      tooNew.socket.destroy()
    })

    const cases: Record<string, { rule: string, frame (identity: Identity, other: Identity): Frame | Uint8Array }> = {
      'an incarnation in the far future': { rule: 'clock-skew', frame: identity => confirmOf(identity, { incarnation: Date.now() + 2 * DAY }) },
      'the chain of another node': { rule: 'chain-mismatch', frame: (identity, other) => confirmOf(other) },
      'a chain without its agency': { rule: 'untrusted-issuer', frame: identity => confirmOf(identity, { chain: [identity.certificate.der] }) },
      'no chain': { rule: 'no-certificate', frame: identity => confirmOf(identity, { chain: [] }) },
      'a chain of garbage': { rule: 'malformed', frame: identity => confirmOf(identity, { chain: [Buffer.from('no certificate')] }) },
      'more certificates than a chain has': { rule: 'malformed', frame: identity => confirmOf(identity, { chain: Array.from({ length: 9 }, () => identity.certificate.der) }) },
      'another network': { rule: 'other-network', frame: identity => confirmOf(identity, { networkId: new Uint8Array(32) }) },
      'an accept before its confirm': { rule: 'malformed', frame: () => ({ type: 'accept', version: 1 }) },
      'an empty frame': { rule: 'malformed', frame: () => Uint8Array.of(0, 0) },
      'a frame that is too long': { rule: 'malformed', frame: () => Uint8Array.of(255, 255) },
      'a frame of an unknown kind': { rule: 'malformed', frame: () => Uint8Array.of(0, 2, 0x7a, 0) },
      HTTP: { rule: 'malformed', frame: () => Buffer.from('GET / HTTP/1.1\r\n\r\n') }
    }

    for (const [title, { rule, frame }] of Object.entries(cases)) {
      it(`refuses ${title}, says why, and hangs up`, async () => {
        const consortium = await createConsortium()
        await using node = await startNode(await consortium.identity(), { carrier })
        const [identity, other] = await consortium.identities(2)
        const rejected = nextRejection(node.identity)
        const peer = await dialTls(node.libp2p.getMultiaddrs()[0], identity)

        peer.send(frame(identity, other))

        expect(await peer.refusal()).to.have.property('rule', rule)
        expect(await rejected).to.include({ rule, refusedBy: 'us', direction: 'inbound', nodeId: identity.nodeId })
        await peer.closed
      })
    }

    it('refuses one without a certificate', async () => {
      const consortium = await createConsortium()
      await using node = await startNode(await consortium.identity(), { carrier })
      const rejected = nextRejection(node.identity)
      const peer = await dialTls(node.libp2p.getMultiaddrs()[0])

      expect(await peer.refusal()).to.deep.equal({ type: 'refusal', rule: 'no-certificate', text: '' })
      expect(await rejected).to.include({ rule: 'no-certificate', refusedBy: 'us', nodeId: undefined })
      await peer.closed
    })

    const weak: Record<string, ConnectionOptions> = {
      'TLS 1.1': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
      'no forward secrecy': { ciphers: 'AES128-GCM-SHA256' },
      CBC: { ciphers: 'ECDHE-ECDSA-AES128-SHA' },
      'another protocol by ALPN': { ALPNProtocols: ['h2'] }
    }

    for (const [title, options] of Object.entries(weak)) {
      it(`does not shake hands with ${title}`, async () => {
        const consortium = await createConsortium()
        await using node = await startNode(await consortium.identity(), { carrier })
        const rejected = nextRejection(node.identity)
        const failure = await dialTls(node.libp2p.getMultiaddrs()[0], await consortium.identity(), options).catch(err => err)

        expect(failure).to.be.an('error')
        expect(await rejected).to.have.property('rule').that.is.oneOf(['tls-failure', 'closed'])
      })
    }

    it('does not resume a session: each handshake judges the certificate', async () => {
      const consortium = await createConsortium({ keyType: 'ed25519' })
      await using node = await startNode(await consortium.identity(), { carrier })
      const identity = await consortium.identity()
      const [address] = node.libp2p.getMultiaddrs()

      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const first = await dialTls(address, identity, { maxVersion })
        const session = first.socket.getSession()
        first.socket.destroy()
        const second = await dialTls(address, identity, { maxVersion, session })

        expect(second.socket.isSessionReused()).to.equal(false)
        second.socket.destroy()
      }
    })

    for (const [title, dial] of Object.entries({
      'says nothing at all': async (address: Parameters<typeof dialTcp>[0]) => dialTcp(address),
      'says nothing after TLS': async (address: Parameters<typeof dialTcp>[0], identity: Identity) => (await dialTls(address, identity)).socket
    })) {
      it(`hangs up when it ${title}`, async () => {
        const consortium = await createConsortium()
        await using node = await startNode(await consortium.identity(), { carrier, timeout: 2_000 })
        const socket = await dial(node.libp2p.getMultiaddrs()[0], await consortium.identity())

        socket.resume()
        await new Promise(resolve => socket.once('close', resolve))
        expect(node.libp2p.getConnections()).to.have.lengthOf(0)
      })
    }

    it('goes on serving others when peers vanish at any moment', async () => {
      const consortium = await createConsortium()
      await using node = await startNode(await consortium.identity(), { carrier })
      const identity = await consortium.identity()
      const [address] = node.libp2p.getMultiaddrs()

      for (let i = 0; i < 5; i++) {
        const silent = await dialTcp(address)
        silent.write(Buffer.from('160301', 'hex'))
        silent.destroy()

        const afterTls = await dialTls(address, identity)
        afterTls.socket.destroy()

        const midFrame = await dialTls(address, identity)
        midFrame.send(Uint8Array.of(0, 100, 1, 2, 3))
        midFrame.socket.destroy()
      }

      await using other = await startNode(await consortium.identity(), { carrier })
      const connection = await other.libp2p.dial(address)
      expect(connection.status).to.equal('open')
    })
  })
}
