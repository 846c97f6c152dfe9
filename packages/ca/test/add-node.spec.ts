import { createPublicKey } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addNode, createAgency, createChainCa, formatConfig, issueNode, renew, revoke, verifyChain } from '@fisco-libp2p/ca'
import { certificatesFromPem, loadIdentity } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import { freshChain } from './fresh-chain.ts'
import { enter, indexOf, statuses } from './issuing.ts'
import { openssl } from './openssl.ts'
import type { AddNodeOptions, WrittenChain } from '@fisco-libp2p/ca'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

const CONFIG = formatConfig({ name: 'node2', listenIp: '127.0.0.1', listenPort: 30302, nodes: [{ host: '127.0.0.1', port: 30300 }], chainId: 1 })
const KEYS = { secp256k1: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], ed25519: ['-newkey', 'ed25519'], rsa: ['-newkey', 'rsa:2048'], p256: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] }

describe('addNode', () => {
  let folder: TemporaryFolder
  let original: WrittenChain
  let chain: string

  freshChain({ nodes: 2, agency: 'agencyA' }, fresh => { ({ folder, original, chain } = fresh) })

  const conf = (file: string, node = 'node2'): string => join(chain, 'nodes', node, 'conf', file)
  const add = async (options: Partial<AddNodeOptions> = {}): ReturnType<typeof addNode> => addNode({ chain, name: 'node2', files: () => ({ config: CONFIG }), ...options })

  /**
   * How the call fails; nothing may have changed.
   */
  async function failure (options: Partial<AddNodeOptions>, otherwise: string[] = []): Promise<string> {
    const state = async (): Promise<unknown> => [(await readdir(chain, { recursive: true })).filter(path => !otherwise.includes(path)).sort(), await readFile(join(chain, 'agency', 'index.txt'), 'utf8')]
    const before = await state()
    const error = await add(options).then(() => new Error('it does not fail'), err => err)

    expect(await state(), error.message).to.deep.equal(before)

    return `${error.name}: ${error.message}`
  }

  /**
   * A key and a request for it, of openssl.
   */
  async function request (type: keyof typeof KEYS, ...args: string[]): Promise<string> {
    await openssl(folder.path, 'req', '-new', ...KEYS[type], '-noenc', '-keyout', 'made.key', '-subj', '/CN=whatever/O=somebody', '-out', 'made.csr', ...args)

    return readFile(folder.join('made.csr'), 'utf8')
  }

  it('writes a folder as writeChain does, and enters the certificate', async () => {
    const node = await add({ days: 365 })
    const [entry] = (await indexOf(chain)).slice(-1)

    expect(node).to.deep.include({ name: 'node2', dir: join(chain, 'nodes', 'node2'), config: join(chain, 'nodes', 'node2', 'config.ini') })
    expect(await readdir(node.dir, { recursive: true })).to.have.members(await readdir(join(chain, 'nodes', 'node0'), { recursive: true }))
    expect(await readFile(node.config, 'utf8')).to.equal(CONFIG)
    expect((await stat(conf('node.key'))).mode & 0o777).to.equal(0o600)
    expect((await verifyChain(chain)).map(({ name, agency, nodeId }) => [name, agency, nodeId])).to.deep.include(['node2', 'agencyA', node.nodeId]).and.have.lengthOf(3)
    expect(await openssl(chain, 'verify', '-x509_strict', '-CAfile', 'ca.crt', '-untrusted', 'agency/agency.crt', 'nodes/node2/conf/node.crt')).to.contain('OK')
    expect(await statuses(chain)).to.equal('VVV')
    expect(entry).to.include({ serial: node.serial.toUpperCase(), file: `newcerts/${node.serial.toUpperCase()}.pem`, subject: '/CN=node2/O=fisco-bcos/OU=node' })
    expect((await renew({ chain, node: 'node2' })).nodeId).to.equal(node.nodeId)
    expect((await revoke({ chain, node: 'node2' })).certificates.map(({ serial }) => serial)).to.include(node.serial).and.have.lengthOf(2)
  })

  for (const type of ['secp256k1', 'ed25519', 'rsa'] as const) {
    it(`certifies a ${type} key that was made elsewhere, by its request`, async () => {
      const node = await add({ csr: await request(type) })
      const [leaf] = certificatesFromPem(await readFile(conf('node.crt'), 'utf8'))

      expect(await readdir(join(node.dir, 'conf'))).to.have.members(['node.crt', 'ca.crt', 'node.nodeid'])
      expect([leaf.commonName, leaf.issuerCommonName]).to.deep.equal(['node2', 'agencyA'])
      expect(await openssl(chain, 'verify', '-x509_strict', '-CAfile', 'ca.crt', '-untrusted', 'agency/agency.crt', 'nodes/node2/conf/node.crt')).to.contain('OK')

      const identity = await loadIdentity({ key: folder.join('made.key'), cert: conf('node.crt'), ca: conf('ca.crt') })
      expect(identity.nodeId).to.equal(node.nodeId)
      expect((await renew({ chain, node: 'node2' })).nodeId).to.equal(node.nodeId)
    })
  }

  it('takes requests with attributes, other digests, and of a compressed point', async () => {
    await add({ csr: await request('secp256k1', '-sha384', '-addext', 'subjectAltName=DNS:a.example') })
    await openssl(folder.path, 'ecparam', '-name', 'secp256k1', '-genkey', '-noout', '-conv_form', 'compressed', '-out', 'compressed.key')
    await openssl(folder.path, 'req', '-new', '-key', 'compressed.key', '-subj', '/CN=x', '-out', 'compressed.csr')
    const node = await add({ name: 'node3', csr: await readFile(folder.join('compressed.csr'), 'utf8') })

    expect(certificatesFromPem(await readFile(conf('node.crt'), 'utf8'))[0].x509.subjectAltName).to.equal(undefined)
    expect((await loadIdentity({ key: folder.join('compressed.key'), cert: conf('node.crt', 'node3'), ca: conf('ca.crt', 'node3') })).nodeId).to.equal(node.nodeId)
  })

  it('refuses RSA keys that are longer than those that nodes accept', async () => {
    const n = Buffer.alloc(9_216 / 8, 0xab).toString('base64url')
    const publicKey = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
    const agency = await createAgency(await createChainCa({ name: 'chain' }), { name: 'agency' })

    expect(await issueNode(agency, { name: 'node', publicKey }).then(() => 'it does not fail', err => err.message)).to.contain('RSA with 9216 bits').and.contain('RSA with 2048 to 8192 bits')
  })

  it('refuses requests that cannot be read, are forged, or are for a key that no node can have', async () => {
    const good = await request('secp256k1')
    const der = Buffer.from(good.replaceAll(/-----.*-----/g, ''), 'base64')
    const forged = Buffer.from(der)
    forged[forged.indexOf('whatever')] ^= 1
    const pem = (bytes: Uint8Array): string => `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`

    expect(await failure({ csr: 'nonsense' })).to.match(/^InvalidParametersError: csr holds no certificate request in PEM/)
    expect(await failure({ csr: pem(der.subarray(0, -1)) })).to.match(/^InvalidParametersError: csr cannot be read/)
    expect(await failure({ csr: pem(Buffer.from('3000', 'hex')) })).to.match(/it is no certificate request/)
    expect(await failure({ csr: pem(forged) })).to.match(/^InvalidParametersError: csr is not signed with the key that it names/)
    expect(await failure({ csr: await request('secp256k1', '-sha1') })).to.match(/sign it with SHA-256/)
    expect(await failure({ csr: await request('p256') })).to.match(/^InvalidParametersError: a node cannot have a P-256 key/)
    expect(await failure({ csr: good, keyType: 'rsa' })).to.match(/^InvalidParametersError: key is of type secp256k1, not rsa/)
  })

  it('does not certify a key twice, least of all one that is revoked', async () => {
    const csr = await request('secp256k1')
    await add({ csr })
    expect(await failure({ csr, name: 'node3' })).to.match(/the key of csr is that of CN=node2, .*have that renewed/)
    await revoke({ chain, node: 'node2' })
    expect(await failure({ csr, name: 'node3' })).to.match(/the key of csr is that of CN=node2, .*, which is revoked/)
  })

  it('does not take the name of another node, unless that is revoked and gone', async () => {
    expect(await failure({ name: 'node1' })).to.match(/^InvalidParametersError: there is a node "node1" already, in .*nodes.node1/)
    await writeFile(join(chain, 'nodes', 'node9'), '')
    expect(await failure({ name: 'node9' }), 'a file').to.match(/^InvalidParametersError: there is a node "node9" already/)
    await rm(join(chain, 'nodes', 'node1'), { recursive: true })
    expect(await failure({ name: 'node1' }), 'its folder was carried away').to.match(/^InvalidParametersError: a node "node1" has a valid certificate already \(serial [0-9a-f]{32}\)/)
    await rm(join(chain, 'agency', 'newcerts'), { recursive: true })
    await mkdir(join(chain, 'agency', 'newcerts'))
    expect(await failure({ name: 'node1' }), 'the copy is lost').to.match(/has a valid certificate already/)
    await cp(join(original.dir, 'agency', 'newcerts'), join(chain, 'agency', 'newcerts'), { recursive: true })
    await revoke({ chain, node: 'node1' })

    expect(await add({ name: 'node1' })).to.include({ name: 'node1' })
    expect(await statuses(chain)).to.equal('VRV')
  })

  it('leaves nothing behind when it fails', async () => {
    const index = join(chain, 'agency', 'index.txt')
    const newcerts = join(chain, 'agency', 'newcerts')

    expect(await failure({ files: () => { throw new Error('no config') } })).to.equal('Error: no config')
    expect(await failure({ async files () { await mkdir(join(chain, 'nodes', 'node2', 'other'), { recursive: true }); return { config: CONFIG } } }, ['nodes/node2', 'nodes/node2/other']), 'at the last step').to.match(/ENOTEMPTY/)
    await rm(join(chain, 'nodes', 'node2'), { recursive: true })
    await rm(newcerts, { recursive: true })
    expect(await failure({})).to.match(/ENOENT.*newcerts/)
    await mkdir(newcerts)
    // a line that lacks its end must not run into the next one
    await writeFile(index, (await readFile(index, 'utf8')).trimEnd())
    await add()
    expect(await statuses(chain)).to.equal('VVV')
  })

  it('says what is missing or does not fit', async () => {
    const key = join(chain, 'agency', 'agency.key')
    const text = await readFile(key, 'utf8')

    expect(await failure({ name: '../x' })).to.match(/^InvalidParametersError: name of the node/)
    expect(await failure({ days: 0 })).to.match(/^InvalidParametersError: days/)
    expect(await failure({ chain: folder.path })).to.match(/^ChainNotFoundError/)
    expect(await failure({ keyType: 'p256' as 'rsa' })).to.match(/^InvalidParametersError: a node cannot have a P-256 key/)
    await rm(key)
    expect(await failure({})).to.match(/^InvalidChainError: .*agency\.key: the file does not exist: bring it back/)
    await writeFile(folder.join('plain.key'), text)
    await openssl(folder.path, 'pkcs8', '-topk8', '-in', 'plain.key', '-out', key, '-passout', 'pass:secret')
    expect(await failure({})).to.match(/^PassphraseError: .*agency\.key: the key is encrypted, and the passphrase is missing/)
    expect(await failure({ passphrase: 'x' })).to.match(/the passphrase is wrong/)
    expect(await add({ passphrase: 'secret' })).to.include({ name: 'node2' })
  })

  it('one of two at the same time is told of the other', async () => {
    const results = await Promise.allSettled([add(), add({ name: 'node3' })])
    const failed = results.flatMap(result => result.status === 'rejected' ? [result.reason.name] : [])

    expect(failed).to.deep.equal(['ChainLockedError'])
    expect(await statuses(chain)).to.equal('VVV')
  })

  it('a folder that is being written is no node yet', async () => {
    await cp(join(chain, 'nodes', 'node0'), join(chain, 'nodes', '.node2.00000000.partial'), { recursive: true })
    await rm(join(chain, 'nodes', '.node2.00000000.partial', 'conf', 'ca.crt'))

    expect((await verifyChain(chain)).map(({ name }) => name)).to.deep.equal(['node0', 'node1'])
    expect(await renew({ chain, node: original.nodes[0].nodeId })).to.include({ file: conf('node.crt', 'node0') })
  })

  it('trusts the CAs that it is told to', async () => {
    const ca = await readFile(join(chain, 'ca.crt'), 'utf8')
    await add({ files: () => ({ config: CONFIG, ca: ca + ca }) })
    expect(await readFile(conf('ca.crt'), 'utf8')).to.equal(ca + ca)
  })

  it('counts certificates of the root, too', async () => {
    await enter(chain, { name: 'node2', issuer: 'root' })
    expect(await failure({})).to.match(/a node "node2" has a valid certificate already/)
  })
})
