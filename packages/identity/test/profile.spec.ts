import { constants, generateKeyPairSync, sign } from 'node:crypto'
import { Certificate } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import { bits, boolean, commonName, integer, octets, oid, sequence, set, time, tlv } from './support/der.ts'
import { agency, authorityKeyId, basicConstraints, DIGITAL_SIGNATURE, dns, encode, extendedKeyUsage, extension, ip, KEY_CERT_SIGN, keyId, keyUsage, leaf, nameConstraints, newKey, root, subjectAltName, subjectKeyId } from './support/issue.ts'
import { judge, refused } from './support/judge.ts'
import type { Changes, KeyPair } from './support/issue.ts'
import type { CertificateRule } from '@fisco-libp2p/identity'

const ca = root()
const EMPTY = sequence()
const NONE = { basicConstraints: undefined, keyUsage: undefined, subjectKeyId: undefined, authorityKeyId: undefined }

function accepts (changes: Changes): void {
  expect(judge([leaf(ca, changes)], [ca], { policy: 'rfc5280' }).path).to.have.lengthOf(1)
}

function spki (algorithm: Buffer, key: Buffer): Buffer {
  return sequence(algorithm, bits(key))
}

function rsaKey (bits: number, exponent = 65_537): Buffer {
  const modulus = Buffer.alloc(bits / 8 + 1, 0xff)
  modulus[0] = 0

  return spki(sequence(oid('1.2.840.113549.1.1.1'), tlv(0x05)), sequence(tlv(0x02, modulus), integer(exponent)))
}

describe('a certificate by itself', () => {
  /** What is wrong, by which rule it is refused, and how to make it. */
  const wrong: Array<[string, CertificateRule, Changes]> = [
    ['extensions in v1', 'version', { version: undefined }],
    ['a unique ID in v1', 'version', { version: undefined, uniqueId: tlv(0x81, Buffer.from([0, 1])), extensions: NONE }],
    ['a serial number of zero', 'serial-number', { serial: integer(0) }],
    ['a negative serial number', 'serial-number', { serial: integer(-5) }],
    ['a serial number of 21 bytes', 'serial-number', { serial: tlv(0x02, Buffer.alloc(21, 0x11)) }],
    ['a serial number of 20 bytes with a first bit that is set', 'serial-number', { serial: tlv(0x02, Buffer.from([0]), Buffer.alloc(20, 0x81)) }],
    ['two different signature algorithms', 'signature-algorithm', { outerAlgorithm: sequence(oid('1.2.840.10045.4.3.2')) }],
    ['the same algorithm with other parameters', 'signature-algorithm', { outerAlgorithm: sequence(oid('1.3.101.112'), tlv(0x05)) }],
    ['a signature with SHA-1', 'signature-algorithm', { algorithm: sequence(oid('1.2.840.10045.4.1')) }],
    ['a signature with RSASSA-PSS and SHA-1', 'signature-algorithm', { algorithm: sequence(oid('1.2.840.113549.1.1.10'), EMPTY) }],
    ['an unknown signature algorithm', 'signature-algorithm', { algorithm: sequence(oid('1.2.3.4')) }],
    ['an issuer without a name', 'empty-name', { issuer: EMPTY }],
    ['neither subject nor other names', 'empty-name', { subject: EMPTY }],
    ['no subject, and names that are not critical', 'extension-criticality', { subject: EMPTY, extensions: { san: subjectAltName([dns('node0.example')]) } }],
    ['an extension twice', 'duplicate-extension', { extensions: { again: keyUsage(DIGITAL_SIGNATURE) } }],
    ['an unknown extension twice', 'duplicate-extension', { extensions: { one: extension('1.2.3.4', false, EMPTY), two: extension('1.2.3.4', false, EMPTY) } }],
    ['an unknown critical extension', 'unknown-critical-extension', { extensions: { unknown: extension('1.3.6.1.4.1.55738.666.1', true, EMPTY) } }],
    ['critical certificate policies', 'unknown-critical-extension', { extensions: { policies: extension('2.5.29.32', true, EMPTY) } }],
    ['critical policy constraints', 'unknown-critical-extension', { extensions: { policies: extension('2.5.29.36', true, EMPTY) } }],
    ['policy constraints that are not critical', 'extension-criticality', { extensions: { policies: extension('2.5.29.36', false, EMPTY) } }],
    ['a critical authorityKeyIdentifier', 'extension-criticality', { extensions: { authorityKeyId: authorityKeyId(ca.key, true) } }],
    ['a critical authorityInfoAccess', 'extension-criticality', { extensions: { info: extension('1.3.6.1.5.5.7.1.1', true, EMPTY) } }],
    ['no authorityKeyIdentifier', 'missing-extension', { extensions: { authorityKeyId: undefined } }],
    ['an authorityKeyIdentifier without a key identifier', 'missing-extension', { extensions: { authorityKeyId: extension('2.5.29.35', false, EMPTY) } }],
    ['a keyUsage that allows nothing', 'key-usage', { extensions: { keyUsage: keyUsage(0) } }],
    ['keyCertSign', 'key-usage', { extensions: { keyUsage: keyUsage(DIGITAL_SIGNATURE | KEY_CERT_SIGN) } }],
    ['keyCertSign without basicConstraints', 'key-usage', { extensions: { keyUsage: keyUsage(KEY_CERT_SIGN), basicConstraints: undefined } }],
    ['a path length', 'misplaced-extension', { extensions: { basicConstraints: basicConstraints(false, 0) } }],
    ['name constraints', 'misplaced-extension', { extensions: { nameConstraints: nameConstraints({ permitted: [dns('example')] }) } }],
    ['an unsupported curve', 'unsupported-key', { spki: generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).publicKey.export({ format: 'der', type: 'spki' }) }],
    ['an unsupported kind of key', 'unsupported-key', { spki: generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }) }],
    ['an RSA key of 1024 bits', 'weak-key', { spki: rsaKey(1024) }],
    ['an RSA key of 8200 bits', 'weak-key', { spki: rsaKey(8200) }],
    ['an RSA key with the exponent 1', 'weak-key', { spki: rsaKey(2048, 1) }],
    ['an RSA key with an even exponent', 'weak-key', { spki: rsaKey(2048, 65_536) }],
    ['an RSA key with an exponent of 33 bits', 'weak-key', { spki: rsaKey(2048, 2 ** 32 + 1) }],
    ['a validity that is over', 'expired', { notAfter: time(new Date(Date.now() - 2_000)) }],
    ['a validity that has not begun', 'not-yet-valid', { notBefore: time(new Date(Date.now() + 24 * 60 * 60 * 1000)) }],
    ['a use that does not fit the role', 'key-usage', { extensions: { eku: extendedKeyUsage('1.3.6.1.5.5.7.3.2') } }]
  ]

  for (const [what, rule, changes] of wrong) {
    it(`is refused for ${what}`, () => {
      const node = leaf(ca, changes)

      refused(() => judge([node], [ca], { policy: 'rfc5280', role: 'server' }), rule, changes.subject == null ? 'CN=node0' : '')
    })
  }

  it('is accepted at the edge of each rule', () => {
    accepts({})
    accepts({ serial: tlv(0x02, Buffer.alloc(20, 0x11)) })
    accepts({ extensions: { basicConstraints: undefined, keyUsage: undefined, subjectKeyId: undefined } })
    accepts({ extensions: { unknown: extension('1.3.6.1.4.1.55738.666.1', false, Buffer.from('no DER')) } })
    accepts({ subject: EMPTY, extensions: { san: subjectAltName([dns('node0.example')], true) } })
    accepts({ extensions: { eku: extendedKeyUsage('2.5.29.37.0') } })
    accepts({ spki: rsaKey(2048, 2 ** 32 - 1) })
    accepts({ extensions: { basicConstraints: extension('2.5.29.19', true, sequence(boolean(false))) } })
  })

  it('may be signed with every kind of key that a CA can have, and with RSASSA-PSS', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const sha256 = sequence(oid('2.16.840.1.101.3.4.2.1'), tlv(0x05))
    const pss = sequence(oid('1.2.840.113549.1.1.10'), sequence(tlv(0xa0, sha256), tlv(0xa1, sequence(oid('1.2.840.113549.1.1.8'), sha256)), tlv(0xa2, integer(32))))
    const bySigner = root({ key: rsa })

    for (const key of [rsa, ...['secp256k1', 'P-256', 'P-384', 'P-521'].map(namedCurve => generateKeyPairSync('ec', { namedCurve }))]) {
      const top = root({ key })
      expect(judge([leaf(top)], [top]).anchor).to.equal(top.certificate)
    }

    const node = leaf(bySigner, { algorithm: pss, sign: tbs => sign('sha256', tbs, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }) })
    expect(judge([node], [bySigner]).path).to.have.lengthOf(1)
  })

  it('may have names of every form', () => {
    const names = [tlv(0x81, Buffer.from('a@example')), dns('*.example'), tlv(0x86, Buffer.from('urn:x')), ip(192, 0, 2, 1), tlv(0xa4, commonName('other')), tlv(0x88, Buffer.from([0x2a, 3])), tlv(0xa0, oid('1.2.3'), tlv(0xa0, integer(1)))]
    const { certificate } = leaf(ca, { extensions: { san: subjectAltName(names) } })

    expect(certificate.extensions.subjectAltName?.names.map(({ form }) => form)).to.deep.equal(['email', 'dns', 'uri', 'ip', 'directory', 'registeredID', 'otherName'])
    accepts({ extensions: { san: subjectAltName(names) } })
  })

  /** Values of extensions that cannot be read. */
  const malformed: Record<string, Buffer> = {
    'basicConstraints with a third field': extension('2.5.29.19', true, sequence(boolean(true), integer(0), integer(5))),
    'a negative path length': extension('2.5.29.19', true, sequence(boolean(true), integer(-1))),
    'a keyUsage that is no bit string': extension('2.5.29.15', true, octets(Buffer.from([4]))),
    'an empty extKeyUsage': extension('2.5.29.37', false, EMPTY),
    'an extKeyUsage of numbers': extension('2.5.29.37', false, sequence(integer(1))),
    'an empty subjectAltName': subjectAltName([]),
    'a subjectAltName that is text': extension('2.5.29.17', false, Buffer.from('example.com')),
    'a subjectAltName with an unknown form': subjectAltName([tlv(0x89, Buffer.from([1]))]),
    'a host name with an underscore': subjectAltName([dns('node_0.example')]),
    'a host name that begins with a dot': subjectAltName([dns('.example')]),
    'a host name that ends with a dot': subjectAltName([dns('node0.example.')]),
    'a host name that is an address': subjectAltName([dns('192.0.2.1')]),
    'a host name of other letters': subjectAltName([dns('nöde.example')]),
    'a host name of 254 letters': subjectAltName([dns(`${'a'.repeat(63)}.`.repeat(4).slice(0, -1).slice(0, 250) + '.aaa')]),
    'an address of 8 bytes': subjectAltName([ip(192, 0, 2, 0, 255, 255, 255, 0)]),
    'an authorityKeyIdentifier with half of a reference': extension('2.5.29.35', false, sequence(tlv(0x80, keyId(ca.key)), tlv(0x82, Buffer.from([5])))),
    'a subjectKeyIdentifier without a byte': extension('2.5.29.14', false, octets()),
    'bytes behind its value': extension('2.5.29.15', true, Buffer.concat([bits(Buffer.from([0x80])), Buffer.from([5, 0])]))
  }

  for (const [what, value] of Object.entries(malformed)) {
    it(`is refused for ${what}`, () => {
      const node = leaf(ca, { extensions: { ...NONE, wrong: value } })

      refused(() => judge([node], [ca]), 'malformed', 'CN=node0')
    })
  }

  /** What is refused as soon as it is read: there is no such certificate object. */
  const unreadable: Array<[string, CertificateRule, Changes]> = [
    ['an empty list of extensions', 'malformed', { extensions: { one: Buffer.alloc(0) } }],
    ['version 4', 'malformed', { version: 3 }],
    ['a version of 1 that is written out', 'malformed', { version: 0 }],
    ['a date that does not exist', 'malformed', { notAfter: tlv(0x17, Buffer.from('480230000000Z')) }],
    ['a date with parts of seconds', 'malformed', { notAfter: tlv(0x18, Buffer.from('20480101000000.5Z')) }],
    ['a date that is text', 'malformed', { notAfter: tlv(0x0c, Buffer.from('20480101000000Z')) }],
    ['a field that is left over', 'malformed', { uniqueId: tlv(0x84, Buffer.from([1])) }],
    ['a name that is no name', 'malformed', { subject: sequence(set(sequence(oid('2.5.4.3')))) }],
    ['a negative RSA modulus', 'malformed', { spki: spki(sequence(oid('1.2.840.113549.1.1.1'), tlv(0x05)), sequence(tlv(0x02, Buffer.alloc(256, 0xf1)), integer(3))) }],
    ['a public key of half bytes', 'malformed', { spki: sequence(sequence(oid('1.3.101.112')), bits(Buffer.alloc(32), 4)) }],
    ['a curve that is a number', 'malformed', { spki: spki(sequence(oid('1.2.840.10045.2.1'), integer(5)), Buffer.alloc(65, 4)) }],
    ['a curve that is written out', 'explicit-curve', { spki: generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey.export({ format: 'der', type: 'spki' }) }],
    ['a curve that is implied', 'explicit-curve', { spki: spki(sequence(oid('1.2.840.10045.2.1'), tlv(0x05)), Buffer.alloc(65, 4)) }]
  ]

  for (const [what, rule, changes] of unreadable) {
    it(`cannot be read with ${what}`, () => {
      const key: KeyPair = newKey()
      const der = encode({ version: 2, issuer: ca.name, subject: commonName('node0'), ...changes, key, signer: ca.key })

      refused(() => new Certificate(der), rule, rule === 'explicit-curve' ? 'CN=node0' : undefined)
    })
  }

  it('is valid from its first moment to its last', () => {
    const end = Date.UTC(2048, 0, 1)
    const node = leaf(ca, { notBefore: time(new Date(end - 1000)), notAfter: time(new Date(end)) })
    const eternal = { ...ca, certificate: root({ key: ca.key, notAfter: time(new Date(end + 10_000)), notBefore: time(new Date(0)) }).certificate }

    for (const now of [end - 1000, end]) {
      expect(judge([node], [eternal], { now }).path).to.have.lengthOf(1)
    }

    refused(() => judge([node], [eternal], { now: end - 1001 }), 'not-yet-valid')
    refused(() => judge([node], [eternal], { now: end + 1 }), 'expired')
  })

  it('is a CA only with all that a CA needs', () => {
    const cases: Array<[CertificateRule, Changes]> = [
      ['not-a-ca', { extensions: { basicConstraints: undefined } }],
      ['not-a-ca', { extensions: { basicConstraints: basicConstraints(false) } }],
      ['not-a-ca', { version: undefined, extensions: NONE }],
      ['extension-criticality', { extensions: { basicConstraints: basicConstraints(true, undefined, false) } }],
      ['missing-extension', { extensions: { keyUsage: undefined } }],
      ['key-usage', { extensions: { keyUsage: keyUsage(DIGITAL_SIGNATURE) } }],
      ['missing-extension', { extensions: { subjectKeyId: undefined } }],
      ['empty-name', { subject: EMPTY }],
      ['expired', { notAfter: time(new Date(Date.now() - 2_000)) }],
      ['key-usage', { extensions: { eku: extendedKeyUsage('1.3.6.1.5.5.7.3.2') } }],
      ['extension-criticality', { extensions: { subjectKeyId: subjectKeyId(ca.key, true) } }]
    ]

    for (const [rule, changes] of cases) {
      const middle = agency(ca, changes)
      const top = root(changes)

      // without a subject of the CA, it is the leaf that has an issuer without a name
      refused(() => judge([leaf(middle), middle], [ca], { policy: 'rfc5280', role: 'server' }), rule, changes.subject == null ? 'CN=agency' : 'CN=node0')
      refused(() => judge([leaf(top)], [top], { policy: 'rfc5280', role: 'server' }), rule, changes.subject == null ? 'CN=root' : 'CN=node0')
    }
  })

  it('must be of a CA that is one when the leaf is a CA itself', () => {
    refused(() => judge([agency(ca, { extensions: { basicConstraints: basicConstraints(true, 0), keyUsage: keyUsage(DIGITAL_SIGNATURE) } })], [ca]), 'key-usage', 'CN=agency')
    refused(() => judge([agency(ca, { extensions: { keyUsage: undefined } })], [ca]), 'missing-extension', 'CN=agency')
    refused(() => judge([agency(ca, { subject: EMPTY })], [ca]), 'empty-name', '')
    expect(judge([agency(ca, { extensions: { basicConstraints: basicConstraints(true, 0) } })], [ca]).path).to.have.lengthOf(1)
  })
})
