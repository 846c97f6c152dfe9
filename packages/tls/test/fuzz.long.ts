import { issueNode } from '@fisco-libp2p/ca'
import { Certificate, certificatesFromPem, TrustStore } from '@fisco-libp2p/identity'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { decodeFrame, encodeFrame, guessProtocol, looksLikeTls } from '@fisco-libp2p/tls'
import { expect } from 'chai'
import fc from 'fast-check'

/**
 * How long each decoder is fed, in milliseconds.
 */
const BUDGET = 20_000
const untilTheBudgetIsSpent: fc.Parameters<unknown> = { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: BUDGET, markInterruptAsFailure: false }

interface Mutation {
  at: number
  bytes: Uint8Array
  drop: number
}

const mutations = fc.array(fc.record<Mutation>({ at: fc.nat(2_000), bytes: fc.uint8Array({ maxLength: 6 }), drop: fc.nat(6) }), { minLength: 1, maxLength: 4 })

function mutate (good: Uint8Array, changes: Mutation[]): Buffer {
  return changes.reduce<Buffer>((bytes, { at, bytes: inserted, drop }) => {
    const from = at % (bytes.byteLength + 1)

    return Buffer.concat([bytes.subarray(0, from), inserted, bytes.subarray(from + drop)])
  }, Buffer.from(good))
}

describe('fuzz', function () {
  this.timeout(3 * BUDGET)

  it('certificates: any change gives a certificate that is judged, or a typed error', async () => {
    const { agency, root } = await createConsortium()
    const { der } = await issueNode(agency, { name: 'node0', extendedKeyUsage: ['clientAuth', 'serverAuth'] })
    const store = new TrustStore(certificatesFromPem(root.cert))
    const [issuer] = certificatesFromPem(agency.cert)

    fc.assert(fc.property(mutations, changes => {
      try {
        store.judge([new Certificate(mutate(der, changes)), issuer], 'client')
      } catch (err) {
        expect(err).to.have.property('name', 'CertificateRefusedError')
        expect(err.message.length).to.be.below(2_000)
      }
    }), untilTheBudgetIsSpent)
  })

  it('frames of the confirm exchange: any change gives a frame, "not yet", or a typed error', async () => {
    const { identity } = await createConsortium()
    const { chain, networkId } = await identity()
    const good = encodeFrame({ type: 'confirm', confirm: { minVersion: 1, maxVersion: 1, networkId, incarnation: 1, chain: chain.map(({ der }) => der) } })

    fc.assert(fc.property(mutations, changes => {
      try {
        expect(decodeFrame(mutate(good, changes))?.frame.type ?? 'confirm').to.be.oneOf(['confirm', 'accept', 'refusal'])
      } catch (err) {
        expect(err).to.include({ name: 'HandshakeRefusedError', rule: 'malformed' })
      }
    }), untilTheBudgetIsSpent)
  })

  it('first bytes: any are TLS, are not, or are too few', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      expect(looksLikeTls(bytes)).to.be.oneOf([true, false, undefined])
      expect(guessProtocol(bytes)).to.be.a('string')
    }), { ...untilTheBudgetIsSpent, interruptAfterTimeLimit: BUDGET / 4 })
  })
})
