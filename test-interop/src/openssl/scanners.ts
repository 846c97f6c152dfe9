import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Skip } from '../row.ts'
import { startOurNode } from './our-node.ts'
import { GROUPS } from './s-client.ts'
import { lacksCommand, Tool } from './tool.ts'
import type { Case } from '../row.ts'
import type { Members } from './members.ts'
import type { NodeKeyType } from '@fisco-libp2p/test-kit'

/**
 * So many members that admission lets a scanner's hundreds of handshakes in, which all fail: how it turns them away is tested elsewhere, what the port speaks is the question here.
 */
const MANY_MEMBERS = 100_000

/**
 * How long a scan may take, in milliseconds. testssl.sh needs about a minute on two free cores.
 */
const SCAN_TIMEOUT = 480_000

/**
 * What testssl.sh is to look at: protocols, categories of ciphers, forward secrecy, preferences, what the server is like, vulnerabilities, RC4.
 */
const SCANS = ['-p', '-s', '-f', '-P', '-S', '-U', '-4']

/**
 * A finding that is none about the port.
 */
interface OutOfScope {
  /**
   * With which keys.
   *
   * @default all
   */
  keyType?: NodeKeyType
  reason: string
}

const NO_SECP256K1 = 'a dialler whose hello does not name secp256k1 cannot take a certificate of that curve, whatever the version; this is what testssl.sh sends for this question'

const OUT_OF_SCOPE: Record<string, OutOfScope> = {
  cert_trust: { reason: 'nodes are not found by host name: the key in the certificate is the node' },
  cert_chain_of_trust: { reason: 'the root is the consortium\'s own and in no browser' },
  cert_subjectAltName: { reason: 'a certificate names a node, and no host' },
  cert_validityPeriod: { reason: '100 years are FISCO BCOS\'s default; browsers\' limits are none of a private network' },
  cert_revocation: { reason: 'CRLs are configured on nodes and spread by the network, and not fetched from an address in the certificate' },
  TLS1_3: { keyType: 'secp256k1', reason: NO_SECP256K1 },
  PFS: { keyType: 'secp256k1', reason: NO_SECP256K1 },
  FS: { keyType: 'secp256k1', reason: NO_SECP256K1 }
}

const ACCEPTABLE = ['DEBUG', 'INFO', 'OK', 'LOW']

/**
 * TLS scanners against the port.
 */
export function scannerCases (members: Members, folder: string): Case[] {
  return [
    { pair: 'sslscan -> ours', case: `${members.keyType}: nothing that is out of use or weak`, run: async () => sslscan(members, folder) },
    { pair: 'testssl.sh -> ours', case: `${members.keyType}: no finding above LOW`, run: async () => testssl(members, folder) }
  ]
}

async function sslscan (members: Members, folder: string): Promise<string> {
  await expectInstalled('sslscan', 'sslscan', ['--version'])
  const report = await scan(members, folder, port => ['sslscan', ['--no-colour', '--xml=-', `127.0.0.1:${port}`]])
  const xml = report.tool.stdout.toString('utf8')
  const elements = (name: string): Array<Record<string, string>> => [...xml.matchAll(new RegExp(`<${name} ([^>]*)/>`, 'g'))].map(([, text]) => attributes(text))

  const protocols = elements('protocol').filter(({ enabled }) => enabled === '1').map(({ type, version }) => `${type} ${version}`)
  assert.deepEqual(protocols, members.tls === 'TLSv1.2' ? ['tls 1.2'] : ['tls 1.2', 'tls 1.3'])
  assert.deepEqual(elements('renegotiation').map(({ supported }) => supported), ['0'])
  assert(elements('heartbleed').length > 0 && elements('heartbleed').every(({ vulnerable }) => vulnerable === '0'))
  assert(elements('compression').every(({ supported }) => supported === '0'))

  const ciphers = elements('cipher')
  assert.deepEqual(ciphers.filter(({ cipher, strength }) => !/^(TLS_|ECDHE-).*(GCM|POLY1305)/.test(cipher) || !['acceptable', 'strong'].includes(strength)), [])
  const groups = elements('group')
  assert(groups.length > 0 && groups.every(({ name }) => /x25519|secp256[rk]1/i.test(name)))
  // it says nothing of ciphers where it does not come through a handshake
  assert.deepEqual([...new Set(ciphers.map(({ sslversion }) => sslversion))].sort(), members.tls === 'TLSv1.2' ? ['TLSv1.2'] : ['TLSv1.2', 'TLSv1.3'])

  return `${protocols.join(', ')}; ${[...new Set(ciphers.map(({ cipher }) => cipher))].join(' ')}; no renegotiation`
}

function attributes (text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
}

interface Finding {
  id: string
  severity: string
  finding: string
}

async function testssl (members: Members, folder: string): Promise<string> {
  await expectInstalled('testssl', 'testssl.sh', ['--help'])
  const file = join(folder, `${members.keyType}.testssl.json`)
  // 3.0.8 ends with an error in what it does for -S when it sees an Ed25519 key
  const scans = SCANS.filter(option => option !== '-S' || members.keyType !== 'ed25519')
  const { code } = await scan(members, folder, port => ['testssl', ['--quiet', '--warnings', 'off', '--color', '0', '--nodns', 'none', '--jsonfile', file, ...scans, `127.0.0.1:${port}`]])
  const findings = JSON.parse(await readFile(file, 'utf8')) as Finding[]

  assert(findings.some(({ id }) => id === 'scanTime') && findings.some(({ id }) => id === 'RC4'), `testssl.sh did not come to its end (exit code ${code})`)
  // the port was understood: without that, nothing of it would be found either
  assert(findings.some(({ id }) => id === 'cipherorder_TLSv1_2'))

  const above = findings.filter(({ severity }) => ![...ACCEPTABLE, 'WARN'].includes(severity))
  const counted = above.filter(({ id }) => !isOutOfScope(id, members.keyType))
  assert.deepEqual(counted.map(({ id, severity, finding }) => `${id}: ${severity}: ${finding}`), [])

  const untried = findings.filter(({ severity }) => severity === 'WARN').map(({ id }) => id)

  return `${findings.length} findings; out of scope: ${names(above.map(({ id }) => id))}; not tried by testssl.sh: ${names(untried)}`
}

function isOutOfScope (id: string, keyType: NodeKeyType): boolean {
  const found = OUT_OF_SCOPE[id.split(' ')[0]] as OutOfScope | undefined

  return found != null && (found.keyType ?? keyType) === keyType
}

function names (ids: readonly string[]): string {
  return ids.length === 0 ? 'none' : ids.join(' ')
}

async function expectInstalled (command: string, debian: string, args: readonly string[]): Promise<void> {
  const lacks = await lacksCommand(command, debian, args)

  if (lacks != null) {
    throw new Skip(lacks)
  }
}

/**
 * Runs a scanner to its end against a node of ours.
 */
async function scan (members: Members, folder: string, commandFor: (port: number) => [string, string[]]): Promise<{ tool: Tool, code: number | null }> {
  const config = join(folder, 'openssl.cnf')
  await writeFile(config, OPENSSL_CNF)
  await using node = await startOurNode(members.ours(), MANY_MEMBERS)
  const [command, args] = commandFor(node.port)
  await using tool = new Tool(command, args, { OPENSSL_CONF: config })

  tool.endInput()

  return { tool, code: await tool.ended(SCAN_TIMEOUT) }
}

/**
 * The groups that the openssl command line offers where a scanner makes use of it.
 */
const OPENSSL_CNF = `openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = defaults
[defaults]
Groups = ${GROUPS}
`
