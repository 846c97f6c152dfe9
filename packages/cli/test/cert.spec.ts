import { execFileSync } from 'node:child_process'
import { renameSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { writeChain } from '@fisco-libp2p/ca'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run } from './support/run.ts'
import type { Result } from './support/run.ts'
import type { WrittenChain } from '@fisco-libp2p/ca'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

describe('fisco-p2p cert', () => {
  let folder: TemporaryFolder
  let chain: WrittenChain

  beforeEach(async () => {
    folder = await temporaryFolder()
    chain = await writeChain({ output: folder.join('chain'), nodes: 2 })
  })

  afterEach(async () => folder[Symbol.asyncDispose]())

  /**
   * Runs a command of the group, seen from the folder above the chain.
   */
  async function cert (...args: string[]): Promise<Result> {
    return run(['cert', ...args], { cwd: folder.path })
  }

  for (const args of [[], ['issue'], ['revoke'], ['crl'], ['renew']]) {
    it(`${['cert', ...args].join(' ')} --help says what it does`, async () => {
      const { code, stdout } = await cert(...args, '--help')

      expect(code).to.equal(0)
      expect(stdout).to.include('--json').and.include(['fisco-p2p cert', ...args].join(' '))
    })
  }

  it('revoke says what was revoked, where the CRL is, and what to do next', async () => {
    const { nodeId } = chain.nodes[0]
    const { code, stdout, stderr } = await cert('revoke', 'node0', '--chain', 'chain', '--reason', 'keyCompromise', '--days', '7')
    const serial = /serial ([0-9a-f]{32}) {2}CN=node0/.exec(stdout)?.[1]

    expect(code, stderr).to.equal(0)
    expect(stderr).to.equal('')
    expect(stdout).to.include(`Node ${nodeId} is revoked, with its certificate:`)
    expect(stdout).to.match(/^CRL chain\/agency\/agency\.crl: number 1, 1 certificate, next update until \d{4}-\d\d-\d\dT/m)
    expect(stdout).to.include('Copy chain/agency/agency.crl to where [network_security] crl.0= of a node\'s config.ini points to')
    expect(stdout).to.match(/^ {4}\[certificate_blacklist\]$/m)
    expect(stdout).to.include(`\n    crl.0=${nodeId}\n`)
    expect(stdout).to.match(new RegExp(`^ {4}serial\\.0=[0-9a-f]{64}:${serial}$`, 'm'))
    expect(stdout).to.include('fisco-p2p cert crl --chain chain')
    expect(await readFile(folder.join('chain', 'agency', 'agency.crl'), 'utf8')).to.match(/^-----BEGIN X509 CRL-----\n/)
    expect((await cert('revoke', 'node0', '--chain', 'chain')).stdout).to.match(/was revoked already, on .*, keyCompromise\)/)
  })

  it('revoke takes a node ID, its beginning and files, and gives JSON', async () => {
    const { nodeId } = chain.nodes[1]

    for (const [i, who] of [nodeId, nodeId.slice(0, 8), 'chain/nodes/node1/conf/node.crt'].entries()) {
      const { stdout, stderr } = await cert('revoke', who, '--chain', 'chain', '--json')
      const result = JSON.parse(stdout)

      expect(stderr).to.equal('')
      expect(result).to.include({ nodeId })
      expect(result.certificates[0]).to.include({ issuer: 'agency', subject: 'CN=node1, O=fisco-bcos, OU=node', before: i > 0 })
      expect(result.crls[0]).to.include({ issuer: 'agency', file: folder.join('chain', 'agency', 'agency.crl'), number: String(i + 1), revoked: 1 })
      expect(result.deny).to.have.lengthOf(2)
    }

    const { stdout } = await cert('revoke', 'chain/agency/agency.crt', '--chain', 'chain')
    expect(stdout).to.match(/^An agency is revoked/).and.include('CRL chain/ca.crl: number 1').and.include('cert crl --chain chain --issuer root').and.not.include('crl.0=0')
  })

  it('revoke warns of certificates that it cannot read', async () => {
    const { certificates: [{ file }] } = JSON.parse((await cert('revoke', 'node0', '--chain', 'chain', '--json')).stdout)
    const index = folder.join('chain', 'agency', 'index.txt')
    await writeFile(index, (await readFile(index, 'utf8')).replace(/^R(\t\w+\t)\w+/, 'V$1'))
    await rm(file)
    const { code, stdout, stderr } = await cert('revoke', 'node1', '--chain', 'chain')

    expect(code).to.equal(0)
    expect(stdout).to.include('is revoked')
    expect(stderr).to.match(/^WARNING: the certificate of serial [0-9a-f]{32} is valid, .*\.pem cannot be read/)
  })

  it('crl writes the next one', async () => {
    const text = await cert('crl', '--chain', 'chain')
    const json = JSON.parse((await cert('crl', '--chain', 'chain', '--days', '7', '--json')).stdout)
    const root = JSON.parse((await cert('crl', '--chain', 'chain', '--issuer', 'root', '--json')).stdout)

    expect(text.stdout).to.match(/^CRL chain\/agency\/agency\.crl: number 1, 0 certificates, next update until /).and.include('Copy chain/agency/agency.crl')
    expect(json).to.include({ issuer: 'agency', number: '2', revoked: 0 })
    expect(Date.parse(json.nextUpdate) - Date.parse(json.thisUpdate)).to.equal(7 * 24 * 60 * 60 * 1000)
    expect(root).to.include({ issuer: 'root', number: '1', file: folder.join('chain', 'ca.crl') })
  })

  it('renew issues for the same key, and not after it is revoked', async () => {
    const { nodeId } = chain.nodes[0]
    const text = await cert('renew', 'node0', '--chain', 'chain', '--days', '365')
    const json = JSON.parse((await cert('renew', nodeId, '--chain', 'chain', '--json')).stdout)
    const { certificates } = JSON.parse((await cert('revoke', 'node0', '--chain', 'chain', '--json')).stdout)
    const refused = await cert('renew', 'node0', '--chain', 'chain')

    expect(text.stdout).to.match(new RegExp(`^Renewed node0 \\(node ${nodeId}\\) until .*, serial [0-9a-f]{32}\\.\n.*chain/nodes/node0/conf/node\\.crt`))
    expect(json).to.include({ name: 'node0', nodeId, file: folder.join('chain', 'nodes', 'node0', 'conf', 'node.crt') })
    expect(certificates).to.have.lengthOf(3)
    expect(refused).to.include({ code: 1, stdout: '' })
    expect(refused.stderr).to.match(/^error: CN=node0, .* is revoked/)
  })

  it('renew needs no passphrase of the node; every command takes that of an encrypted agency.key from the environment', async () => {
    const encrypt = (key: string): void => {
      execFileSync('openssl', ['pkcs8', '-topk8', '-in', key, '-out', `${key}.new`, '-passout', 'pass:secret'])
      renameSync(`${key}.new`, key)
    }

    encrypt(folder.join('chain', 'nodes', 'node0', 'conf', 'node.key'))
    expect(await cert('renew', 'node0', '--chain', 'chain')).to.include({ code: 0, stderr: '' })
    encrypt(folder.join('chain', 'agency', 'agency.key'))

    for (const args of [['renew', 'node0'], ['crl'], ['revoke', 'node1']]) {
      const command = ['cert', ...args, '--chain', 'chain']
      const refused = await run(command, { cwd: folder.path })
      const taken = await run(command, { cwd: folder.path, env: { FISCO_P2P_PASSPHRASE: 'secret' } })

      expect(refused).to.include({ code: 1, stdout: '' })
      expect(refused.stderr).to.match(/^error: .*agency\.key: the key is encrypted, and the passphrase is missing; .*FISCO_P2P_PASSPHRASE\n$/)
      expect(taken, taken.stderr).to.include({ code: 0, stderr: '' })
    }
  })

  const wrong: Record<string, [args: string[], message: RegExp]> = {
    'no command': [[], /issue, renew, revoke, crl or expiry/],
    'nobody to revoke': [['revoke', '--chain', 'chain'], /Not enough/],
    'no chain': [['revoke', 'node0'], /chain/],
    'a folder without a chain': [['revoke', 'node0', '--chain', '.'], /holds no issuing index/],
    'a node that it does not know': [['revoke', 'node9', '--chain', 'chain'], /no certificate of a node "node9"/],
    'a node ID of digits alone that it does not know': [['revoke', '0012345678901234567890', '--chain', 'chain'], /"0012345678901234567890"/],
    'a file that does not exist': [['revoke', './node0', '--chain', 'chain'], /node0: the file does not exist/],
    'a file without a certificate': [['revoke', 'chain/index.txt', '--chain', 'chain'], /it holds no certificate in PEM/],
    'a reason that there is not': [['revoke', 'node0', '--chain', 'chain', '--reason', 'x'], /keyCompromise/],
    'days out of range': [['crl', '--chain', 'chain', '--days', '0'], /days must be an integer from 1 to 3650/],
    'an issuer that there is not': [['crl', '--chain', 'chain', '--issuer', 'node0'], /agency/],
    'a node that it cannot renew': [['renew', 'node9', '--chain', 'chain'], /no node "node9"/]
  }

  for (const [title, [args, message]] of Object.entries(wrong)) {
    it(`answers ${title} with one clear line, and a code`, async () => {
      const { code, stdout, stderr } = await cert(...args)

      expect(code).to.equal(1)
      expect(stdout).to.equal('')
      expect(stderr).to.match(message)
      expect(stderr.trim().split('\n')).to.have.lengthOf(1)
    })
  }
})
