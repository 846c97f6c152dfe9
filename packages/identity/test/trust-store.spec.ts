import { readFile } from 'node:fs/promises'
import { createAgency, createChainCa, issueNode } from '@fisco-libp2p/ca'
import { Certificate, CertificateRefusedError, certificatesFromPem, printable, TrustStore } from '@fisco-libp2p/identity'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import fc from 'fast-check'
import type { CertificateRole, CertificateRule } from '@fisco-libp2p/identity'

const DAY = 24 * 60 * 60 * 1000

function refuses (store: TrustStore, pem: string, rule: CertificateRule, role?: CertificateRole): CertificateRefusedError {
  try {
    store.judge(certificatesFromPem(pem), role)
  } catch (err) {
    expect(err).to.be.an.instanceOf(CertificateRefusedError).with.property('rule', rule)
    expect(err.message).to.include(rule)

    return err
  }

  return expect.fail(`should have been refused as ${rule}`)
}

describe('trust store', () => {
  it('accepts a chain whose intermediates come in any order, with the root or without', async () => {
    const root = await createChainCa()
    const upper = await createAgency(root, { name: 'upper', pathLength: 1 })
    const lower = await createAgency(upper, { name: 'lower' })
    const node = await issueNode(lower, { name: 'node0' })
    const store = new TrustStore(certificatesFromPem(root.cert))

    for (const chain of [[node, lower, upper], [node, upper, lower], [node, root, upper, lower]]) {
      const { path, anchor } = store.judge(chain.flatMap(({ leaf }) => certificatesFromPem(leaf)))

      expect(path.map(certificate => certificate.commonName)).to.deep.equal(['node0', 'lower', 'upper'])
      expect(anchor.commonName).to.equal('chain')
    }
  })

  it('refuses an empty chain, and one that is too long', async () => {
    const { root, agency } = await createConsortium()
    const store = new TrustStore(certificatesFromPem(root.cert))
    const node = await issueNode(agency, { name: 'node0' })

    expect(() => store.judge([])).to.throw(CertificateRefusedError, /no-certificate/)
    refuses(store, node.cert + root.cert.repeat(3), 'chain-too-long')
  })

  it('refuses an issuer that is no CA', async () => {
    const { root, agency } = await createConsortium()
    const node = await issueNode(agency, { name: 'node0' })
    // a node that issues for others: the same key and certificate, used as if it were an agency's
    const impostor = { ...agency, key: node.key, cert: node.cert, leaf: node.leaf, der: node.der, name: 'node0' }
    const forged = await issueNode(impostor, { name: 'node1' })

    refuses(new TrustStore(certificatesFromPem(root.cert)), forged.leaf + node.cert, 'not-a-ca')
  })

  it('refuses a path that is longer than a CA allows', async () => {
    const root = await createChainCa()
    const upper = await createAgency(root, { name: 'upper', pathLength: 0 })
    const unlimited = { ...upper, pathLength: undefined }
    const lower = await createAgency(unlimited, { name: 'lower' })
    const node = await issueNode(lower, { name: 'node0' })

    refuses(new TrustStore(certificatesFromPem(root.cert)), node.leaf + lower.leaf + upper.leaf, 'path-length')
  })

  it('refuses a CA\'s certificate as a node\'s', async () => {
    const { root, agency } = await createConsortium()

    refuses(new TrustStore(certificatesFromPem(root.cert)), agency.leaf, 'is-a-ca')
  })

  it('refuses a certificate whose extended key usage does not fit the role', async () => {
    const { root, agency } = await createConsortium()
    const store = new TrustStore(certificatesFromPem(root.cert))
    const client = await issueNode(agency, { name: 'node0', extendedKeyUsage: ['clientAuth'] })
    const both = await issueNode(agency, { name: 'node1', extendedKeyUsage: ['clientAuth', 'serverAuth'] })

    refuses(store, client.cert, 'key-usage', 'server')
    expect(store.judge(certificatesFromPem(client.cert), 'client').path).to.have.lengthOf(2)
    expect(store.judge(certificatesFromPem(both.cert), 'server').path).to.have.lengthOf(2)
    expect(store.judge(certificatesFromPem(client.cert)).path).to.have.lengthOf(2)
  })

  it('judges validity by its clock: of the node, and of its agency', async () => {
    const root = await createChainCa()
    const agency = await createAgency(root, { name: 'agency', days: 10 })
    const node = await issueNode(agency, { name: 'node0', days: 5 })
    const longer = await issueNode(agency, { name: 'node1', notAfter: new Date(Date.now() + 100 * DAY) })
    const at = (days: number): TrustStore => new TrustStore(certificatesFromPem(root.cert), () => Date.now() + days * DAY)

    expect(at(1).judge(certificatesFromPem(node.cert)).path).to.have.lengthOf(2)
    expect(refuses(at(6), node.cert, 'expired').subject).to.include('CN=node0')
    expect(refuses(at(11), longer.cert, 'expired').subject).to.include('CN=agency')
    expect(refuses(at(-1), node.cert, 'not-yet-valid').message).to.include('check the clocks')
  })

  it('tells a self-signed certificate, another consortium, and another CA of the same name apart', async () => {
    const ours = await createConsortium()
    const store = new TrustStore(certificatesFromPem(ours.root.cert))
    const sameName = await createConsortium()
    const otherName = await createConsortium({ name: 'elsewhere' })

    refuses(store, (await issueNode(sameName.agency, { name: 'node0' })).cert, 'bad-signature')
    expect(refuses(store, (await issueNode(otherName.agency, { name: 'node0' })).cert, 'untrusted-issuer').message).to.include('CN=elsewhere')
    refuses(store, (await issueNode(ours.agency, { name: 'node0' })).leaf, 'untrusted-issuer')
  })

  it('refuses P-256 for a node, and takes it for CAs', async () => {
    const root = await createChainCa({ keyType: 'p256' })
    const agency = await createAgency(root)
    const store = new TrustStore(certificatesFromPem(root.cert))
    const node = await issueNode(agency, { name: 'node0', keyType: 'p256', allowUnsupportedKeyType: true })

    expect(refuses(store, node.cert, 'unsupported-key').message).to.include('use secp256k1, Ed25519 or RSA')
    expect(store.judge(certificatesFromPem((await issueNode(agency, { name: 'node1' })).cert)).path).to.have.lengthOf(2)
  })

  it('refuses RSA keys that are too short', async () => {
    const { root, agency } = await createConsortium()
    const weak = await readFile(new URL('../../test/fixtures/rsa-1024.crt', import.meta.url), 'utf8')

    refuses(new TrustStore(certificatesFromPem(root.cert)), weak + agency.leaf, 'weak-key')
  })

  it('says when what it trusts has changed', async () => {
    const [ours, theirs] = await Promise.all([createConsortium(), createConsortium({ name: 'theirs' })])
    const store = new TrustStore(certificatesFromPem(ours.root.cert))
    const node = await issueNode(theirs.agency, { name: 'node0' })
    let changes = 0
    store.addEventListener('trust:change', () => { changes++ })

    refuses(store, node.cert, 'untrusted-issuer')
    store.update({ anchors: certificatesFromPem(ours.root.cert + theirs.root.cert) })

    expect(changes).to.equal(1)
    expect(store.judge(certificatesFromPem(node.cert)).anchor.commonName).to.equal('theirs')
  })
})

describe('certificate', () => {
  it('takes any bytes without another error than its own', async () => {
    const { agency } = await createConsortium()
    const { der } = await issueNode(agency, { name: 'node0' })
    const attempt = (bytes: Uint8Array): void => {
      try {
        const certificate = new Certificate(bytes)

        expect([certificate.subject, certificate.issuer, certificate.serial, certificate.keyUsage, certificate.basicConstraints]).to.have.lengthOf(5)
      } catch (err) {
        expect(err).to.have.property('name', 'CertificateRefusedError')
        expect(err).to.have.property('rule', 'malformed')
      }
    }

    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt))
    fc.assert(fc.property(fc.nat(der.byteLength - 1), fc.nat(255), (at, byte) => {
      const changed = Uint8Array.from(der)
      changed[at] = byte
      attempt(changed)
    }), { numRuns: 500 })
    fc.assert(fc.property(fc.nat(der.byteLength), length => {
      attempt(der.subarray(0, length))
    }))
    attempt(new Uint8Array(20_000))
  })

  it('shows names without control characters, and bounded', () => {
    expect(printable('a\nb\u202ec\u0000')).to.equal('a?b?c?')
    expect(printable('x'.repeat(100))).to.have.lengthOf(65)
  })
})
