import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addNode, createAgency, createChainCa, formatIndex, indexEntry, issueNode, parseIndex, publishCrl, renew, revoke, verifyChain } from '@fisco-libp2p/ca'
import { certificatesFromPem } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import { freshChain } from './fresh-chain.ts'
import { authorityOf, crlOf, enter, indexOf, statuses } from './issuing.ts'
import { openssl } from './openssl.ts'
import type { RenewOptions, WrittenChain } from '@fisco-libp2p/ca'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

const DAY = 24 * 60 * 60 * 1000

describe('renew', () => {
  let folder: TemporaryFolder
  let original: WrittenChain
  let chain: string

  freshChain({ nodes: 2, agency: 'agencyA' }, fresh => { ({ folder, original, chain } = fresh) })

  const conf = (file: string, node = 'node0'): string => join(chain, 'nodes', node, 'conf', file)

  /**
   * How the call fails; index, copies and the node's files must be as they were.
   */
  async function failure (options: Partial<RenewOptions>): Promise<string> {
    const state = async (): Promise<unknown> => [
      await readFile(join(chain, 'agency', 'index.txt'), 'utf8'), await readdir(join(chain, 'agency', 'newcerts')), await readFile(conf('node.crt'), 'utf8'), (await readdir(join(chain, 'agency'))).length
    ]
    const before = await state()
    const error = await renew({ chain, node: 'node0', ...options }).then(() => new Error('it does not fail'), err => err)

    expect(await state(), error.message).to.deep.equal(before)

    return `${error.name}: ${error.message}`
  }

  it('keeps the name that was issued, whatever stands in the folder of the node', async () => {
    const [leaf] = certificatesFromPem(await readFile(conf('node.crt'), 'utf8'))
    const elsewhere = await createAgency(await createChainCa({ name: 'elsewhere' }), { name: 'agencyA' })
    const { cert } = await issueNode(elsewhere, { name: 'director', publicKey: leaf.publicKey })

    await writeFile(conf('node.crt'), cert)
    expect(await renew({ chain, node: 'node0' })).to.deep.include({ name: 'node0', nodeId: original.nodes[0].nodeId })
    expect(certificatesFromPem(await readFile(conf('node.crt'), 'utf8'))[0].commonName).to.equal('node0')
  })

  it('issues a new certificate for the same key, and keeps the old one valid', async () => {
    const now = Date.now()
    const result = await renew({ chain, node: 'node0', days: 365, now: () => now })
    const [leaf, ...above] = certificatesFromPem(await readFile(conf('node.crt'), 'utf8'))
    const [old] = certificatesFromPem(await readFile(join(original.dir, 'nodes', 'node0', 'conf', 'node.crt'), 'utf8'))
    const entries = await indexOf(chain)
    const copy = await readFile(join(chain, 'agency', 'newcerts', `${result.serial.toUpperCase()}.pem`), 'utf8')

    expect(result).to.deep.include({ name: 'node0', nodeId: original.nodes[0].nodeId, serial: leaf.serial, file: conf('node.crt') })
    expect(result.notAfter.getTime()).to.be.within(now + 365 * DAY - 1000, now + 365 * DAY)
    expect(leaf.notAfter).to.equal(result.notAfter.getTime())
    expect(leaf.publicKey.equals(old.publicKey)).to.equal(true)
    expect(leaf.serial).to.not.equal(old.serial)
    expect(leaf.subject).to.equal(old.subject)
    expect(above.map(({ commonName }) => commonName)).to.deep.equal(['agencyA', 'chain'])
    expect(await statuses(chain)).to.equal('VVV')
    expect(entries[2]).to.deep.include({ serial: result.serial.toUpperCase(), file: `newcerts/${result.serial.toUpperCase()}.pem`, subject: '/CN=node0/O=fisco-bcos/OU=node', notAfter: result.notAfter })
    expect(certificatesFromPem(copy)[0].equals(leaf)).to.equal(true)
    expect((await verifyChain(chain)).map(({ nodeId }) => nodeId)).to.deep.equal(original.nodes.map(({ nodeId }) => nodeId))
    expect(await openssl(chain, 'verify', '-x509_strict', '-CAfile', 'ca.crt', '-untrusted', 'agency/agency.crt', 'nodes/node0/conf/node.crt')).to.contain('OK')
    expect((await readdir(join(chain, 'agency'))).filter(file => /lock|tmp/.test(file))).to.deep.equal([])
  })

  it('takes the name of the folder, the node ID and its beginning', async () => {
    const { nodeId } = original.nodes[1]
    await rename(join(chain, 'nodes', 'node1'), join(chain, 'nodes', 'moved'))

    for (const node of ['moved', nodeId, nodeId.slice(0, 8)]) {
      expect(await renew({ chain, node })).to.include({ name: 'node1', nodeId, file: conf('node.crt', 'moved') })
    }

    expect(await statuses(chain)).to.equal('VVVVV')
  })

  it('what it issued is revoked with the node', async () => {
    const { serial } = await renew({ chain, node: 'node0' })
    const { certificates } = await revoke({ chain, node: 'node0' })

    expect(certificates.map(({ serial }) => serial)).to.include(serial).and.have.lengthOf(2)
    expect((await crlOf(chain)).serials).to.have.members(certificates.map(({ serial }) => serial))
  })

  it('gives nothing to a revoked node', async () => {
    const { certificates: [{ serial }] } = await revoke({ chain, node: 'node0' })
    expect(await failure({})).to.match(new RegExp(`^InvalidParametersError: CN=node0, .* is revoked \\(serial ${serial}\\)`))
    expect((await renew({ chain, node: 'node1' })).name, 'another one').to.equal('node1')
  })

  it('does not count a certificate that has ended as one that is not revoked', async () => {
    const key = await readFile(conf('node.key'), 'utf8')
    await enter(chain, { name: 'node0', key })
    const index = join(chain, 'agency', 'index.txt')
    const lines = (await readFile(index, 'utf8')).split('\n')
    // the first one has ended, though nobody marked it E; the third one is revoked
    lines[0] = lines[0].replace(/^V\t\d+Z/, 'V\t200101000000Z')
    lines[2] = lines[2].replace(/^V(\t\d+Z\t)/, 'R$1250101000000Z')
    await writeFile(index, lines.join('\n'))

    expect(parseIndex(await readFile(index, 'utf8')).map(({ status }) => status)).to.deep.equal(['V', 'V', 'R'])
    expect(await failure({})).to.match(/is revoked/)
  })

  it('renews under a revocation that left one certificate valid', async () => {
    const index = join(chain, 'agency', 'index.txt')
    await renew({ chain, node: 'node0' })
    await writeFile(index, (await readFile(index, 'utf8')).replace(/^V(\t\d+Z\t)/, 'R$1250101000000Z'))
    await renew({ chain, node: 'node0' })

    expect(await statuses(chain)).to.equal('RVVV')
  })

  it('keeps extended key usages', async () => {
    const node = await issueNode(await authorityOf(chain), { name: 'node0', key: await readFile(conf('node.key'), 'utf8'), extendedKeyUsage: ['serverAuth', 'clientAuth'] })
    await writeFile(conf('node.crt'), node.cert + node.root)
    await writeFile(join(chain, 'agency', 'index.txt'), formatIndex([...await indexOf(chain), indexEntry(node, 'unknown')]))
    await renew({ chain, node: 'node0' })

    expect(certificatesFromPem(await readFile(conf('node.crt'), 'utf8'))[0].extendedKeyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  })

  it('needs no private key of the node: it may be encrypted, or elsewhere', async () => {
    await openssl(chain, 'pkcs8', '-topk8', '-in', conf('node.key'), '-out', conf('encrypted.key'), '-passout', 'pass:secret')
    await rename(conf('encrypted.key'), conf('node.key'))
    await openssl(chain, 'ec', '-in', conf('node.key', 'node1'), '-aes128', '-out', conf('old.key', 'node1'), '-passout', 'pass:secret')
    await rename(conf('old.key', 'node1'), conf('node.key', 'node1'))
    expect(await renew({ chain, node: 'node0' })).to.include({ nodeId: original.nodes[0].nodeId })
    expect(await renew({ chain, node: 'node1' }), 'in the form before PKCS#8').to.include({ nodeId: original.nodes[1].nodeId })
    await rm(conf('node.key'))
    const { serial } = await renew({ chain, node: 'node0' })

    expect(certificatesFromPem(await readFile(conf('node.crt'), 'utf8'))[0].serial).to.equal(serial)
    expect(await statuses(chain)).to.equal('VVVVV')
  })

  it('renews and revokes where nodes have keys of several types', async () => {
    for (const keyType of ['ed25519', 'rsa'] as const) {
      await addNode({ chain, name: keyType, keyType, files: () => ({ config: '' }) })
    }

    expect(await renew({ chain, node: 'node0' })).to.include({ name: 'node0' })
    expect(await renew({ chain, node: 'rsa' })).to.include({ name: 'rsa' })
    expect((await revoke({ chain, file: conf('node.crt', 'ed25519') })).certificates).to.have.lengthOf(1)
  })

  it('takes the passphrase of an encrypted agency.key, as revoke and publishCrl do', async () => {
    const key = join(chain, 'agency', 'agency.key')
    await openssl(chain, 'pkcs8', '-topk8', '-in', key, '-out', `${key}.new`, '-passout', 'pass:secret')
    await rename(`${key}.new`, key)

    expect(await failure({})).to.equal(`PassphraseError: ${key}: the key is encrypted, and the passphrase is missing`)
    expect(await failure({ passphrase: 'other' })).to.equal(`PassphraseError: ${key}: the key is encrypted, and the passphrase is wrong`)
    expect(await renew({ chain, node: 'node0', passphrase: 'secret' })).to.include({ name: 'node0' })

    for (const issue of [revoke, publishCrl]) {
      expect(await issue({ chain, node: 'node0' }).catch(err => err.name)).to.equal('PassphraseError')
      await issue({ chain, node: 'node0', passphrase: 'secret' })
    }

    expect((await crlOf(chain)).number).to.equal('02')
  })

  it('says what is missing or does not fit', async () => {
    const spoil = async (file: string, content?: string): Promise<string> => {
      const text = await readFile(file, 'utf8')
      await (content == null ? rm(file) : writeFile(file, content))
      const message = await failure({}).finally(async () => writeFile(file, text))

      return message
    }

    expect(await failure({ node: 'node9' })).to.match(/^InvalidParametersError: no node "node9" has its files in .*nodes/)
    expect(await failure({ node: '../nodes/node0' })).to.match(/^InvalidParametersError: no node/)
    expect(await failure({ days: 0 })).to.match(/^InvalidParametersError: days/)
    expect(await failure({ chain: folder.path })).to.match(/^ChainNotFoundError: /)
    expect(await spoil(join(chain, 'agency', 'agency.key'))).to.match(/^InvalidChainError: .*agency\.key: the file does not exist: bring it back/)
    expect(await spoil(conf('node.key'), 'nonsense')).to.match(/^InvalidChainError: .*node\.key: key cannot be read/)
    expect(await spoil(conf('node.key'), await readFile(conf('node.key', 'node1'), 'utf8'))).to.match(/^InvalidChainError: .*node\.key: it is not the key of the node\.crt beside it/)
    expect(await failure({ now: () => Date.UTC(2200, 0, 1) })).to.match(/^InvalidParametersError: the issuer's certificate ended/)
    await writeFile(join(chain, 'agency', 'index.txt.lock'), '')
    expect(await failure({})).to.match(/^ChainLockedError: .*another process is at work/)
    await rm(join(chain, 'agency', 'index.txt.lock'))
    await writeFile(join(chain, 'agency', 'index.txt'), '')
    expect(await failure({})).to.match(/^InvalidParametersError: no certificate with the key of CN=node0, .* is in the issuing index/)
    await rm(join(chain, 'nodes'), { recursive: true })
    expect(await renew({ chain, node: 'node0' }).catch(err => err.message)).to.match(/it has no folder nodes/)
  })
})
