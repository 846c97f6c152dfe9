import { readFile, writeFile } from 'node:fs/promises'
import { createAgency, createChainCa, createCrl, issueNode, openAuthority } from '@fisco-libp2p/ca'
import { certificatesFromPem, decodeDer } from '@fisco-libp2p/identity'
import { opensslChain, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { describeCertificate, openssl, verifyByOpenssl } from './openssl.ts'
import type { CertificateAuthority, CrlEntry, CrlOptions, CrlReason } from '@fisco-libp2p/ca'

const NOW = Date.UTC(2030, 0, 1, 12, 30, 15, 678)
const DAY = 24 * 60 * 60 * 1000
const now = (): number => NOW
const NEW_CA = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'it.key', '-out', 'it.crt']

/**
 * The sequences among the fields of what is signed, in hex.
 */
function sequences (der: Uint8Array): string[] {
  return decodeDer(der).children[0].children.filter(({ tag }) => tag === 0x30).map(({ raw }) => Buffer.from(raw).toString('hex'))
}

/**
 * What openssl prints about a CRL.
 */
async function describeCrl (pem: string, ...args: string[]): Promise<string> {
  await using folder = await temporaryFolder()
  await writeFile(folder.join('it.crl'), pem)

  return await openssl(folder.path, 'crl', '-in', 'it.crl', '-noout', ...args)
}

/**
 * What `openssl crl -verify` says of a CRL.
 */
async function verifyCrl (crl: { pem: string }, ca: { leaf: string }): Promise<string> {
  await using folder = await temporaryFolder()
  await writeFile(folder.join('it.crl'), crl.pem)
  await writeFile(folder.join('ca.crt'), ca.leaf)

  return (await openssl(folder.path, 'crl', '-in', 'it.crl', '-CAfile', 'ca.crt', '-verify', '-noout', '-text')
    .then(() => 'verify OK', err => err.stderr)).trim()
}

describe('createCrl', () => {
  let ca: CertificateAuthority

  before(async () => {
    ca = await createChainCa({ now })
  })

  for (const keyType of ['secp256k1', 'p256', 'ed25519', 'rsa'] as const) {
    it(`openssl verifies a CRL with a ${keyType} key, and goes by it`, async () => {
      const root = await createChainCa({ keyType })
      const agency = await createAgency(root)
      const [good, bad] = [await issueNode(agency, { name: 'good' }), await issueNode(agency, { name: 'bad' })]
      const crl = createCrl(agency, { revoked: [{ serial: bad.serial, date: new Date() }], number: 1n })
      const above = agency.leaf + crl.pem
      const judge = async (leaf: string): Promise<string> => {
        await using folder = await temporaryFolder()
        await writeFile(folder.join('it.crl'), crl.pem)

        return await verifyByOpenssl({ root: root.leaf, above, leaf }, '-crl_check', '-CRLfile', folder.join('it.crl'))
      }

      expect(await verifyCrl(crl, agency)).to.equal('verify OK')
      expect(await verifyCrl(crl, root)).to.match(/rror/)
      expect(await judge(good.leaf)).to.equal('OK')
      expect(await judge(bad.leaf)).to.contain('certificate revoked')
    })
  }

  it('is an X.509 v2 CRL, for 30 days from now', async () => {
    const crl = createCrl(ca, { revoked: [], number: 255n })
    const text = await describeCrl(crl.pem, '-text')

    expect(text).to.contain('Version 2 (0x1)')
    expect(text).to.contain('Signature Algorithm: ecdsa-with-SHA256')
    expect(text).to.contain('Last Update: Jan  1 12:30:15 2030 GMT')
    expect(text).to.contain('Next Update: Jan 31 12:30:15 2030 GMT')
    expect(text).to.contain('No Revoked Certificates')
    expect(text).to.match(/Authority Key Identifier:\s+(keyid:)?[0-9A-F:]{59}/)
    expect((await describeCrl(crl.pem, '-crlnumber')).trim()).to.equal('crlNumber=0xFF')
    expect(crl).to.deep.include({ number: 255n, thisUpdate: new Date(NOW - 678), nextUpdate: new Date(NOW - 678 + 30 * DAY) })
    expect(decodeDer(crl.der).children[0].children.map(({ tag }) => tag), 'no empty list').to.deep.equal([0x02, 0x30, 0x30, 0x17, 0x17, 0xa0])
  })

  it('lists serials, dates and reasons', async () => {
    const reasons: CrlReason[] = ['unspecified', 'keyCompromise', 'CACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'certificateHold', 'privilegeWithdrawn', 'AACompromise']
    const revoked = reasons.map<CrlEntry>((reason, i) => ({ serial: `a${i}`, date: new Date(NOW), reason }))
    const text = await describeCrl(createCrl(ca, { revoked, number: 1n }).pem, '-text')

    expect(text.match(/Serial Number: [0-9A-F]+/g)).to.deep.equal(revoked.map(({ serial }) => `Serial Number: ${serial.toUpperCase()}`))
    expect(text.match(/Revocation Date: .*/g)).to.deep.equal(reasons.map(() => 'Revocation Date: Jan  1 12:30:15 2030 GMT'))
    expect(text.match(/(?<=Reason Code: \n\s+)\S.*/g)).to.deep.equal([
      'Key Compromise', 'CA Compromise', 'Affiliation Changed', 'Superseded', 'Cessation Of Operation', 'Certificate Hold', 'Privilege Withdrawn', 'AA Compromise'
    ])
    expect(text).to.not.match(/critical/)
  })

  it('writes numbers and serials of up to 20 octets', async () => {
    const revoked = ['0', '7f', '80', `7${'f'.repeat(39)}`, 'f'.repeat(40)].map(serial => ({ serial, date: new Date(NOW) }))
    const crl = createCrl(ca, { revoked, number: (1n << 159n) - 1n })
    const entries = decodeDer(crl.der).children[0].children[5].children

    expect(entries.map(({ children: [serial] }) => Buffer.from(serial.content).toString('hex'))).to.deep.equal(['00', '7f', '0080', `7${'f'.repeat(39)}`, `00${'f'.repeat(40)}`])
    expect((await describeCrl(crl.pem, '-crlnumber')).trim()).to.equal(`crlNumber=0x7${'F'.repeat(39)}`)
  })

  it('writes times as RFC 5280 section 5.1.2.4 says', () => {
    const crl = createCrl(ca, {
      revoked: [{ serial: '01', date: new Date(Date.UTC(2050, 0, 1)) }], number: 1n, thisUpdate: new Date(Date.UTC(2049, 11, 31, 23, 59, 59, 999)), nextUpdate: new Date(Date.UTC(2050, 0, 1))
    })
    const [, , , thisUpdate, nextUpdate, revoked] = decodeDer(crl.der).children[0].children
    const text = ({ tag, content }: { tag: number, content: Uint8Array }): string => `${tag.toString(16)} ${Buffer.from(content).toString()}`

    expect(text(thisUpdate)).to.equal('17 491231235959Z')
    expect(text(nextUpdate)).to.equal('18 20500101000000Z')
    expect(text(revoked.children[0].children[1])).to.equal('18 20500101000000Z')
  })

  it('names the CA byte by byte as its certificate does, whatever string types that has', async () => {
    await using folder = await temporaryFolder()
    const attributes = '/C=CN/CN=a+OU=b/DC=org/serialNumber=1/emailAddress=a@example.org'
    // UTF8String, PrintableString, T61String, BMPString
    const cases = [['0x2000', attributes], ['0x2', attributes], ['0x4', attributes], ['0x800', attributes], ['0x2000', '/CN=\u8282\u70b9'], ['0x800', '/CN=\u8282\u70b9']]

    for (const [mask, subject] of cases) {
      await writeFile(folder.join('it.cnf'), `[req]\nprompt = no\ndistinguished_name = dn\nstring_mask = MASK:${mask}\n[dn]\nCN = x\n`)
      await openssl(folder.path, ...NEW_CA, '-utf8', '-multivalue-rdn', '-subj', subject, '-config', 'it.cnf')

      const [key, cert] = await Promise.all(['it.key', 'it.crt'].map(async file => readFile(folder.join(file), 'utf8')))
      const crl = createCrl(openAuthority({ key, cert }), { revoked: [], number: 1n })
      const [, issuer] = sequences(crl.der)
      const [, , , name] = sequences(certificatesFromPem(cert)[0].der)

      expect(issuer, `${mask} ${subject}`).to.equal(name)
    }
  })

  it('signs for CAs that FISCO BCOS\'s steps made, the X.509 v1 root as well', async () => {
    await using folder = await temporaryFolder()
    await opensslChain(folder.path)
    const [rootKey, root, agencyKey, agencyCert] = await Promise.all(['ca.key', 'ca.crt', 'agency.key', 'agency.crt'].map(async file => readFile(folder.join(file), 'utf8')))

    for (const authority of [openAuthority({ key: rootKey, cert: root }), openAuthority({ key: agencyKey, cert: agencyCert, root })]) {
      const crl = createCrl(authority, { revoked: [{ serial: '01', date: new Date() }], number: 1n })
      const hasId = /Subject Key Identifier/.test(await describeCertificate(authority.leaf, '-text'))

      expect(await verifyCrl(crl, authority)).to.equal('verify OK')
      expect(/Authority Key Identifier/.test(await describeCrl(crl.pem, '-text'))).to.equal(hasId)
    }
  })

  it('refuses what cannot be written', async () => {
    const date = new Date(NOW)
    const bad: Array<Partial<CrlOptions>> = [
      { number: 0n }, { number: -1n }, { number: 1n << 159n }, { number: 1 as unknown as bigint },
      { days: 0 }, { days: 3651 }, { days: 1.5 }, { nextUpdate: date, thisUpdate: date }, { thisUpdate: new Date(NaN) }, { nextUpdate: new Date(Date.UTC(10_000, 0)) },
      ...['', 'x', '-1', '0x1', 'f'.repeat(41)].map(serial => ({ revoked: [{ serial, date }] })),
      { revoked: [{ serial: '0a', date }, { serial: 'A', date }] },
      { revoked: [{ serial: '01', date: new Date(NaN) }] },
      { revoked: [{ serial: '01', date, reason: 'removeFromCRL' as CrlReason }] },
      { revoked: [{ serial: '01', date, reason: 'toString' as CrlReason }] }
    ]

    for (const options of bad) {
      expect(() => createCrl(ca, { revoked: [], number: 1n, ...options }), JSON.stringify(options, (_, value) => typeof value === 'bigint' ? String(value) : value)).to.throw()
        .with.property('name', 'InvalidParametersError')
    }
  })

  it('refuses a CA whose certificate does not let it sign CRLs', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.join('it.cnf'), '[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = x\n')
    await openssl(folder.path, ...NEW_CA, '-config', 'it.cnf', '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign')
    const [key, cert] = await Promise.all(['it.key', 'it.crt'].map(async file => readFile(folder.join(file), 'utf8')))

    expect(() => createCrl(openAuthority({ key, cert }), { revoked: [], number: 1n })).to.throw('may not sign CRLs').with.property('name', 'InvalidParametersError')
  })
})
