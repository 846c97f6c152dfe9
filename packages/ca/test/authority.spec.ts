import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { BACKDATE, createAgency, createChainCa, issueNode, openAuthority } from '@fisco-libp2p/ca'
import { certificatesFromPem, createIdentity } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import type { CertificateAuthority, KeyType, NodeOptions } from '@fisco-libp2p/ca'

const NOW = Date.UTC(2030, 0, 1)
const DAY = 24 * 60 * 60 * 1000
const now = (): number => NOW

describe('authority', () => {
  let ca: CertificateAuthority
  let agency: CertificateAuthority

  before(async () => {
    ca = await createChainCa({ now })
    agency = await createAgency(ca)
  })

  for (const keyType of ['secp256k1', 'ed25519', 'rsa'] as const) {
    it(`issues ${keyType} chains that load as an identity`, async () => {
      const root = await createChainCa({ keyType, name: 'chain7', now })
      const agencyA = await createAgency(root, { name: 'agencyA' })
      const node = await issueNode(agencyA, { name: 'node0' })
      const identity = createIdentity({ key: node.key, cert: node.cert, ca: root.cert, now })

      expect(identity.nodeId).to.equal(node.nodeId)
      expect(identity).to.include({ name: 'node0', agency: 'agencyA' })
      expect(node).to.include({ role: 'node', keyType, name: 'node0' })
      expect(root.keyType).to.equal(keyType)
      expect(agencyA.keyType).to.equal(keyType)
      expect(identity.chain.map(({ subject, issuer, version }) => ({ subject, issuer, version }))).to.deep.equal([
        { subject: 'CN=node0, O=fisco-bcos, OU=node', issuer: 'CN=agencyA, O=fisco-bcos, OU=agency', version: 3 },
        { subject: 'CN=agencyA, O=fisco-bcos, OU=agency', issuer: 'CN=chain7, O=fisco-bcos, OU=chain', version: 3 }
      ])
    })
  }

  it('gives PKCS#8 keys that belong to their certificates', async () => {
    const node = await issueNode(agency, { name: 'node0' })

    for (const { key, leaf } of [ca, agency, node]) {
      expect(key).to.match(/^-----BEGIN PRIVATE KEY-----\n/)
      expect(new X509Certificate(leaf).checkPrivateKey(createPrivateKey(key))).to.equal(true)
    }
  })

  it('gives the leaf and its agency, but not the root', async () => {
    const node = await issueNode(agency, { name: 'node0' })

    expect(node.cert).to.equal(node.leaf + agency.leaf)
    expect(agency.cert).to.equal(agency.leaf)
    expect(ca.cert).to.equal(ca.leaf)
    expect([node.root, agency.root, ca.root]).to.deep.equal([ca.leaf, ca.leaf, ca.leaf])
    expect(new X509Certificate(node.leaf).raw.equals(node.der)).to.equal(true)
  })

  it('issues for a node without an agency', async () => {
    const node = await issueNode(ca, { name: 'node0' })
    const identity = createIdentity({ key: node.key, cert: node.cert, ca: ca.cert, now })

    expect(node.cert).to.equal(node.leaf)
    expect(identity.agency).to.equal('chain')
  })

  it('may mix kinds of keys in one chain', async () => {
    const root = await createChainCa({ keyType: 'p256', now })
    const agencyA = await createAgency(root, { keyType: 'rsa' })
    const node = await issueNode(agencyA, { name: 'node0', keyType: 'ed25519' })
    const direct = await issueNode(root, { name: 'node1' })

    expect(createIdentity({ key: node.key, cert: node.cert, ca: root.cert, now }).nodeId).to.have.length(64)
    expect(direct.keyType, 'a node cannot have the P-256 of its issuer').to.equal('secp256k1')
  })

  it('gives serial numbers that are positive, long and all different', async () => {
    const serials = await Promise.all(Array.from({ length: 20 }, async (_, i) => (await issueNode(agency, { name: `node${i}` })).serial))

    for (const serial of serials) {
      expect(serial).to.match(/^[4-7][0-9A-F]{31}$/)
    }

    expect(new Set(serials).size).to.equal(20)
  })

  it('never gives an elliptic curve key that begins with a zero byte', async () => {
    const nodes = await Promise.all(Array.from({ length: 400 }, async () => issueNode(agency, { name: 'node0' })))

    for (const { key, nodeId } of nodes) {
      const { d = '' } = createPrivateKey(key).export({ format: 'jwk' })

      expect(Buffer.from(d, 'base64url')[0]).to.not.equal(0)
      expect(nodeId).to.not.match(/^00/)
    }
  })

  describe('extensions', () => {
    it('marks CAs as CAs and nodes as none', async () => {
      const node = await issueNode(agency, { name: 'node0' })
      const [leaf, above] = certificatesFromPem(node.cert)
      const [root] = certificatesFromPem(node.root)

      expect(root.basicConstraints).to.deep.equal({ ca: true, pathLength: undefined })
      expect(above.basicConstraints).to.deep.equal({ ca: true, pathLength: 0 })
      expect(leaf.basicConstraints).to.deep.equal({ ca: false, pathLength: undefined })
      expect(root.keyUsage).to.have.members(['keyCertSign', 'crlSign'])
      expect(above.keyUsage).to.have.members(['keyCertSign', 'crlSign'])
      expect(leaf.extendedKeyUsage).to.equal(undefined)
    })

    it('lets nodes sign, and encipher where the key can (RFC 8410 section 5)', async () => {
      const usages = async (keyType: KeyType): Promise<string[] | undefined> => {
        return certificatesFromPem((await issueNode(agency, { name: 'node0', keyType })).leaf)[0].keyUsage
      }

      expect(await usages('secp256k1')).to.have.members(['nonRepudiation', 'digitalSignature', 'keyEncipherment'])
      expect(await usages('rsa')).to.have.members(['nonRepudiation', 'digitalSignature', 'keyEncipherment'])
      expect(await usages('ed25519')).to.have.members(['nonRepudiation', 'digitalSignature'])
    })

    it('limits the use when asked', async () => {
      const node = await issueNode(agency, { name: 'node0', extendedKeyUsage: ['clientAuth', '1.2.3.4'] })

      expect(certificatesFromPem(node.leaf)[0].extendedKeyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.2', '1.2.3.4'])

      for (const usage of ['', 'tls', '3.1.2', '1.2.x']) {
        const error = await issueNode(agency, { name: 'node0', extendedKeyUsage: [usage] }).catch(err => err)
        expect(error).to.have.property('name', 'InvalidParametersError')
      }
    })

    it('lets an agency have agencies below it only when it was issued so', async () => {
      const upper = await createAgency(ca, { name: 'upper', pathLength: 1 })
      const lower = await createAgency(upper, { name: 'lower' })
      const node = await issueNode(lower, { name: 'node0' })
      const refused = await createAgency(agency).catch(err => err)

      expect(node.cert).to.equal(node.leaf + lower.leaf + upper.leaf)
      expect(createIdentity({ key: node.key, cert: node.cert, ca: ca.cert, now }).agency).to.equal('lower')
      expect(refused).to.have.property('name', 'InvalidParametersError')
      expect(refused.message).to.contain('agency "agency" may have 0 CAs below it')
    })
  })

  describe('validity', () => {
    it('is 100 years from five minutes ago', async () => {
      const node = await issueNode(agency, { name: 'node0' })
      const [leaf] = certificatesFromPem(node.leaf)

      expect(leaf.notBefore).to.equal(NOW - BACKDATE)
      expect(leaf.notAfter).to.equal(NOW + 36_500 * DAY)
      expect(node.notBefore.getTime()).to.equal(leaf.notBefore)
      expect(node.notAfter.getTime()).to.equal(leaf.notAfter)
    })

    it('is cut off at the end of the issuer', async () => {
      const short = await createAgency(ca, { days: 10 })
      const node = await issueNode(short, { name: 'node0', days: 20 })
      const late = await issueNode(short, { name: 'node0', now: () => NOW + 11 * DAY }).catch(err => err)

      expect(node.notAfter).to.deep.equal(short.notAfter)
      expect(late).to.have.property('name', 'InvalidParametersError')
      expect(late.message).to.contain(short.notAfter.toISOString()).and.contain('renew')
    })

    it('is what the caller says', async () => {
      const rules = async (validity: Partial<NodeOptions>): Promise<string> => {
        const node = await issueNode(agency, { name: 'node0', ...validity })

        try {
          createIdentity({ key: node.key, cert: node.cert, ca: ca.cert, now })

          return 'valid'
        } catch (err) {
          return err.rule
        }
      }

      expect(await rules({ notBefore: new Date(NOW - 2 * DAY), notAfter: new Date(NOW - DAY) })).to.equal('expired')
      expect(await rules({ notBefore: new Date(NOW + DAY) })).to.equal('not-yet-valid')
      expect(await rules({ days: 1 })).to.equal('valid')
      expect(await rules({ notAfter: new Date(Date.UTC(2300, 0, 1)) }), 'beyond the issuer').to.equal('valid')
    })

    it('must be possible', async () => {
      const impossible: Array<Partial<NodeOptions>> = [
        { days: 0 }, { days: -1 }, { days: 1.5 }, { days: NaN }, { days: 365_001 },
        { notBefore: new Date(NOW), notAfter: new Date(NOW) },
        { notBefore: new Date(NaN) },
        { notBefore: new Date(Date.UTC(1949, 11, 31)) },
        { notAfter: new Date(Date.UTC(10_000, 0, 1)) }
      ]

      for (const validity of impossible) {
        const error = await issueNode(agency, { name: 'node0', ...validity }).catch(err => err)
        expect(error, JSON.stringify(validity)).to.have.property('name', 'InvalidParametersError')
      }
    })
  })

  describe('a given key', () => {
    it('is certified as it is, to renew a certificate', async () => {
      const old = await issueNode(agency, { name: 'node0', days: 1 })
      const renewed = await issueNode(agency, { name: 'node0', key: old.key })

      expect(renewed.key).to.equal(old.key)
      expect(renewed.nodeId).to.equal(old.nodeId)
      expect(renewed.serial).to.not.equal(old.serial)
    })

    it('may be a SEC1 key with a compressed point: the certificate gets the uncompressed one', async () => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
      const node = await issueNode(agency, { name: 'node0', key: privateKey.export({ format: 'pem', type: 'sec1' }).toString() })
      const spki = new X509Certificate(node.leaf).publicKey.export({ format: 'der', type: 'spki' })

      expect(node.key).to.equal(privateKey.export({ format: 'pem', type: 'pkcs8' }))
      expect(spki.at(-65)).to.equal(4)
    })

    it('must be a private key of a kind that is issued', async () => {
      const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
      const odd = generateKeyPairSync('rsa', { modulusLength: 2050 })
      const exponent = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })
      const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
      const x25519 = generateKeyPairSync('x25519')
      const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })

      for (const key of [rsa.privateKey, odd.privateKey, exponent.privateKey, p384.privateKey, x25519.privateKey, secp256k1.publicKey, 'no key', '']) {
        const error = await issueNode(agency, { name: 'node0', key }).catch(err => err)
        expect(error).to.have.property('name', 'InvalidParametersError')
      }

      const error = await issueNode(agency, { name: 'node0', key: secp256k1.privateKey, keyType: 'rsa' }).catch(err => err)
      expect(error).to.have.property('name', 'InvalidParametersError')
      expect(error.message).to.contain('secp256k1, not rsa')
    })
  })

  it('certifies P-256 for a node only when told that it cannot run', async () => {
    const refused = await issueNode(agency, { name: 'node0', keyType: 'p256' }).catch(err => err)
    const node = await issueNode(agency, { name: 'node0', keyType: 'p256', allowUnsupportedKeyType: true })

    expect(refused).to.have.property('name', 'InvalidParametersError')
    expect(refused.message).to.contain('P-256').and.contain('secp256k1')
    expect(new X509Certificate(node.leaf).publicKey.asymmetricKeyDetails).to.have.property('namedCurve', 'prime256v1')
    expect(node.nodeId).to.match(/^[0-9a-f]{128}$/)
    expect(() => createIdentity({ key: node.key, cert: node.cert, ca: ca.cert, now })).to.throw().with.property('rule', 'unsupported-key')
  })

  it('refuses an unknown kind of key', async () => {
    const error = await createChainCa({ keyType: 'dsa' as KeyType }).catch(err => err)

    expect(error).to.have.property('name', 'InvalidParametersError')
    expect(error.message).to.contain('"dsa"')
  })

  it('refuses names that certificates, FISCO BCOS or folders cannot have', async () => {
    const names = ['', '.', '..', '.node', 'node.', ' node', 'node ', 'a/b', 'a\\b', 'a#b', 'a:b', 'a*b', 'a?b', 'a"b', 'a<b', 'a>b', 'a|b',
      'a\nb', 'a\tb', 'a\0b', 'a\u007fb', 'a\u202eb', 'a\u2028b', 'a\ud800b', 'n'.repeat(65), '\u{1f600}'.repeat(64), 7, null]

    for (const name of names) {
      const errors = await Promise.all([
        createChainCa({ name: name as string }),
        createAgency(ca, { name: name as string }),
        issueNode(agency, { name: name as string })
      ].map(async issued => issued.then(({ name }) => name, err => err.name)))

      // null means the default for those that have one
      expect(errors, JSON.stringify(name)).to.deep.equal(name === null ? ['chain', 'agency', 'InvalidParametersError'] : new Array(3).fill('InvalidParametersError'))
    }
  })

  it('takes names of any script, up to 64 characters', async () => {
    for (const name of ['n', 'n'.repeat(64), 'node-0_a.b', '\u8282\u70b9', 'a, O=b+c', '\u8282'.repeat(64)]) {
      expect(certificatesFromPem((await issueNode(agency, { name })).leaf)[0].commonName).to.equal(name)
    }
  })

  describe('openAuthority', () => {
    it('takes up an agency that exists', async () => {
      const opened = openAuthority({ key: agency.key, cert: agency.leaf, root: ca.leaf, now })
      const node = await issueNode(opened, { name: 'node9' })

      expect(opened).to.deep.equal({ ...agency, der: opened.der, now })
      expect(createIdentity({ key: node.key, cert: node.cert, ca: ca.cert, now }).agency).to.equal('agency')
    })

    it('takes up a root that exists', async () => {
      const opened = openAuthority({ key: ca.key, cert: ca.leaf, now })
      expect(opened).to.deep.equal({ ...ca, der: opened.der, pathLength: undefined, now })
    })

    it('refuses what cannot issue', async () => {
      const node = await issueNode(agency, { name: 'node0' })
      const reason = (pem: Parameters<typeof openAuthority>[0]): string => {
        try {
          openAuthority(pem)

          return 'opened'
        } catch (err) {
          return `${err.name}: ${err.message}`
        }
      }

      expect(reason({ key: ca.key, cert: agency.cert, root: ca.root })).to.match(/^InvalidParametersError: key does not belong/)
      expect(reason({ key: node.key, cert: node.cert, root: ca.root })).to.match(/^InvalidParametersError: .*not a CA/)
      expect(reason({ key: agency.key, cert: agency.cert })).to.match(/^InvalidParametersError: .*root/)
      expect(reason({ key: agency.key, cert: '' })).to.match(/^InvalidParametersError: cert holds no certificate/)
      expect(reason({ key: agency.key, cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' })).to.match(/^InvalidParametersError: .*cannot be read/)
      expect(reason({ key: 'x', cert: agency.cert, root: ca.root })).to.match(/^InvalidParametersError: key cannot be read/)
    })
  })

  it('has a public key in the certificate that is the key\'s', async () => {
    const node = await issueNode(agency, { name: 'node0', keyType: 'rsa' })
    const publicKey = createPublicKey(node.key)

    expect(publicKey.equals(new X509Certificate(node.leaf).publicKey)).to.equal(true)
    expect(publicKey.asymmetricKeyDetails).to.deep.equal({ modulusLength: 2048, publicExponent: 65_537n })
  })
})
