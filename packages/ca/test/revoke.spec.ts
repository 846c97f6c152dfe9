import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createChainCa, formatIndex, issueNode, publishCrl, renew, revoke, writeChain } from '@fisco-libp2p/ca'
import { expect } from 'chai'
import { chooseNode } from '../src/find-issued.ts'
import { freshChain } from './fresh-chain.ts'
import { AT, authorityOf, crlOf, enter, indexOf, statuses } from './issuing.ts'
import { openssl } from './openssl.ts'
import type { RevocationReason, RevokeOptions, WriteChainOptions, WrittenChain } from '@fisco-libp2p/ca'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

const NOW = Date.UTC(2040, 0, 2, 3, 4, 5, 678)
const DAY = 24 * 60 * 60 * 1000

describe('revoke', () => {
  let folder: TemporaryFolder
  let original: WrittenChain
  let chain: string

  freshChain({ nodes: 3 }, fresh => { ({ folder, original, chain } = fresh) })

  /**
   * How the call fails; the folder must be as it was.
   */
  async function failure (options: Omit<RevokeOptions, 'chain'>): Promise<string> {
    const before = await snapshot(chain)
    const error = await revoke({ chain, ...options }).then(() => new Error('it does not fail'), err => err)

    expect(await snapshot(chain), error.message).to.deep.equal(before)

    return `${error.name}: ${error.message}`
  }

  it('revokes a node by its name', async () => {
    const [entry] = await indexOf(chain)
    const { nodeId } = original.nodes[0]
    const result = await revoke({ chain, node: 'node0', reason: 'keyCompromise', now: () => NOW })
    const { number, serials, text } = await crlOf(chain)
    const keyHash = (await openssl(chain, 'x509', '-in', 'agency/agency.crt', '-noout', '-pubkey').then(async pem => {
      await writeFile(folder.join('pub.pem'), pem)
      await openssl(folder.path, 'pkey', '-pubin', '-in', 'pub.pem', '-outform', 'DER', '-out', 'pub.der')

      return openssl(folder.path, 'dgst', '-sha256', '-r', 'pub.der')
    })).split(' ')[0]
    const date = new Date(NOW - 678)

    expect(result).to.deep.equal({
      nodeId,
      certificates: [{
        issuer: 'agency', serial: entry.serial.toLowerCase(), subject: 'CN=node0, O=fisco-bcos, OU=node', file: join(chain, 'agency', entry.file), date, reason: 'keyCompromise', before: false
      }],
      crls: [{ issuer: 'agency', file: join(chain, 'agency', 'agency.crl'), number: 1n, thisUpdate: date, nextUpdate: new Date(NOW - 678 + 30 * DAY), revoked: 1 }],
      deny: [`crl.0=${nodeId}`, `serial.0=${keyHash}:${entry.serial.toLowerCase()}`],
      unread: []
    })
    expect(await indexOf(chain)).to.deep.equal([{ ...entry, status: 'R', revocation: '400102030405Z,keyCompromise' }, ...(await indexOf(original.dir)).slice(1)])
    expect({ number, serials }).to.deep.equal({ number: '01', serials: [entry.serial.toLowerCase()] })
    expect(text).to.match(/Reason Code:\s+Key Compromise/)
    expect(await readFile(join(chain, 'agency', 'crlnumber'), 'utf8')).to.equal('02\n')
    expect((await readdir(join(chain, 'agency'))).filter(file => /lock|tmp/.test(file))).to.deep.equal([])
  })

  it('openssl refuses the node, and no other', async () => {
    await revoke({ chain, node: 'node1' })
    await revoke({ chain, file: join(chain, 'agency', 'agency.crt') })
    const verify = async (node: string, ...args: string[]): Promise<string> => openssl(chain, 'verify', '-CAfile', 'ca.crt', '-untrusted', 'agency/agency.crt', ...args, `nodes/${node}/conf/node.crt`)
      .then(() => 'OK', err => err.stderr)

    expect(await verify('node0', '-crl_check', '-CRLfile', 'agency/agency.crl')).to.equal('OK')
    expect(await verify('node1', '-crl_check', '-CRLfile', 'agency/agency.crl')).to.contain('certificate revoked')
    expect(await verify('node0', '-crl_check_all', '-CRLfile', 'agency/agency.crl', '-CRLfile', 'ca.crl'), 'its agency').to.contain('certificate revoked')
  })

  for (const keyType of ['ed25519', 'rsa'] as NonNullable<WriteChainOptions['keyType']>[]) {
    it(`works for ${keyType} chains`, async () => {
      const { dir, nodes } = await writeChain({ output: folder.join(keyType), nodes: 2, keyType })
      const { nodeId } = await revoke({ chain: dir, node: nodes[1].nodeId })
      const [, { serial }] = await indexOf(dir)

      expect(nodeId).to.equal(nodes[1].nodeId)
      expect((await crlOf(dir)).serials).to.deep.equal([serial.toLowerCase()])
    })
  }

  it('takes a node ID, its beginning, or a file', async () => {
    const { nodeId } = original.nodes[2]
    const forms: Array<Partial<RevokeOptions>> = [
      { node: nodeId }, { node: nodeId.toUpperCase() }, { node: `0x${nodeId}` }, { node: nodeId.slice(0, 8) }, { file: join(chain, 'nodes', 'node2', 'conf', 'node.crt') }
    ]

    for (const [i, form] of forms.entries()) {
      const result = await revoke({ chain, ...form })

      expect(result.nodeId, JSON.stringify(form)).to.equal(nodeId)
      expect(result.crls[0].number).to.equal(BigInt(i + 1))
      expect(await statuses(chain)).to.equal('VVR')
    }
  })

  it('revokes every certificate of the key: renewed ones, under other names, and of the root', async () => {
    const key = await readFile(join(chain, 'nodes', 'node1', 'conf', 'node.key'), 'utf8')
    const renewed = await renew({ chain, node: 'node1' })
    const other = await enter(chain, { name: 'alias', key })
    const direct = await enter(chain, { name: 'direct', key, issuer: 'root' })
    const { certificates, crls, deny } = await revoke({ chain, node: 'alias' })

    expect(await statuses(chain)).to.equal('VRVRR')
    expect(await statuses(chain, 'root')).to.equal('VR')
    expect(certificates.map(({ serial }) => serial).slice(1)).to.deep.equal([renewed.serial, ...[other, direct].map(({ serial }) => serial.toLowerCase())])
    expect(crls.map(({ issuer, number, revoked }) => ({ issuer, number, revoked }))).to.deep.equal([{ issuer: 'agency', number: 1n, revoked: 3 }, { issuer: 'root', number: 1n, revoked: 1 }])
    expect((await crlOf(chain)).serials).to.have.members(certificates.slice(0, 3).map(({ serial }) => serial))
    expect((await crlOf(chain, 'root')).serials).to.deep.equal([direct.serial.toLowerCase()])
    expect(deny.map(line => line.split('=')[0])).to.deep.equal(['crl.0', 'serial.0', 'serial.1', 'serial.2', 'serial.3'])
    expect(deny[3].split(':')[0].slice('serial.2='.length)).to.not.equal(deny[4].split(':')[0].slice('serial.3='.length))
  })

  it('revokes an agency by its file, by the root', async () => {
    const [{ serial }] = await indexOf(chain, 'root')
    const { nodeId, certificates, crls, deny } = await revoke({ chain, file: join(chain, 'agency', 'agency.crt'), reason: 'CACompromise', days: 7 })

    expect(nodeId).to.equal(undefined)
    expect(certificates.map(({ subject, serial }) => ({ subject, serial }))).to.deep.equal([{ subject: 'CN=agency, O=fisco-bcos, OU=agency', serial: serial.toLowerCase() }])
    expect(crls.map(({ file }) => file)).to.deep.equal([join(chain, 'ca.crl')])
    expect(crls[0].nextUpdate.getTime() - crls[0].thisUpdate.getTime()).to.equal(7 * DAY)
    expect(deny).to.have.lengthOf(1)
    expect(await statuses(chain, 'root')).to.equal('R')
    expect(await statuses(chain)).to.equal('VVV')
    expect((await crlOf(chain, 'root')).serials).to.deep.equal([serial.toLowerCase()])
  })

  it('keeps what was revoked before, with its date and reason, and lists it', async () => {
    await revoke({ chain, node: 'node0', reason: 'superseded', now: () => NOW })
    await revoke({ chain, node: 'node1' })
    const again = await revoke({ chain, node: 'node0', reason: 'keyCompromise', now: () => NOW + DAY })

    expect(again.certificates[0]).to.deep.include({ before: true, reason: 'superseded', date: new Date(NOW - 678) })
    expect(again.crls[0]).to.include({ number: 3n, revoked: 2 })
    expect((await indexOf(chain))[0].revocation).to.equal('400102030405Z,superseded')
  })

  it('completes what a crash left: the index says it, the CRL does not', async () => {
    for (const lost of [['agency/crlnumber', 'agency/agency.crl'], ['agency/agency.crl']]) {
      await revoke({ chain, node: 'node0' })
      const [{ serial }] = await indexOf(chain)
      await Promise.all(lost.map(async file => rm(join(chain, file))))
      await writeFile(join(chain, 'agency', 'agency.crl.tmp'), 'half of a CRL')
      const { certificates } = await revoke({ chain, node: 'node0' })

      expect(certificates[0].before).to.equal(true)
      expect((await crlOf(chain)).serials).to.deep.equal([serial.toLowerCase()])
      expect(await readdir(join(chain, 'agency'))).to.not.include('agency.crl.tmp')
    }
  })

  it('never gives a number twice', async () => {
    await revoke({ chain, node: 'node0' })
    await rm(join(chain, AT.agency.number))
    expect((await publishCrl({ chain })).number, 'crlnumber is lost').to.equal(2n)
    await writeFile(join(chain, AT.agency.number), '01\n')
    expect((await publishCrl({ chain })).number, 'crlnumber is an old one').to.equal(3n)
    await writeFile(join(chain, AT.agency.number), '00FF\n')
    expect((await publishCrl({ chain })).number).to.equal(255n)
    expect(await readFile(join(chain, AT.agency.number), 'utf8')).to.equal('0100\n')
    await writeFile(join(chain, AT.agency.crl), 'no CRL')
    expect((await publishCrl({ chain })).number).to.equal(256n)
    expect((await crlOf(chain)).number).to.equal('0100')
    await writeFile(join(chain, AT.agency.number), 'soon\n')
    expect(await failure({ node: 'node0' })).to.match(/^InvalidChainError: .*crlnumber: it must hold the number of the next CRL/)
  })

  it('openssl ca goes on with it, and the other way round', async () => {
    await writeFile(folder.join('ca.cnf'), `[ca]
default_ca = agency
[agency]
dir = ${chain}/agency
database = $dir/index.txt
new_certs_dir = $dir/newcerts
certificate = $dir/agency.crt
private_key = $dir/agency.key
crlnumber = $dir/crlnumber
default_md = sha256
default_crl_days = 30
`)
    const ca = async (...args: string[]): Promise<string> => openssl(folder.path, 'ca', '-config', 'ca.cnf', ...args)
    const entries = await indexOf(chain)

    await revoke({ chain, node: 'node0', reason: 'certificateHold' })
    await ca('-revoke', join(chain, 'agency', entries[1].file), '-crl_compromise', '20390102030405Z')
    await ca('-gencrl', '-out', join(chain, AT.agency.crl))
    const byOpenssl = await crlOf(chain)

    expect(byOpenssl.number).to.equal('02')
    expect(byOpenssl.serials).to.have.members(entries.slice(0, 2).map(({ serial }) => serial.toLowerCase()))

    // openssl does not say where its copies are
    await writeFile(join(chain, AT.agency.index), formatIndex((await indexOf(chain)).map(entry => ({ ...entry, file: 'unknown' }))))
    const { certificates } = await revoke({ chain, node: 'node2' })
    const { number, serials, text } = await crlOf(chain)

    expect(certificates[0].file).to.equal(join(chain, 'agency', entries[2].file))
    expect({ number, serials }).to.deep.equal({ number: '03', serials: entries.map(({ serial }) => serial.toLowerCase()) })
    expect(text.match(/(?<=Reason Code: \n\s+)\S.*/g)).to.deep.equal(['Certificate Hold', 'Key Compromise'])
  })

  it('says whom it does not know, and who is meant', async () => {
    const [first, second] = original.nodes
    await enter(chain, { name: 'node0' })

    expect(await failure({ node: 'node9' })).to.match(/^InvalidParametersError: no certificate of a node "node9" is in the issuing index/)
    expect(await failure({ node: second.nodeId.slice(0, 7) })).to.match(/^InvalidParametersError: .*at least the first 8 digits/)
    expect(await failure({ node: 'agency' })).to.match(/^InvalidParametersError: no certificate of a node/)
    expect(await failure({ node: 'node0' })).to.match(/^InvalidParametersError: 2 nodes are called "node0"/).and.contain(first.nodeId)
    expect(await failure({})).to.match(/^InvalidParametersError: give either node or file/)
    expect(await failure({ node: 'node1', file: 'x' })).to.match(/^InvalidParametersError: give either node or file/)
    expect(await failure({ node: '' })).to.match(/^InvalidParametersError: give either node or file/)
  })

  it('takes no beginning that two node IDs share', async () => {
    const agency = await authorityOf(chain)
    const nodes = [await issueNode(agency, { name: 'a', keyType: 'ed25519' }), await issueNode(agency, { name: 'b', keyType: 'ed25519' })]
    const prefix = '0123abcd'
    const ids = nodes.map(({ nodeId }) => prefix + nodeId.slice(8))

    expect(() => chooseNode(prefix, ids, false)).to.throw('2 nodes are called "0123abcd" or have a node ID that begins so').with.property('name', 'InvalidParametersError')
    expect(chooseNode(ids[1], ids, false)).to.equal(ids[1])
  })

  it('refuses a certificate that is in no index', async () => {
    const other = await createChainCa({ name: 'chain' })
    const cases = { stranger: (await issueNode(other, { name: 'node0' })).leaf, unlisted: (await issueNode(await authorityOf(chain), { name: 'node0' })).leaf, root: await readFile(join(chain, 'ca.crt'), 'utf8') }

    for (const [name, pem] of Object.entries(cases)) {
      await writeFile(folder.join('it.crt'), pem)
      expect(await failure({ file: folder.join('it.crt') }), name).to.match(/^InvalidParametersError: .*is in no issuing index of this chain/)
    }
  })

  it('refuses files that hold no certificate', async () => {
    for (const [text, message] of Object.entries({ nonsense: /it holds no certificate in PEM/, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n': /it cannot be read/ })) {
      await writeFile(folder.join('it.crt'), text)
      expect(await failure({ file: folder.join('it.crt') })).to.match(/^InvalidChainError: .*it\.crt: /).and.match(message)
    }

    expect(await failure({ file: folder.join('none.crt') })).to.match(/^InvalidChainError: .*none\.crt: the file does not exist/)
  })

  it('tells which certificates it cannot read, and takes the file in their place', async () => {
    const [first, second] = await indexOf(chain)
    await rm(join(chain, 'agency', first.file))
    await writeFile(join(chain, 'agency', second.file), await readFile(join(original.dir, 'agency', first.file)))

    expect(await failure({ node: 'node0' })).to.match(/The copies of 2 certificates cannot be read/)
    expect((await revoke({ chain, node: 'node2' })).unread.map(({ serial }) => serial)).to.deep.equal([first, second].map(({ serial }) => serial.toLowerCase()))

    const { certificates, nodeId, unread } = await revoke({ chain, file: join(chain, 'nodes', 'node0', 'conf', 'node.crt') })
    expect(certificates.map(({ serial }) => serial)).to.deep.equal([first.serial.toLowerCase()])
    expect(nodeId).to.equal(original.nodes[0].nodeId)
    expect(unread).to.have.lengthOf(1)
    expect(await statuses(chain)).to.equal('RVR')
  })

  it('needs the key of the CA whose CRL it is, and no other', async () => {
    await rm(join(chain, 'ca.key'))
    await revoke({ chain, node: 'node0' })
    expect(await failure({ file: join(chain, 'agency', 'agency.crt') })).to.match(/^InvalidChainError: .*ca\.key: the file does not exist: bring it back/)
    await rename(join(chain, 'agency', 'agency.key'), join(chain, 'agency', 'agency.key.away'))
    expect(await failure({ node: 'node1' })).to.match(/^InvalidChainError: .*agency\.key: the file does not exist/)
    await cp(join(chain, 'nodes', 'node0', 'conf', 'node.key'), join(chain, 'agency', 'agency.key'))
    expect(await failure({ node: 'node1' })).to.match(/^InvalidChainError: .*agency: the key and the certificate of its CA cannot be used: key does not belong to the certificate/)
  })

  it('does without the index of the root, but not without any', async () => {
    await rm(join(chain, 'index.txt'))
    expect((await revoke({ chain, node: 'node0' })).crls).to.have.lengthOf(1)
    expect(await publishCrl({ chain, issuer: 'root' }).catch(err => err.message)).to.match(/index\.txt: the file does not exist/)
    await rm(join(chain, 'agency', 'index.txt'))
    expect(await failure({ node: 'node0' })).to.match(/^ChainNotFoundError: .*it holds no issuing index/)
    expect(await publishCrl({ chain }).catch(err => err.name)).to.equal('ChainNotFoundError')
  })

  it('lets one work at a time', async () => {
    const lock = join(chain, 'agency', 'index.txt.lock')
    await writeFile(lock, '4711\n')
    expect(await failure({ node: 'node0' })).to.match(/^ChainLockedError: .*index\.txt\.lock: process 4711 is at work .*delete this file first/)
    expect(await publishCrl({ chain }).catch(err => err.name)).to.equal('ChainLockedError')
    expect((await publishCrl({ chain, issuer: 'root' })).number, 'its own lock').to.equal(1n)
    await rm(lock)

    const results = await Promise.allSettled(original.nodes.map(async ({ name }) => revoke({ chain, node: name })))
    const done = results.filter(({ status }) => status === 'fulfilled').length

    expect(done).to.be.at.least(1)
    expect(results.flatMap(result => result.status === 'rejected' ? [result.reason.name] : [])).to.deep.equal(new Array(3 - done).fill('ChainLockedError'))
    expect((await statuses(chain)).replaceAll('V', '')).to.have.lengthOf(done)
    expect((await crlOf(chain)).number).to.equal(`0${done}`)
  })

  it('refuses reasons and days that cannot be, and an index that cannot be read', async () => {
    for (const reason of ['', 'toString', 'removeFromCRL', 'privilegeWithdrawn', 'KeyCompromise'] as string[] as RevocationReason[]) {
      expect(await failure({ node: 'node0', reason })).to.match(/^InvalidParametersError: reason must be one of unspecified, keyCompromise/)
    }

    expect(await failure({ node: 'node0', days: 0 })).to.match(/^InvalidParametersError: days/)
    expect(await publishCrl({ chain, issuer: 'node0' as 'root' }).catch(err => err.message)).to.match(/issuer must be agency or root/)
    await writeFile(join(chain, AT.agency.index), formatIndex((await indexOf(chain)).map(entry => ({ ...entry, status: 'R', revocation: 'once' }))))
    expect(await failure({ node: 'node0' })).to.match(/^InvalidChainError: .*does not say when it was revoked/)
    await writeFile(join(chain, AT.agency.index), 'nonsense\n')
    expect(await failure({ node: 'node0' })).to.match(/^InvalidChainError: .*line 1 of the index cannot be read/)
  })

  it('replaces what links point to', async () => {
    await mkdir(folder.join('elsewhere'))
    await rename(join(chain, AT.agency.index), folder.join('elsewhere', 'index'))
    await symlink(folder.join('elsewhere', 'index'), join(chain, AT.agency.index))
    await revoke({ chain, node: 'node0' })

    expect(await readFile(folder.join('elsewhere', 'index'), 'utf8')).to.match(/^R\t/)
    expect(await statuses(chain)).to.equal('RVV')
  })
})

/**
 * All files of a folder with what is in them.
 */
async function snapshot (dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => !entry.isDirectory()).map(entry => join(entry.parentPath, entry.name)).sort()

  return Object.fromEntries(await Promise.all(files.map(async file => [file, await readFile(file, 'utf8')] as const)))
}
