import { execFile } from 'node:child_process'
import { createHash, createPrivateKey } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { createAgency, createChainCa, createCrl, issueNode } from '@fisco-libp2p/ca'
import { Certificate, certificatesFromPem, Crl, crlsFromFile, CrlRefusedError, MAX_CRL_BYTES } from '@fisco-libp2p/identity'
import { createConsortium, HOSTILE_EXTENSIONS, hostileCrl, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import fc from 'fast-check'
import { commonName, octets, oid, sequence, set, tlv } from './support/der.ts'
import type { CertificateAuthority, KeyType } from '@fisco-libp2p/ca'
import type { CrlRule } from '@fisco-libp2p/identity'
import type { HostileCrlParts } from '@fisco-libp2p/test-kit'

const run = promisify(execFile)

function refuses (read: () => unknown, rule: CrlRule): CrlRefusedError {
  try {
    read()
  } catch (err) {
    expect(err).to.be.an.instanceOf(CrlRefusedError).with.property('rule', rule)

    return err
  }

  return expect.fail(`should have been refused as ${rule}`)
}

function certificateOf ({ der }: CertificateAuthority): Certificate {
  return new Certificate(der)
}

/**
 * Serial numbers in ascending order, of 16 bytes as real ones have.
 */
function serials (count: number): string[] {
  return Array.from({ length: count }, (_, i) => (0x40000000000000000000000000000000n + BigInt(i)).toString(16))
}

describe('CRL', () => {
  let root: CertificateAuthority
  let agency: CertificateAuthority

  before(async () => {
    ({ root, agency } = await createConsortium())
  })

  describe('reading', () => {
    for (const keyType of ['secp256k1', 'ed25519', 'rsa', 'p256'] satisfies KeyType[]) {
      it(`reads and verifies one of a CA whose key is of type ${keyType}`, async () => {
        const ca = await createChainCa({ keyType })
        const other = await createChainCa({ keyType })
        const { serial } = await issueNode(ca, { name: 'node0', keyType: keyType === 'p256' ? 'secp256k1' : keyType })
        const { der, thisUpdate, nextUpdate } = createCrl(ca, { revoked: [{ serial, date: new Date(), reason: 'keyCompromise' }], number: 7n })
        const crl = new Crl(der, certificateOf(ca))

        expect(crl.fields).to.deep.include({ number: 7n, thisUpdate: thisUpdate.getTime(), nextUpdate: nextUpdate.getTime() })
        expect([...crl.fields.serials]).to.deep.equal([serial.toLowerCase()])
        expect(crl.hash).to.equal(createHash('sha256').update(der).digest('hex'))
        expect(crl.description).to.include('number 7').and.include('CN=chain')
        // the other CA has the same name, and another key
        refuses(() => new Crl(der, certificateOf(other)), 'bad-signature')
      })
    }

    it('reads the PEM and the DER of openssl, signed with RSASSA-PSS or without a number', async () => {
      await using folder = await temporaryFolder()
      const openssl = async (...args: string[]): Promise<unknown> => run('openssl', args, { cwd: folder.path })
      await writeFile(folder.join('ca.cnf'), '[ca]\ndefault_ca = it\n[it]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 30\n')
      await writeFile(folder.join('index.txt'), 'R\t491231235959Z\t260101000000Z\t4A0B\tunknown\t/CN=node0\n')
      await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', '-subj', '/CN=chain', '-keyout', 'ca.key', '-out', 'ca.crt')
      const ca = ['-config', 'ca.cnf', '-keyfile', 'ca.key', '-cert', 'ca.crt']
      await openssl('ca', '-gencrl', ...ca, '-out', 'plain.crl')
      await openssl('ca', '-gencrl', ...ca, '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32', '-out', 'pss.crl')
      await openssl('crl', '-in', 'pss.crl', '-outform', 'DER', '-out', 'pss.der')
      const [issuer] = certificatesFromPem(await readFile(folder.join('ca.crt'), 'utf8'))

      for (const file of ['plain.crl', 'pss.crl', 'pss.der']) {
        const [crl, ...more] = crlsFromFile(await readFile(folder.join(file)))

        expect([...crl.fields.serials], file).to.deep.equal(['4a0b'])
        expect(crl.fields.number, file).to.equal(undefined)
        expect(crl.namesIssuer(issuer), file).to.equal(true)
        expect(crl.isSignedBy(issuer), file).to.equal(true)
        expect(crl.isSignedBy(certificateOf(root)), file).to.equal(false)
        expect(more).to.deep.equal([])
      }
    })

    it('reads one of version 1, which has no extensions', () => {
      const crl = new Crl(hostileCrl(agency, { noVersion: true, revoked: ['0a', '7f'] }), certificateOf(agency))

      expect([...crl.fields.serials]).to.deep.equal(['0a', '7f'])
      expect(crl.fields.number).to.equal(undefined)
      expect(crl.namesIssuer(certificateOf(agency))).to.equal(true)
    })

    it('reads several from one file, with text between them', () => {
      const [one, two] = [root, agency].map(ca => createCrl(ca, { revoked: [], number: 1n }))
      const file = Buffer.from(`of the chain:\n${one.pem}\nof the agency:\n${two.pem}`)

      expect(crlsFromFile(file).map(crl => crl.issuer.slice(0, 9))).to.deep.equal(['CN=chain,', 'CN=agency'])
      expect(crlsFromFile(two.der).map(crl => crl.hash)).to.deep.equal([createHash('sha256').update(two.der).digest('hex')])
    })

    it('says that a file holds none, and does not pass over one that is cut off', () => {
      const { pem } = createCrl(root, { revoked: [], number: 1n })

      for (const bytes of [Buffer.from(root.cert), Buffer.from('x'), new Uint8Array()]) {
        expect(refuses(() => crlsFromFile(bytes), 'malformed').message).to.include('is it the right file?')
      }

      refuses(() => crlsFromFile(Buffer.from(pem.slice(0, -40))), 'malformed')
      refuses(() => crlsFromFile(Buffer.from(`${pem}${pem.slice(0, -40)}`)), 'malformed')
    })

    it('reads 25,000 entries, and refuses more than 1 MiB', () => {
      const all = serials(25_000)
      const large = hostileCrl(agency, { revoked: all })
      const { fields } = new Crl(large, certificateOf(agency))

      expect(large.byteLength).to.be.lessThanOrEqual(MAX_CRL_BYTES)
      expect(fields.serials.size).to.equal(25_000)
      expect(all.every(serial => fields.serials.has(serial))).to.equal(true)
      refuses(() => new Crl(hostileCrl(agency, { revoked: serials(30_000) }), certificateOf(agency)), 'malformed')
    })
  })

  describe('strictness', () => {
    const extension = (id: string, critical = false): HostileCrlParts => ({ extensions: [{ id, critical }] })
    const entryExtension = (id: string, critical = false): HostileCrlParts => ({ revoked: ['0a'], entryExtensions: [{ id, critical }] })
    const { delta, distributionPoint, certificateIssuer, unknown } = HOSTILE_EXTENSIONS
    const refused: Array<[what: string, rule: CrlRule, parts: HostileCrlParts]> = [
      ['a delta', 'delta', extension(delta, true)],
      ['a delta that does not say so critically', 'delta', extension(delta)],
      ['one of a part of the certificates', 'indirect', extension(distributionPoint, true)],
      ['one with an entry of another issuer', 'indirect', entryExtension(certificateIssuer, true)],
      ['a critical extension that nobody knows', 'unknown-critical-extension', extension(unknown, true)],
      ['a critical extension of an entry that nobody knows', 'unknown-critical-extension', entryExtension(unknown, true)],
      ['an extension that is there twice', 'duplicate-extension', { extensions: [{ id: unknown }, { id: unknown }] }],
      ['two numbers', 'duplicate-extension', extension('2.5.29.20')],
      ['an extension of an entry that is there twice', 'duplicate-extension', { revoked: ['0a'], entryExtensions: [{ id: unknown }, { id: unknown }] }],
      ['two algorithms', 'signature-algorithm', { outerAlgorithm: '1.2.840.10045.4.3.3' }],
      ['SHA-1', 'signature-algorithm', { innerAlgorithm: '1.2.840.10045.4.1' }],
      ['extensions in version 1', 'malformed', { noVersion: true, extensions: [{ id: unknown }] }],
      ['a number that is none', 'malformed', { number: null, extensions: [{ id: '2.5.29.20' }] }],
      ['a negative number', 'malformed', { number: -1n }],
      ['a number of 21 bytes', 'malformed', { number: 1n << 160n }],
      ['a key identifier that is none', 'malformed', { noKeyId: true, extensions: [{ id: '2.5.29.35' }] }]
    ]

    for (const [what, rule, parts] of refused) {
      it(`refuses ${what}`, () => {
        refuses(() => new Crl(hostileCrl(agency, parts)), rule)
      })
    }

    it('takes extensions that nobody knows and nobody must', () => {
      const crl = new Crl(hostileCrl(agency, { ...extension(unknown), revoked: ['0a'], entryExtensions: [{ id: unknown }] }), certificateOf(agency))

      expect([...crl.fields.serials]).to.deep.equal(['0a'])
    })

    it('passes over serial numbers that no certificate can have', () => {
      expect([...new Crl(hostileCrl(agency, { revoked: ['0a', 'f'.repeat(42)] })).fields.serials]).to.deep.equal(['0a'])
    })

    it('takes a signature only by the algorithm that it names', async () => {
      const ed25519 = '1.3.101.112'
      const rsa = await createChainCa({ keyType: 'rsa' })

      refuses(() => new Crl(hostileCrl(agency, { innerAlgorithm: ed25519 }), certificateOf(agency)), 'bad-signature')
      refuses(() => new Crl(hostileCrl(rsa, { innerAlgorithm: ed25519 }), certificateOf(rsa)), 'bad-signature')
      refuses(() => new Crl(hostileCrl(rsa, { innerAlgorithm: '1.2.840.10045.4.3.2' }), certificateOf(rsa)), 'bad-signature')
    })

    it('tells issuers of one name apart by the identifiers of their keys', async () => {
      const other = await createAgency(root, { name: agency.name })

      expect(new Crl(hostileCrl(other)).namesIssuer(certificateOf(agency))).to.equal(false)
      expect(new Crl(hostileCrl(other, { noKeyId: true })).namesIssuer(certificateOf(agency))).to.equal(true)
      expect(new Crl(hostileCrl(other, { noKeyId: true })).isSignedBy(certificateOf(agency))).to.equal(false)
    })

    it('does not read more of a list than its frame before the signature is found good', () => {
      // the list itself is no DER at all
      const frame = sequence(tlv(0x30, Buffer.alloc(1000, 0xff)), sequence(oid('1.2.840.10045.4.3.2')), tlv(0x03, Buffer.alloc(65)))

      refuses(() => new Crl(frame, certificateOf(agency)), 'bad-signature')
      refuses(() => new Crl(frame), 'malformed')
    })
  })

  describe('bytes that a hostile CA has signed', () => {
    const LARGE = 900_000
    const attribute = (type: Uint8Array, value: Uint8Array): Uint8Array => sequence(set(sequence(type, value)))

    const hostile: Record<string, () => HostileCrlParts> = {
      'a name of a million bytes': () => ({ issuerName: attribute(oid('2.5.4.3'), tlv(0x1c, Buffer.alloc(LARGE))) }),
      'a name of ten thousand parts': () => ({ issuerName: sequence(...Array.from({ length: 40_000 }, () => commonName('x').subarray(2))) }),
      'an object identifier of a million bytes': () => ({ issuerName: attribute(tlv(0x06, Buffer.concat([Buffer.alloc(LARGE, 0xff), Buffer.of(1)])), tlv(0x0c, Buffer.from('x'))) }),
      'extensions without end': () => ({ extensions: Array.from({ length: 60_000 }, (_, i) => ({ id: `1.3.${i}` })) }),
      'an entry with extensions without end': () => ({ revoked: ['0a'], entryExtensions: Array.from({ length: 60_000 }, (_, i) => ({ id: `1.3.${i}` })) }),
      'nesting without end': () => ({ extensions: [{ id: '2.5.29.20', value: Array.from({ length: 200 }).reduce<Uint8Array>(inner => sequence(inner), octets(Buffer.of(1))) }], number: null })
    }

    for (const [what, parts] of Object.entries(hostile)) {
      it(`are refused with ${what}`, () => {
        const der = hostileCrl(agency, parts())

        expect(der.byteLength).to.be.lessThan(MAX_CRL_BYTES)
        refuses(() => new Crl(der, certificateOf(agency)), 'malformed')
      })
    }
  })

  it('takes any bytes without another error than its own', () => {
    const der = hostileCrl(agency, { revoked: ['0a', '0b'], extensions: [{ id: HOSTILE_EXTENSIONS.unknown }] })
    const issuer = certificateOf(agency)
    const attempt = (bytes: Uint8Array): void => {
      for (const read of [() => new Crl(bytes), () => new Crl(bytes, issuer), ...crlsOf(bytes)]) {
        try {
          const crl = read()

          expect([crl.description, crl.size, crl.namesIssuer(issuer), crl.isSignedBy(issuer)]).to.have.lengthOf(4)
        } catch (err) {
          expect(err).to.have.property('name', 'CrlRefusedError')
        }
      }
    }

    const crlsOf = (bytes: Uint8Array): Array<() => Crl> => [() => crlsFromFile(bytes)[0]]

    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt))
    fc.assert(fc.property(fc.nat(der.byteLength - 1), fc.nat(7), (at, bit) => {
      const changed = Uint8Array.from(der)
      changed[at] ^= 1 << bit
      attempt(changed)
    }), { numRuns: 500 })
    fc.assert(fc.property(fc.nat(der.byteLength), length => {
      attempt(der.subarray(0, length))
    }))
    attempt(new Uint8Array(MAX_CRL_BYTES + 1))
  })

  it('is verified by no key after a single bit of it was changed', () => {
    const der = hostileCrl(agency, { revoked: ['0a'] })
    const issuer = certificateOf(agency)

    expect(createPrivateKey(agency.key).asymmetricKeyType).to.equal('ec')

    for (let bit = 0; bit < 8 * der.byteLength; bit++) {
      const changed = Uint8Array.from(der)
      changed[bit >> 3] ^= 1 << (bit & 7)
      expect(() => new Crl(changed, issuer), `bit ${bit}`).to.throw(CrlRefusedError)
    }
  })
})
