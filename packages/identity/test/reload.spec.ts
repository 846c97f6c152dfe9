import { writeFile } from 'node:fs/promises'
import { createAgency, createChainCa, createCrl, issueNode } from '@fisco-libp2p/ca'
import { createIdentity, IdentityError, loadIdentity, readIdentityFiles, reloadIdentity } from '@fisco-libp2p/identity'
import { hostileCrl, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { accepts, DAY, eventsOf, keyHashOf } from './support/revoke.ts'
import type { CertificateAuthority, IssuedNode } from '@fisco-libp2p/ca'
import type { CrlFile, Identity, IdentityPem, IdentityRule } from '@fisco-libp2p/identity'

const NOTHING = { certificate: false, anchors: false, revocations: false }

function crlFile (ca: CertificateAuthority, number: bigint, ...revoked: IssuedNode[]): CrlFile {
  return { name: 'agency.crl', content: createCrl(ca, { revoked: revoked.map(({ serial }) => ({ serial, date: new Date() })), number }).der }
}

/**
 * All that a reload may change.
 */
function stateOf ({ chain, trust, networkId, nodeId }: Identity): unknown {
  return {
    chain: chain.map(certificate => certificate.serial),
    anchors: trust.anchors.map(anchor => anchor.serial),
    configured: trust.configuredCrls.map(({ crl }) => crl.hash),
    held: trust.crls.map(({ crl, serials }) => [crl.hash, ...serials]),
    denied: trust.deniedSerials,
    networkId: Buffer.from(networkId).toString('hex'),
    nodeId
  }
}

describe('reloading an identity', () => {
  let root: CertificateAuthority
  let agency: CertificateAuthority
  let node: IssuedNode
  let other: IssuedNode
  let pem: IdentityPem
  let identity: Identity
  let renewals: number

  before(async () => {
    root = await createChainCa({ keyType: 'ed25519' })
    agency = await createAgency(root)
    ;[node, other] = await Promise.all(['node0', 'node1'].map(async name => issueNode(agency, { name })))
  })

  beforeEach(() => {
    pem = { key: node.key, cert: node.cert, ca: root.cert }
    identity = createIdentity(pem)
    renewals = 0
    identity.addEventListener('identity:renewed', () => { renewals++ })
  })

  function refused (changes: Partial<IdentityPem>, rule: IdentityRule): IdentityError {
    const before = stateOf(identity)
    const events = eventsOf(identity.trust)
    let err: unknown

    try {
      reloadIdentity(identity, { ...pem, ...changes })
    } catch (thrown) {
      err = thrown
    }

    expect(err).to.be.an.instanceOf(IdentityError).with.property('rule', rule)
    expect(stateOf(identity)).to.deep.equal(before)
    expect(events).to.deep.equal([])
    expect(renewals).to.equal(0)

    return err as IdentityError
  }

  it('changes nothing where nothing has changed, and tells nobody', () => {
    const crls = [{ ...crlFile(agency, 1n), softFail: false }]
    reloadIdentity(identity, { ...pem, crls })
    const before = stateOf(identity)
    const events = eventsOf(identity.trust)

    expect(reloadIdentity(identity, { ...pem, crls: [{ ...crls[0], softFail: undefined }] })).to.deep.equal(NOTHING)
    expect(stateOf(identity)).to.deep.equal(before)
    expect(events).to.deep.equal([])
    expect(renewals).to.equal(0)
  })

  it('shows a renewed certificate for the same key', async () => {
    const renewed = await issueNode(agency, { name: 'node0', key: node.key })

    expect(reloadIdentity(identity, { ...pem, cert: renewed.cert })).to.deep.equal({ ...NOTHING, certificate: true })
    expect(identity.certificate.serial).to.equal(renewed.serial.toLowerCase())
    expect(identity.nodeId).to.equal(node.nodeId)
    expect(renewals).to.equal(1)
  })

  it('refuses another key, a certificate of another key, and one that leads nowhere', async () => {
    const elsewhere = await issueNode(await createAgency(await createChainCa({ name: 'elsewhere' })), { name: 'node0', key: node.key })

    expect(refused({ key: other.key, cert: other.cert }, 'key-mismatch').message).to.include('a node with a new key is started anew')
    refused({ cert: other.cert }, 'key-mismatch')
    refused({ cert: elsewhere.cert }, 'untrusted-issuer')
    refused({ cert: (await issueNode(agency, { name: 'node0', key: node.key, notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - DAY) })).cert }, 'expired')
  })

  it('reads its key as before after it was given one of another type', async () => {
    const rsa = await issueNode(agency, { name: 'node0', keyType: 'rsa' })

    refused({ key: rsa.key, cert: rsa.cert }, 'key-mismatch')
    expect(reloadIdentity(identity, pem), 'at once').to.deep.equal(NOTHING)
    refused({ cert: rsa.cert }, 'key-mismatch')
    expect(reloadIdentity(identity, pem)).to.deep.equal(NOTHING)
  })

  it('trusts a CA that was added, under the same network ID', async () => {
    const added = await createChainCa({ name: 'added', keyType: 'ed25519' })
    const { networkId } = identity
    const events = eventsOf(identity.trust)

    expect(reloadIdentity(identity, { ...pem, networkId, ca: root.cert + added.cert })).to.deep.equal({ ...NOTHING, anchors: true })
    accepts(identity.trust, await issueNode(added, { name: 'node2' }), other)
    expect(identity.networkId).to.equal(networkId)
    expect(events).to.deep.equal(['change of anchors'])

    expect(reloadIdentity(identity, { ...pem, networkId })).to.deep.equal({ ...NOTHING, anchors: true })
    expect(identity.trust.anchors.map(({ commonName }) => commonName)).to.deep.equal(['chain'])
  })

  it('trusts no other CAs as long as the network\'s ID follows from them', async () => {
    const added = await createChainCa({ name: 'added', keyType: 'ed25519' })

    expect(refused({ ca: root.cert + added.cert }, 'network-id').message).to.include(`network_id=${Buffer.from(identity.networkId).toString('hex')}`)
  })

  it('does not drop the CA that the node\'s own certificate needs', async () => {
    const added = await createChainCa({ name: 'added', keyType: 'ed25519' })
    const { networkId } = identity

    expect(refused({ networkId, ca: added.cert }, 'untrusted-issuer').file).to.equal('node.crt')
    refused({ networkId, ca: added.cert, crls: [crlFile(agency, 1n, other)], deniedSerials: [{ issuerKeyHash: keyHashOf(agency), serial: other.serial.toLowerCase() }] }, 'untrusted-issuer')
  })

  it('takes CRLs and denied serial numbers, and gives up what is configured no longer, but for what was revoked', () => {
    const deniedSerials = [{ issuerKeyHash: keyHashOf(agency), serial: other.serial.toLowerCase() }]

    expect(reloadIdentity(identity, { ...pem, deniedSerials })).to.deep.equal({ ...NOTHING, revocations: true })
    expect(() => { accepts(identity.trust, other) }).to.throw('deny list')
    expect(reloadIdentity(identity, pem)).to.deep.equal({ ...NOTHING, revocations: true })
    accepts(identity.trust, other)

    expect(reloadIdentity(identity, { ...pem, crls: [crlFile(agency, 1n, other)] })).to.deep.equal({ ...NOTHING, revocations: true })
    expect(() => { accepts(identity.trust, other) }).to.throw('revoked')
    reloadIdentity(identity, { ...pem, crls: [crlFile(agency, 2n)] })
    reloadIdentity(identity, pem)
    expect(() => { accepts(identity.trust, other) }).to.throw('revoked')
    expect(identity.trust.configuredCrls).to.deep.equal([])
  })

  it('goes on when the node itself is revoked: it is the others that refuse it', () => {
    expect(reloadIdentity(identity, { ...pem, crls: [crlFile(agency, 1n, node)] })).to.deep.equal({ ...NOTHING, revocations: true })
    expect(() => { accepts(identity.trust, node) }).to.throw('revoked')
    expect(() => createIdentity({ ...pem, crls: [crlFile(agency, 1n, node)] })).to.throw(IdentityError, 'revoked')
  })

  it('leaves all as it was where a file is broken', () => {
    const crls = [{ name: 'broken.crl', content: Buffer.from('no CRL') }]
    const future = { name: 'future.crl', content: hostileCrl(agency, { thisUpdate: new Date(Date.now() + DAY) }) }

    refused({ key: 'no key' }, 'not-pem')
    refused({ cert: 'no certificate' }, 'not-pem')
    refused({ cert: node.cert.replace('\nMII', '\nMIA') }, 'malformed')
    refused({ ca: '' }, 'not-pem')
    expect(refused({ crls, ca: root.cert + agency.leaf }, 'crl-refused').file).to.equal('broken.crl')
    expect(refused({ crls: [future] }, 'crl-refused').message).to.include('future.crl').and.include('check the clocks')
  })

  it('goes by the clock of the identity', () => {
    const now = (): number => Date.now() + 10 * DAY
    const later = createIdentity({ ...pem, now })

    reloadIdentity(later, { ...pem, crls: [{ name: 'agency.crl', content: hostileCrl(agency, { thisUpdate: new Date(now()), nextUpdate: null }) }] })
    expect(later.trust.configuredCrls).to.have.lengthOf(1)
  })

  it('reads the files that it was loaded from, and says which one is missing', async () => {
    await using folder = await temporaryFolder()
    const files = { key: folder.join('node.key'), cert: folder.join('node.crt'), ca: folder.join('ca.crt'), crls: [{ file: folder.join('agency.crl') }] }
    await Promise.all([writeFile(files.key, node.key), writeFile(files.cert, node.cert), writeFile(files.ca, root.cert), writeFile(files.crls[0].file, createCrl(agency, { revoked: [], number: 1n }).pem)])
    const loaded = await loadIdentity(files)

    expect(reloadIdentity(loaded, await readIdentityFiles(files))).to.deep.equal(NOTHING)
    await writeFile(files.crls[0].file, crlFile(agency, 2n, other).content)
    expect(reloadIdentity(loaded, await readIdentityFiles(files))).to.deep.equal({ ...NOTHING, revocations: true })
    expect(loaded.trust.crls.map(({ crl }) => crl.fields.number)).to.deep.equal([2n])

    const missing: unknown = await readIdentityFiles({ ...files, crls: [{ file: folder.join('missing.crl') }] }).catch(err => err)
    expect(missing).to.be.an.instanceOf(IdentityError).with.property('message').that.includes('missing.crl').and.includes('must be there')
  })
})
