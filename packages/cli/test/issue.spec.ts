import { execFileSync } from 'node:child_process'
import { chmod, copyFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createChainCa, writeChain } from '@fisco-libp2p/ca'
import { readConfig } from '@fisco-libp2p/node'
import { chainFolder, freePorts, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run, Running } from './support/run.ts'
import type { Result } from './support/run.ts'
import type { WriteChainOptions, WrittenChain } from '@fisco-libp2p/ca'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

describe('fisco-p2p cert issue', () => {
  let folder: TemporaryFolder

  beforeEach(async () => { folder = await temporaryFolder() })
  afterEach(async () => folder[Symbol.asyncDispose]())

  async function issue (...args: string[]): Promise<Result> {
    return run(['cert', 'issue', ...args, '--chain', 'chain'], { cwd: folder.path })
  }

  async function issued (...args: string[]): Promise<{ nodeId: string, dir: string, config: string, endpoint: object, peers: string[] }> {
    const { code, stdout, stderr } = await issue(...args, '--json')
    expect(code, stderr).to.equal(0)

    return JSON.parse(stdout)
  }

  const chainOf = async (options: Omit<WriteChainOptions, 'output'> = {}): Promise<WrittenChain> => writeChain({ nodes: 2, ...options, output: folder.join('chain') })

  /**
   * Key and request, made where nobody else sees the key.
   */
  function request (name: string): void {
    execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1', '-noenc', '-keyout', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`], { cwd: folder.path, stdio: 'pipe' })
  }

  it('makes nodes that join a running network, and find each other', async () => {
    const chain = await chainFolder(folder.join('chain'), { nodes: 2 })
    const [port, otherPort] = await freePorts(2)
    const nodes = chain.nodes.map(({ config }) => new Running(['start', '--config', config, '--json']))
    const isUp = (id: string) => ({ event, nodeId }: Record<string, unknown>): boolean => event === 'peer:up' && nodeId === id

    try {
      await nodes[0].event(isUp(chain.nodes[1].nodeId))

      const added = await issued('node2', '--port', String(port))
      expect(added.peers).to.have.lengthOf(2)
      nodes.push(new Running(['start', '--config', added.config, '--json']))
      await Promise.all(nodes.slice(0, 2).map(async node => node.event(isUp(added.nodeId))))
      expect(await nodes[2].event(isUp(chain.nodes[0].nodeId))).to.include({ name: 'node0', agency: 'agency' })

      // the next one learns of it from its config.ini; its key was never here
      request('node3')
      const foreign = await issued('node3', '--port', String(otherPort), '--csr', 'node3.csr')
      expect(foreign.peers).to.have.lengthOf(3)
      await rename(folder.join('node3.key'), join(foreign.dir, 'conf', 'node.key'))
      nodes.push(new Running(['start', '--config', foreign.config, '--json']))
      await Promise.all(nodes.slice(0, 3).map(async node => node.event(isUp(foreign.nodeId))))

      // nothing of it was news for those that ran
      expect(nodes.map(node => [node.stderr, node.events.filter(({ event }) => event === 'warning' || event === 'peer:down')])).to.deep.equal(Array(4).fill(['', []]))
    } finally {
      await Promise.all(nodes.map(async node => node.end()))
    }
  }).timeout(120_000)

  it('writes a folder as chain create does, on the next port, and says what to do next', async () => {
    await chainOf()
    const { code, stdout, stderr } = await issue('node2', '--days', '365')
    const dir = folder.join('chain', 'nodes', 'node2')
    const config = await readConfig(join(dir, 'config.ini'))

    expect(code, stderr).to.equal(0)
    expect(stderr).to.equal('')
    expect(stdout).to.match(/^Issued node2 \(node [0-9a-f]{128}\) until \d{4}-\d\d-\d\dT.*, serial [0-9a-f]{32}\.\nIts folder is chain\/nodes\/node2\. It listens on 127\.0\.0\.1:30302\.\n/)
    expect(stdout).to.contain('fisco-p2p start --config chain/nodes/node2/config.ini').and.contain('fisco-p2p peers add 127.0.0.1:30302 --save')
    expect(stdout).to.not.contain('whitelist').and.not.contain('restricted')
    expect(await readdir(dir, { recursive: true })).to.have.members(await readdir(folder.join('chain', 'nodes', 'node0'), { recursive: true }))
    expect((await stat(join(dir, 'conf', 'node.key'))).mode & 0o777).to.equal(0o600)
    expect(config.peers.map(String).sort()).to.deep.equal([30300, 30301, 30302].map(port => `/ip4/127.0.0.1/tcp/${port}/tls`))
    expect(config.warnings).to.deep.equal([])
    expect(await readFile(join(dir, 'config.ini'), 'utf8')).to.match(/^; Settings of node2\. /)
    expect((await issued('node3')).endpoint).to.deep.equal({ host: '127.0.0.1', port: 30303 })
  })

  it('takes over what the network has agreed on: lists, restricted topics, [chain], CAs', async () => {
    const { nodes: [{ config, nodeId, dir }] } = await chainOf({ chainId: 7 })
    const ca = `${await readFile(join(dir, 'conf', 'ca.crt'), 'utf8')}${(await createChainCa({ name: 'next' })).root}`
    await writeFile(join(dir, 'conf', 'ca.crt'), ca)
    await writeFile(config, `${(await readFile(config, 'utf8')).replace('[certificate_whitelist]', `[certificate_whitelist]\ncal.0=${nodeId}`)}[restricted_topic.0]\nname=board\nfollower.0=${nodeId}\n`)
    const { stdout } = await issue('node2')
    const added = await readConfig(folder.join('chain', 'nodes', 'node2', 'config.ini'))

    expect(added).to.deep.include({ chainId: '7', allow: [nodeId] })
    expect(added.restrictedTopics).to.have.property('board')
    expect(await readFile(added.caCert, 'utf8')).to.equal(ca)
    expect(stdout).to.match(/\[certificate_whitelist\]: put cal\.N=[0-9a-f]{128} into that of every node/).and.contain('[restricted_topic.N]')
  })

  it('finds a place on the host that it is told', async () => {
    await chainOf({ hosts: ['10.0.0.1', '10.0.0.2'] })

    expect((await issue('node2')).stderr).to.match(/^error: --host must say where the others reach the node, as it listens on all addresses \(0\.0\.0\.0\)\n$/)
    const added = await issued('node2', '--host', '10.0.0.1')
    expect(added).to.deep.include({ endpoint: { host: '10.0.0.1', port: 30301 }, peers: ['10.0.0.1:30300', '10.0.0.2:30300'] })
    expect((await readConfig(added.config)).listen.toString()).to.equal('/ip4/0.0.0.0/tcp/30301/tls')
    expect((await issued('node3', '--host', 'p2p.example')).endpoint).to.deep.equal({ host: 'p2p.example', port: 30300 })
    expect((await issued('node4', '--listen', '::', '--host', 'fd00::1', '--port', '40000')).endpoint).to.deep.equal({ host: 'fd00::1', port: 40000 })
    // the same address, spelt in another way
    expect((await issued('node6', '--listen', '::', '--host', 'fd00:0:0::0:1')).endpoint).to.deep.equal({ host: 'fd00::1', port: 40001 })
    expect((await issue('node5', '--listen', '10.0.0.9')).stdout).to.contain('It listens on 10.0.0.9:30300')
  })

  it('says what a node lacks whose key was made elsewhere, and what to do where the others are unknown', async () => {
    await chainOf()
    request('node2')
    expect((await issue('node2', '--csr', 'node2.csr')).stdout).to.contain('but its private key: put that into conf/node.key, readable for its user alone (chmod 600)')
    expect(await readdir(folder.join('chain', 'nodes', 'node2', 'conf'))).to.have.members(['node.crt', 'ca.crt', 'node.nodeid'])

    await rm(folder.join('chain', 'nodes'), { recursive: true })
    const alone = await issue('node3', '--key-type', 'ed25519')
    expect(alone.code).to.equal(0)
    expect(alone.stderr).to.match(/^WARNING: no other node's config\.ini was found in the chain's folder: put the addresses of the others into chain\/nodes\/node3\/config\.ini/)
    expect(alone.stdout).to.match(/\(node [0-9a-f]{64}\)/).and.contain('127.0.0.1:30300')
  })

  it('takes the passphrase of an encrypted agency.key from the environment', async () => {
    await chainOf()
    const key = folder.join('chain', 'agency', 'agency.key')
    await copyFile(key, folder.join('plain'))
    execFileSync('openssl', ['pkcs8', '-topk8', '-in', folder.join('plain'), '-out', key, '-passout', 'pass:secret'])
    await chmod(key, 0o600)

    expect((await issue('node2')).stderr).to.match(/^error: .*agency\.key: the key is encrypted, and the passphrase is missing; .*FISCO_P2P_PASSPHRASE\n$/)
    const { code, stderr } = await run(['cert', 'issue', 'node2', '--chain', 'chain'], { cwd: folder.path, env: { FISCO_P2P_PASSPHRASE: 'secret' } })
    expect(code, stderr).to.equal(0)
  })

  /**
   * What is refused: one clear line, a code, and nothing is written.
   */
  async function refused (message: RegExp, ...args: string[]): Promise<void> {
    const state = async (): Promise<unknown> => [(await readdir(folder.join('chain'), { recursive: true })).sort(), await readFile(folder.join('chain', 'agency', 'index.txt'), 'utf8')]
    const before = await state()
    const { code, stdout, stderr } = await issue(...args)

    expect(code).to.equal(1)
    expect(stdout).to.equal('')
    expect(stderr).to.match(message)
    expect(stderr.trim().split('\n')).to.have.lengthOf(1)
    expect(await state()).to.deep.equal(before)
  }

  const wrong: Record<string, [args: string[], message: RegExp]> = {
    'no name': [[], /Not enough/],
    'the name of a node that there is': [['node1'], /^error: there is a node "node1" already, in /],
    'the name of the agency': [['agency'], /^error: "agency" is the name of an agency of this chain: give another one/],
    'a name that is a path': [['../x'], /^error: name of the node "\.\.\/x" has a character/],
    'a port that is not for users': [['node2', '--port', '80'], /^error: --port must be an integer from 1025 to 65535, not 80/],
    'the port of another node': [['node2', '--port', '30301'], /^error: --port 30301 is that of another node on 127\.0\.0\.1/],
    'a name to listen on': [['node2', '--listen', 'localhost'], /^error: --listen must be an IPv4 address/],
    'a host that is none': [['node2', '--host', 'a b'], /^error: --host: "a b" is neither/],
    'a request that does not exist': [['node2', '--csr', 'none.csr'], /^error: none\.csr: the file does not exist/],
    'a file that is no request': [['node2', '--csr', 'chain/ca.crt'], /^error: csr holds no certificate request in PEM/]
  }

  for (const [title, [args, message]] of Object.entries(wrong)) {
    it(`answers ${title} with one clear line and a code, and writes nothing`, async () => {
      await chainOf()
      await refused(message, ...args)
    })
  }

  it('names the file of another node that cannot be read, or of the agency that is missing', async () => {
    const { nodes: [, { config }] } = await chainOf()
    await writeFile(config, '[p2p]\nlisten_port=x\n')
    await refused(/^error: .*node1\/config\.ini: \[p2p\] listen_port/, 'node2')
    await rm(folder.join('chain', 'agency', 'agency.key'))
    await refused(/^error: .*agency\.key: the file does not exist: bring it back/, 'node2')
  })
})
