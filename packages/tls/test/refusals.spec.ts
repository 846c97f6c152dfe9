import { certificatesFromPem } from '@fisco-libp2p/identity'
import { createConsortium, selfSignedCertificate } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { CARRIERS, forgedIdentity, nextRejection, startNode } from './support/nodes.ts'
import type { TestNode } from './support/nodes.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { Consortium } from '@fisco-libp2p/test-kit'

const DAY = 24 * 60 * 60 * 1000

/**
 * Each makes an identity that the others must refuse, although it itself trusts them, so that it lives to hear why.
 */
const BAD: Record<string, { rule: string, make (consortium: Consortium): Promise<Identity> }> = {
  'a foreign CA': {
    rule: 'untrusted-issuer',
    async make (consortium) {
      const foreign = await (await createConsortium({ name: 'foreign' })).identity()

      return forgedIdentity(foreign, { anchors: (await consortium.identity()).trust.anchors })
    }
  },
  'no agency in the chain': {
    rule: 'untrusted-issuer',
    async make (consortium) {
      const good = await consortium.identity()

      return forgedIdentity(good, { chain: [good.certificate] })
    }
  },
  'an expired certificate': {
    rule: 'expired',
    async make (consortium) {
      return consortium.identity({ notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - DAY), now: () => Date.now() - 1.5 * DAY })
    }
  },
  'a certificate that is not valid yet': {
    rule: 'not-yet-valid',
    async make (consortium) {
      return consortium.identity({ notBefore: new Date(Date.now() + DAY), notAfter: new Date(Date.now() + 2 * DAY), now: () => Date.now() + 1.5 * DAY })
    }
  },
  'a self-signed certificate': {
    rule: 'self-signed',
    async make (consortium) {
      const good = await consortium.identity()
      const key = good.key.export({ format: 'pem', type: 'pkcs8' }).toString()

      return forgedIdentity(good, { chain: certificatesFromPem(await selfSignedCertificate(key)) })
    }
  },
  'the same CA, but another chain': {
    rule: 'other-network',
    async make (consortium) {
      return consortium.identity({ chainId: '2' })
    }
  },
  'a certificate for clients alone': {
    rule: 'key-usage',
    async make (consortium) {
      return consortium.identity({ extendedKeyUsage: ['clientAuth'] })
    }
  }
}

async function dial (from: TestNode, to: TestNode): Promise<Error> {
  const result: unknown = await from.libp2p.dial(to.libp2p.getMultiaddrs()).catch(err => err)

  return result instanceof Error ? result : expect.fail('the dial should have failed')
}

for (const carrier of CARRIERS) {
  describe(`TLS under the consortium's CA (${carrier}) refuses`, () => {
    for (const [title, { rule, make }] of Object.entries(BAD)) {
      const directions = title === 'a certificate for clients alone' ? ['listening'] : ['dialling', 'listening']

      for (const direction of directions) {
        it(`${title}, ${direction}, and both sides are told`, async () => {
          const consortium = await createConsortium({ validFrom: new Date(Date.now() - 5 * DAY) })
          await using good = await startNode(await consortium.identity(), { carrier })
          await using bad = await startNode(await make(consortium), { carrier })
          const [dialler, listener] = direction === 'dialling' ? [bad, good] : [good, bad]
          const told = Promise.all([nextRejection(good.identity), nextRejection(bad.identity)])

          const err = await dial(dialler, listener)
          const [ours, theirs] = await told

          expect(ours).to.include({ rule, refusedBy: 'us', direction: direction === 'dialling' ? 'inbound' : 'outbound' })
          expect(theirs).to.include({ rule })
          expect(ours.message).to.include('we refused the peer')
          expect(ours.address).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
          expect(err.message).to.include(direction === 'dialling' ? theirs.message : ours.message)
          expect(good.libp2p.getConnections()).to.have.lengthOf(0)
          expect(bad.libp2p.getConnections()).to.have.lengthOf(0)

          if (rule !== 'other-network') {
            // both judge the network, so that the bad side may come to its own refusal first
            expect(theirs).to.include({ refusedBy: 'them' })
            expect(theirs.message).to.match(new RegExp(`the peer refused us: ${rule}: .*; its log has the details`))
            // nothing of what the good node trusts
            expect(theirs.message).to.not.include('CN=')
          }
        })
      }
    }

    it('another node than the one that was dialled', async () => {
      const consortium = await createConsortium()
      await using a = await startNode(await consortium.identity(), { carrier })
      await using b = await startNode(await consortium.identity(), { carrier })
      const absent = await consortium.identity()
      const told = Promise.all([nextRejection(a.identity), nextRejection(b.identity)])
      const [address] = b.libp2p.getMultiaddrs()

      const err = await a.libp2p.dial(address.decapsulateCode(421).encapsulate(`/p2p/${absent.peerId.toString()}`)).catch(err => err)
      const [ours, theirs] = await told

      expect(err.message).to.include(absent.peerId.toString()).and.include(b.identity.nodeId)
      expect(ours).to.include({ rule: 'unexpected-peer', refusedBy: 'us', nodeId: b.identity.nodeId })
      expect(theirs).to.include({ rule: 'unexpected-peer', refusedBy: 'them', nodeId: a.identity.nodeId })
    })

    for (const direction of ['dialling', 'listening']) {
      it(`a node that the gater denies, ${direction}, which hears so instead of seeing a link that flaps`, async () => {
        const consortium = await createConsortium()
        await using good = await startNode(await consortium.identity(), {
          carrier,
          connectionGater: { denyInboundEncryptedConnection: () => true, denyOutboundEncryptedConnection: () => true }
        })
        await using denied = await startNode(await consortium.identity(), { carrier })
        const told = nextRejection(denied.identity)
        let opened = 0
        denied.libp2p.addEventListener('connection:open', () => { opened++ })

        const err = direction === 'dialling' ? await dial(denied, good) : await dial(good, denied)

        expect(await told).to.include({ rule: 'denied', refusedBy: 'them' })
        expect(err.message).to.include('is not allowed here')
        expect(opened).to.equal(0)
      })
    }
  })
}
