import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createAgency, createChainCa, issueNode } from '@fisco-libp2p/ca'
import { certificatesFromPem, createIdentity, IdentityError, policyFor, TrustStore } from '@fisco-libp2p/identity'
import { opensslChain, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { oid, sequence, tlv } from './support/der.ts'
import { agency, authorityKeyId, basicConstraints, DIGITAL_SIGNATURE, extension, keyUsage, leaf, nameConstraints, root, subjectKeyId } from './support/issue.ts'
import { judge, refused } from './support/judge.ts'
import type { Changes, Issued } from './support/issue.ts'
import type { CertificateRule, PolicyChoice } from '@fisco-libp2p/identity'

const NONE = { basicConstraints: undefined, keyUsage: undefined, subjectKeyId: undefined, authorityKeyId: undefined }

/** What `openssl x509 -req` of OpenSSL 3 writes under a root that has no key identifier. */
const reference = extension('2.5.29.35', false, sequence(tlv(0xa1, tlv(0xa4, sequence())), tlv(0x82, Buffer.from([5]))))

interface Shape {
  root?: Changes
  agency?: Changes
  leaf?: Changes
}

function chain (shape: Shape): { top: Issued, shown: Issued[] } {
  const top = root(shape.root)
  const middle = agency(top, shape.agency)

  return { top, shown: [leaf(middle, shape.leaf), middle] }
}

function policyOf (shape: Shape, policy: PolicyChoice): string {
  const { top, shown } = chain(shape)

  return judge(shown, [top], { policy }).policy
}

describe('the policies', () => {
  /** Each thing that fisco lets pass, and the rule by which rfc5280 does not. */
  const relaxed: Array<[string, CertificateRule, Shape]> = [
    ['an anchor of X.509 v1', 'not-a-ca', { root: { version: undefined, extensions: NONE } }],
    ['an anchor without basicConstraints', 'not-a-ca', { root: { extensions: { basicConstraints: undefined } } }],
    ['an anchor whose basicConstraints are not critical', 'extension-criticality', { root: { extensions: { basicConstraints: basicConstraints(true, undefined, false) } } }],
    ['an agency whose basicConstraints are not critical', 'extension-criticality', { agency: { extensions: { basicConstraints: basicConstraints(true, undefined, false) } } }],
    ['an anchor without subjectKeyIdentifier', 'missing-extension', { root: { extensions: { subjectKeyId: undefined } } }],
    ['an agency without subjectKeyIdentifier', 'missing-extension', { agency: { extensions: { subjectKeyId: undefined } } }],
    ['an agency without authorityKeyIdentifier', 'missing-extension', { agency: { extensions: { authorityKeyId: undefined } } }],
    ['an agency that names its issuer by other means', 'missing-extension', { agency: { extensions: { authorityKeyId: reference } } }],
    ['a node without authorityKeyIdentifier', 'missing-extension', { leaf: { extensions: { authorityKeyId: undefined } } }],
    ['an anchor without keyUsage', 'missing-extension', { root: { extensions: { keyUsage: undefined } } }],
    ['an agency without keyUsage', 'missing-extension', { agency: { extensions: { keyUsage: undefined } } }]
  ]

  for (const [what, rule, shape] of relaxed) {
    it(`differ in ${what}`, () => {
      const { top, shown } = chain(shape)

      expect(judge(shown, [top], { policy: 'fisco' }).policy).to.equal('fisco')
      expect(refused(() => judge(shown, [top], { policy: 'rfc5280' }), rule).hint).to.include('set the policy fisco')
    })
  }

  /** What is near to that, and passes under none. */
  const strict: Array<[string, CertificateRule, Shape]> = [
    ['an anchor with CA:FALSE', 'not-a-ca', { root: { extensions: { basicConstraints: basicConstraints(false) } } }],
    ['an agency of X.509 v1', 'not-a-ca', { agency: { version: undefined, extensions: NONE } }],
    ['an agency without basicConstraints', 'not-a-ca', { agency: { extensions: { basicConstraints: undefined } } }],
    ['an agency with CA:FALSE', 'not-a-ca', { agency: { extensions: { basicConstraints: basicConstraints(false) } } }],
    ['a keyUsage of an anchor without keyCertSign', 'key-usage', { root: { extensions: { keyUsage: keyUsage(DIGITAL_SIGNATURE) } } }],
    ['a keyUsage of an agency without keyCertSign', 'key-usage', { agency: { extensions: { keyUsage: keyUsage(DIGITAL_SIGNATURE) } } }],
    ['a critical subjectKeyIdentifier', 'extension-criticality', { agency: { extensions: { subjectKeyId: subjectKeyId(root().key, true) } } }],
    ['a critical authorityKeyIdentifier', 'extension-criticality', { leaf: { extensions: { authorityKeyId: authorityKeyId(root().key, true) } } }],
    ['name constraints that are not critical', 'extension-criticality', { agency: { extensions: { nameConstraints: nameConstraints({ permitted: [tlv(0xa4, sequence())] }, false) } } }],
    ['a node with keyCertSign', 'key-usage', { leaf: { extensions: { keyUsage: keyUsage(0x84) } } }]
  ]

  for (const [what, rule, shape] of strict) {
    it(`agree in ${what}`, () => {
      const { top, shown } = chain(shape)

      refused(() => judge(shown, [top], { policy: 'fisco' }), rule)
      refused(() => judge(shown, [top], { policy: 'rfc5280' }), rule)
    })
  }

  it('follow from the anchor: fisco for v1 and for no basicConstraints, rfc5280 for all others', () => {
    expect(policyOf({}, 'auto')).to.equal('rfc5280')
    expect(policyOf({ root: { version: undefined, extensions: NONE } }, 'auto')).to.equal('fisco')
    expect(policyOf({ root: { extensions: { basicConstraints: undefined } } }, 'auto')).to.equal('fisco')
    expect(policyFor(root({ extensions: { basicConstraints: basicConstraints(true, undefined, false) } }).certificate)).to.equal('rfc5280')
    expect(policyFor(root().certificate, 'fisco')).to.equal('fisco')

    // each path by its own anchor: the weaker one of another CA helps nobody
    const weak = root({ version: undefined, extensions: NONE }, 'weak')
    const strong = root({}, 'strong')
    const [under, over] = [weak, strong].map(top => agency(top, { extensions: { keyUsage: undefined } }))

    expect(judge([leaf(under), under], [weak, strong]).policy).to.equal('fisco')
    refused(() => judge([leaf(over), over], [weak, strong]), 'missing-extension', 'CN=agency')
  })

  it('take an anchor that SHA-1 signed, and nothing else that it did', () => {
    const sha1 = sequence(oid('1.2.840.10045.4.1'))
    const { top, shown } = chain({ root: { version: undefined, extensions: NONE, algorithm: sha1 } })

    expect(judge(shown, [top]).policy).to.equal('fisco')
    refused(() => judge(shown, [top], { policy: 'rfc5280' }), 'not-a-ca')

    const other = chain({ root: { version: undefined, extensions: NONE }, agency: { algorithm: sha1 } })
    refused(() => judge(other.shown, [other.top]), 'signature-algorithm', 'CN=agency')
  })

  it('are chosen for an identity, and the error says which one would do', async () => {
    await using folder = await temporaryFolder()
    await opensslChain(folder.path)
    const openssl = (...args: string[]): void => { execFileSync('openssl', args, { cwd: folder.path, stdio: 'ignore' }) }

    // what OpenSSL 3.2 and later makes of FISCO BCOS's `openssl req -new -x509`: v3, and no keyUsage
    openssl('req', '-new', '-x509', '-days', '36500', '-subj', '/CN=chain/O=fisco-bcos/OU=chain', '-key', 'ca.key', '-config', 'cert.cnf', '-out', 'ca.crt',
      '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'subjectKeyIdentifier=hash', '-addext', 'authorityKeyIdentifier=keyid:always')

    const [key, cert, ca] = await Promise.all(['node0/node.key', 'node0/node.crt', 'ca.crt'].map(async file => readFile(folder.join(file), 'utf8')))

    expect(certificatesFromPem(ca)[0].version).to.equal(3)
    expect(createIdentity({ key, cert, ca, policy: 'fisco' }).trust.policy).to.equal('fisco')
    expect(() => createIdentity({ key, cert, ca })).to.throw(IdentityError, /extension-criticality.*set the policy fisco/)
  })

  it('pass what both issuers of this project write', async () => {
    await using folder = await temporaryFolder()
    await opensslChain(folder.path)
    const cert = await readFile(folder.join('node0', 'node.crt'), 'utf8')
    const fisco = new TrustStore(certificatesFromPem(await readFile(folder.join('ca.crt'), 'utf8')))
    const top = await createChainCa()
    const node = await issueNode(await createAgency(top), { name: 'node0' })

    expect(fisco.judge(certificatesFromPem(cert)).policy).to.equal('fisco')
    expect(new TrustStore(certificatesFromPem(top.cert)).judge(certificatesFromPem(node.cert)).policy).to.equal('rfc5280')
    expect(new TrustStore(certificatesFromPem(top.cert), Date.now, { policy: 'fisco' }).judge(certificatesFromPem(node.cert)).policy).to.equal('fisco')
  })

  it('have names and limits that are checked', () => {
    const invalid = { name: 'InvalidParametersError' }
    const attempt = (options: object) => () => new TrustStore([], Date.now, options)

    expect(attempt({ policy: 'lenient' })).to.throw(/rfc5280, fisco or auto/).with.include(invalid)
    expect(attempt({ policy: 'toString' })).to.throw().with.include(invalid)

    for (const options of [{ maxDepth: -1 }, { maxDepth: 256 }, { maxDepth: 1.5 }, { maxSteps: 0 }, { maxSteps: 4_097 }]) {
      expect(attempt(options)).to.throw().with.include(invalid)
    }
  })

  it('leave it to the trust store what can be a node', () => {
    const top = root()
    const p256 = leaf(top, { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }) })
    const ca = agency(top)
    const encipher = leaf(top, { extensions: { keyUsage: keyUsage(0x20) } })
    const store = new TrustStore([top.certificate])

    for (const [node, rule] of [[p256, 'unsupported-key'], [ca, 'is-a-ca'], [encipher, 'key-usage']] as const) {
      expect(judge([node], [top]).path).to.have.lengthOf(1)
      refused(() => store.judge([node.certificate]), rule)
    }
  })
})
