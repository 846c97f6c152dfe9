import { readFile } from 'node:fs/promises'
import { createAgency, createChainCa, issueNode } from '@fisco-libp2p/ca'
import { Certificate, certificatesFromPem, validateChain } from '@fisco-libp2p/identity'
import { opensslChain, temporaryFolder } from '@fisco-libp2p/test-kit'
import { AsnConvert } from '@peculiar/asn1-schema'
import * as asn1 from '@peculiar/asn1-x509'
import { expect } from 'chai'
import fc from 'fast-check'
import { integer, name, sequence, set, tlv } from './support/der.ts'
import { agency, directory, dns, ip, leaf, nameConstraints, root, subjectAltName } from './support/issue.ts'

const COMMON_NAME = '2.5.4.3'

/**
 * What another parser reads in a certificate has to be what ours reads.
 */
function compare (certificate: Certificate): void {
  const { tbsCertificate: theirs, signatureAlgorithm } = AsnConvert.parse(certificate.der, asn1.Certificate)
  const { fields } = certificate
  const known = certificate.extensions

  expect(fields.version).to.equal(theirs.version + 1)
  expect(Buffer.from(fields.serial)).to.deep.equal(Buffer.from(theirs.serialNumber))
  expect(fields.algorithmId).to.equal(signatureAlgorithm.algorithm)
  expect(fields.notBefore).to.equal(theirs.validity.notBefore.getTime().getTime())
  expect(fields.notAfter).to.equal(theirs.validity.notAfter.getTime().getTime())
  expect(Buffer.from(fields.publicKey)).to.deep.equal(Buffer.from(AsnConvert.serialize(theirs.subjectPublicKeyInfo)))
  expect(fields.extensions?.map(({ id, critical, value }) => [id, critical, Buffer.from(value).toString('hex')]))
    .to.deep.equal(theirs.extensions?.map(({ extnID, critical, extnValue }) => [extnID, critical, Buffer.from(extnValue.buffer).toString('hex')]))

  for (const [ours, other] of [[fields.subject, theirs.subject], [fields.issuer, theirs.issuer]] as const) {
    expect(ours.rdns).to.deep.equal([...other].map(rdn => [...rdn].map(({ type, value }) => ({ type, text: value.toString() }))))
  }

  const value = <T>(id: string, type: new () => T): T | undefined => {
    const extension = theirs.extensions?.find(({ extnID }) => extnID === id)

    return extension == null ? undefined : AsnConvert.parse(extension.extnValue.buffer, type)
  }

  expect(known.basicConstraints?.ca).to.equal(value(asn1.id_ce_basicConstraints, asn1.BasicConstraints)?.cA)
  expect(known.basicConstraints?.pathLength).to.equal(value(asn1.id_ce_basicConstraints, asn1.BasicConstraints)?.pathLenConstraint)
  expect(known.keyUsage?.toSorted()).to.deep.equal(value(asn1.id_ce_keyUsage, asn1.KeyUsage)?.toJSON().toSorted())
  expect(known.extendedKeyUsage).to.deep.equal(value(asn1.id_ce_extKeyUsage, asn1.ExtendedKeyUsage)?.slice())
  expect(known.subjectAltName?.names.filter(({ form }) => form === 'dns').map(name => 'text' in name ? name.text : ''))
    .to.deep.equal(value(asn1.id_ce_subjectAltName, asn1.SubjectAlternativeName)?.flatMap(({ dNSName }) => dNSName ?? []))
}

function textOf (tag: number, content: Buffer): string {
  const value = set(sequence(tlv(0x06, Buffer.from('550403', 'hex')), tlv(tag, content)))

  return leaf(root(), { subject: sequence(value) }).certificate.commonName
}

describe('a certificate', () => {
  it('is read as another parser reads it', async () => {
    await using folder = await temporaryFolder()
    await opensslChain(folder.path)
    const top = await createChainCa({ keyType: 'rsa' })
    const middle = await createAgency(top, { name: '机构', keyType: 'p256', pathLength: 3 })
    const node = await issueNode(middle, { name: 'node0', keyType: 'ed25519', extendedKeyUsage: ['serverAuth', '1.2.3.4.500000'] })
    const limbo = JSON.parse(await readFile(new URL('../../test/fixtures/limbo.json', import.meta.url), 'utf8'))
    const pem = [
      await readFile(folder.join('node0', 'node.crt'), 'utf8'), top.cert, node.cert,
      ...limbo.testcases.filter(({ id }: { id: string }) => !/malformed|invalid|empty/.test(id)).flatMap((testcase: Record<string, string[]>) => [testcase.peer_certificate, ...testcase.trusted_certs])
    ].join('\n')
    const certificates = certificatesFromPem(pem)

    expect(certificates).to.have.length.above(20)
    certificates.forEach(compare)
  })

  it('shows names in every type of string', () => {
    expect(textOf(0x0c, Buffer.from('节点'))).to.equal('节点')
    expect(textOf(0x13, Buffer.from('node0'))).to.equal('node0')
    expect(textOf(0x14, Buffer.from([0x6e, 0xf6]))).to.equal('nö')
    expect(textOf(0x1e, Buffer.from('828270b9', 'hex'))).to.equal('节点')
    expect(textOf(0x1c, Buffer.from('0001f517', 'hex'))).to.equal('🔗')
    expect(() => textOf(0x1c, Buffer.from('ffffffff', 'hex'))).to.throw(/malformed/)
    expect(textOf(0x03, Buffer.from([0, 5]))).to.equal('03020005')
  })

  it('has a name that matches whatever its case, spaces and string type', () => {
    const subject = leaf(root(), { subject: name([COMMON_NAME, 'Chain  One']) }).certificate.fields.subject
    const key = (text: string, tag?: number): string => leaf(root(), { subject: name([COMMON_NAME, text, tag]) }).certificate.fields.subject.key

    expect(key(' chain one ', 0x13)).to.equal(subject.key)
    expect(key('chainone')).to.not.equal(subject.key)
    expect(key('chain one"],["')).to.not.equal(subject.key)
  })

  it('shows its serial number as OpenSSL does', () => {
    for (const bytes of ['01', '00ff', '7fffffff', '00', 'fb', 'ff7f', '0a0b0c', '800000']) {
      const { certificate } = leaf(root(), { serial: tlv(0x02, Buffer.from(bytes, 'hex')) })
      // zero has no digits in common: OpenSSL prints one
      expect(certificate.serial.replace(/^00$/, '0')).to.equal(certificate.x509.serialNumber.toLowerCase().replace(/^00$/, '0'))
    }
  })

  it('is not accepted any more when one byte of it is another', () => {
    const top = root()
    const middle = agency(top, { extensions: { constraints: nameConstraints({ permitted: [dns('example'), ip(0, 0, 0, 0, 0, 0, 0, 0), directory(name())] }) } })
    const node = leaf(middle, { extensions: { san: subjectAltName([dns('node0.example'), ip(192, 0, 2, 1)]) } })
    const attempt = (der: Uint8Array): string => {
      try {
        return validateChain(new Certificate(der), [middle.certificate], { anchors: [top.certificate], now: Date.now(), role: 'server' }).policy
      } catch (err) {
        expect(err).to.have.property('name', 'CertificateRefusedError')

        return err.rule
      }
    }

    expect(attempt(node.der)).to.equal('rfc5280')
    fc.assert(fc.property(fc.nat(node.der.byteLength - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Uint8Array.from(node.der)
      changed[at] ^= change

      expect(attempt(changed)).to.not.equal('rfc5280')
    }), { numRuns: 2_000 })
    fc.assert(fc.property(fc.nat(node.der.byteLength), fc.uint8Array({ minLength: 1, maxLength: 3 }), (at, bytes) => {
      expect(attempt(Buffer.concat([node.der.subarray(0, at), bytes, node.der.subarray(at)]))).to.not.equal('rfc5280')
    }))
  })

  it('is refused, and no more, when its structure is another', () => {
    expect(() => new Certificate(sequence())).to.throw(/malformed: it cannot be read/)
    expect(() => new Certificate(sequence(sequence(), sequence(), tlv(0x03, Buffer.from([0]))))).to.throw(/lacks a field/)
    expect(() => new Certificate(integer(5))).to.throw(/of another type/)
    expect(() => new Certificate(Buffer.from('-----BEGIN CERTIFICATE-----'))).to.throw(/malformed/)
  })
})
