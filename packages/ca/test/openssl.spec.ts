import { readFile, writeFile } from 'node:fs/promises'
import { createAgency, createChainCa, issueNode, openAuthority, parseIndex, writeChain } from '@fisco-libp2p/ca'
import { createIdentity } from '@fisco-libp2p/identity'
import { opensslChain, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { describeCertificate, openssl, verifyByOpenssl } from './openssl.ts'

describe('as openssl sees it', () => {
  for (const keyType of ['secp256k1', 'ed25519', 'rsa'] as const) {
    it(`a ${keyType} chain verifies, strictly`, async () => {
      const ca = await createChainCa({ keyType })
      const agency = await createAgency(ca)
      const node = await issueNode(agency, { name: 'node0' })
      const direct = await issueNode(ca, { name: 'node1' })

      expect(await verifyByOpenssl({ root: ca.cert, above: agency.leaf, leaf: node.leaf })).to.equal('OK')
      expect(await verifyByOpenssl({ root: ca.cert, above: agency.leaf, leaf: node.leaf }, '-x509_strict', '-check_ss_sig', '-purpose', 'sslclient')).to.equal('OK')
      expect(await verifyByOpenssl({ root: ca.cert, above: agency.leaf, leaf: node.leaf }, '-x509_strict', '-purpose', 'sslserver')).to.equal('OK')
      expect(await verifyByOpenssl({ root: ca.cert, leaf: direct.leaf }, '-x509_strict')).to.equal('OK')
      expect(await verifyByOpenssl({ root: ca.cert, leaf: node.leaf }), 'without its agency').to.contain('unable to get local issuer certificate')
    })
  }

  it('a secp256k1 leaf is what FISCO BCOS 2.x reads', async () => {
    const ca = await createChainCa()
    const node = await issueNode(await createAgency(ca), { name: 'node0' })
    const text = await describeCertificate(node.leaf, '-text')

    expect(text).to.contain('Version: 3 (0x2)')
    expect(text).to.contain('Signature Algorithm: ecdsa-with-SHA256')
    expect(text).to.contain('ASN1 OID: secp256k1')
    expect(text).to.match(/pub:\s+04:/)
    expect(text).to.match(/Basic Constraints: critical\s+CA:FALSE/)
    expect(text).to.match(/Key Usage: critical\s+Digital Signature, Non Repudiation, Key Encipherment/)
    expect(text).to.match(/Subject Key Identifier:\s+[0-9A-F:]{59}/)
    expect(text).to.match(/Authority Key Identifier:\s+(keyid:)?[0-9A-F:]{59}/)
    expect((await describeCertificate(node.leaf, '-subject', '-issuer', '-nameopt', 'compat,sep_multiline')).split('\n').map(line => line.trim())).to.deep.equal([
      'subject=', 'CN=node0', 'O=fisco-bcos', 'OU=node', 'issuer=', 'CN=agency', 'O=fisco-bcos', 'OU=agency', ''
    ])
    expect((await describeCertificate(node.leaf, '-serial')).trim()).to.equal(`serial=${node.serial}`)
  })

  it('times are written as RFC 5280 section 4.1.2.5 says', async () => {
    const ca = await createChainCa()
    const times = async (notBefore: string, notAfter: string): Promise<string[]> => {
      const { leaf } = await issueNode(ca, { name: 'node0', notBefore: new Date(notBefore), notAfter: new Date(notAfter) })
      await using folder = await temporaryFolder()
      await writeFile(folder.join('it.crt'), leaf)

      return (await openssl(folder.path, 'asn1parse', '-in', 'it.crt')).match(/\b(UTCTIME|GENERALIZEDTIME).*/g)?.map(line => line.replace(/\s+/g, '')) ?? []
    }

    expect(await times('1950-01-01T00:00:00Z', '2049-12-31T23:59:59.999Z')).to.deep.equal(['UTCTIME:500101000000Z', 'UTCTIME:491231235959Z'])
    expect(await times('2050-01-01T00:00:00Z', '9999-12-31T23:59:59Z')).to.deep.equal(['GENERALIZEDTIME:20500101000000Z', 'GENERALIZEDTIME:99991231235959Z'])
  })

  it('issues under a root that openssl made by FISCO BCOS\'s steps', async () => {
    await using folder = await temporaryFolder()
    await opensslChain(folder.path)

    const [rootKey, root, agencyKey, agencyCert] = await Promise.all(['ca.key', 'ca.crt', 'agency.key', 'agency.crt'].map(async file => readFile(folder.join(file), 'utf8')))
    const agency = openAuthority({ key: agencyKey, cert: agencyCert, root })
    const ca = openAuthority({ key: rootKey, cert: root })
    const node = await issueNode(agency, { name: 'node9' })
    const other = await issueNode(await createAgency(ca, { name: 'agencyB' }), { name: 'node10' })

    expect(await describeCertificate(root, '-text'), 'an X.509 v1 root').to.contain('Version: 1 (0x0)')
    expect(agency).to.include({ name: 'agency', role: 'agency', keyType: 'secp256k1', pathLength: undefined })
    expect(ca).to.include({ name: 'chain', role: 'chain' })

    for (const { key, cert, nodeId } of [node, other]) {
      expect(await verifyByOpenssl({ root, above: cert, leaf: cert })).to.equal('OK')
      expect(createIdentity({ key, cert, ca: root }).nodeId).to.equal(nodeId)
    }
  })

  it('the issuing index is a database of its ca command', async () => {
    await using folder = await temporaryFolder()
    const chain = await writeChain({ output: folder.join('chain'), nodes: 3 })
    const agency = folder.join('chain', 'agency')

    await writeFile(folder.join('ca.cnf'), `[ca]
default_ca = agency
[agency]
dir = ${agency}
database = $dir/index.txt
new_certs_dir = $dir/newcerts
certificate = $dir/agency.crt
private_key = $dir/agency.key
default_md = sha256
default_crl_days = 30
`)

    const before = parseIndex(await readFile(`${agency}/index.txt`, 'utf8'))
    await openssl(agency, 'ca', '-config', folder.join('ca.cnf'), '-revoke', before[1].file, '-crl_reason', 'keyCompromise')
    await openssl(agency, 'ca', '-config', folder.join('ca.cnf'), '-gencrl', '-out', 'crl.pem')

    const after = parseIndex(await readFile(`${agency}/index.txt`, 'utf8'))
    const crl = await openssl(agency, 'crl', '-in', 'crl.pem', '-noout', '-text')

    expect(before.map(({ status, subject }) => ({ status, subject }))).to.deep.equal(chain.nodes.map(({ name }) => ({ status: 'V', subject: `/CN=${name}/O=fisco-bcos/OU=node` })))
    expect(after.map(({ status }) => status)).to.deep.equal(['V', 'R', 'V'])
    expect(after[1].revocation).to.match(/^\d{12}Z,keyCompromise$/)
    expect(crl.match(/Serial Number: [0-9A-F]+/g)).to.deep.equal([`Serial Number: ${before[1].serial}`])
  })
})
