import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { keyWithLeadingZero } from './short-key.ts'
import type { ShortNumber } from './short-key.ts'

const execute = promisify(execFile)
const DAYS = '36500'

/**
 * What FISCO BCOS 2.x's chain builder tells openssl: nothing of the root, an agency is a CA, a node is none.
 */
const CERT_CNF = `[req]
distinguished_name = names
req_extensions = v3_req
[names]
commonName = CN
[v3_req]
basicConstraints = CA:FALSE
keyUsage = nonRepudiation, digitalSignature, keyEncipherment
[v4_req]
basicConstraints = CA:TRUE
`

/**
 * How {@link opensslChain} departs from FISCO BCOS's usual steps.
 */
export interface OpensslChainOptions {
  /**
   * Common name of the root.
   *
   * @default 'chain'
   */
  name?: string

  /**
   * Common names of the nodes.
   *
   * @default ['node0']
   */
  nodes?: readonly string[]

  /**
   * Where a node's files go, below the chain's folder.
   *
   * @default a folder of its name
   */
  folderOf? (node: string): string

  /**
   * `v1`: as OpenSSL 1.0.2 and 1.1.1 answer these steps. `local`: as the openssl of this machine does. `v3`: with basicConstraints, as OpenSSL 3.2 and later.
   *
   * @default 'v1'
   */
  root?: 'v1' | 'local' | 'v3'

  /**
   * Names of the agencies; the nodes are theirs in turn. None: the root issues for the nodes (FISCO BCOS's `-no_agency`).
   *
   * @default ['agency']
   */
  agencies?: readonly string[]

  /**
   * The nodes' keys: SEC1 behind an `EC PARAMETERS` block, or with a number that begins with a zero byte.
   *
   * @default as `openssl genpkey` makes them
   */
  keys?: 'sec1' | ShortNumber

  /**
   * Curve of the nodes' keys, unless a number of them has to begin with a zero byte.
   *
   * @default 'secp256k1'
   */
  nodeCurve?: string

  /**
   * Does `node.crt` end with the root?
   *
   * @default true
   */
  withRoot?: boolean
}

/**
 * Files of a node, all paths whole.
 */
export interface OpensslNode {
  name: string

  /**
   * Where `node.key`, `node.crt`, `ca.crt` and `node.nodeid` are.
   */
  folder: string

  /**
   * The public key in hex, as openssl prints it, without the 04 of an uncompressed point.
   */
  nodeId: string
  key: string

  /**
   * Its certificate alone.
   */
  leaf: string

  /**
   * That of its agency, if it has one.
   */
  above?: string
  ca: string
}

type Run = (...args: string[]) => Promise<string>

/**
 * Makes a chain with the openssl command line, by the steps of FISCO BCOS 2.x's own tools: an X.509 v1 root without basicConstraints, an agency, and nodes whose `node.crt`
 * holds node, agency and root.
 *
 * @param folder - exists and is empty; gets `ca.key` and `ca.crt`, and those of the agencies under their names
 */
export async function opensslChain (folder: string, options: OpensslChainOptions = {}): Promise<OpensslNode[]> {
  const run: Run = async (...args) => (await execute('openssl', args, { cwd: folder })).stdout
  const { agencies = ['agency'], nodes = ['node0'] } = options

  await writeFile(join(folder, 'cert.cnf'), CERT_CNF)
  await run('ecparam', '-out', 'secp256k1.param', '-name', 'secp256k1')
  await run('ecparam', '-out', 'node.param', '-name', options.nodeCurve ?? 'secp256k1')
  await makeRoot(run, options)

  for (const agency of agencies) {
    await run('genpkey', '-paramfile', 'secp256k1.param', '-out', `${agency}.key`)
    await issue(run, { name: agency, unit: 'agency', issuer: 'ca', extensions: 'v4_req' })
  }

  return Promise.all(nodes.map(async (node, i) => makeNode(run, folder, node, agencies[i % agencies.length], options)))
}

async function makeRoot (run: Run, { name = 'chain', root = 'v1' }: OpensslChainOptions): Promise<void> {
  const subject = `/CN=${name}/O=fisco-bcos/OU=chain`

  await run('genpkey', '-paramfile', 'secp256k1.param', '-out', 'ca.key')

  if (root === 'v1') {
    // OpenSSL 3's `req -x509` adds extensions of its own; `x509 -req` gives the root that FISCO BCOS's `req -new -x509` gave with OpenSSL 1.0.2
    await run('req', '-new', '-key', 'ca.key', '-subj', subject, '-config', 'cert.cnf', '-out', 'ca.csr')
    await run('x509', '-req', '-days', DAYS, '-sha256', '-in', 'ca.csr', '-signkey', 'ca.key', '-out', 'ca.crt')
  } else {
    await run('req', '-new', '-x509', '-days', DAYS, '-subj', subject, '-key', 'ca.key', '-config', 'cert.cnf', '-out', 'ca.crt', ...root === 'v3' ? ['-addext', 'basicConstraints=critical,CA:TRUE'] : [])
  }
}

interface Request {
  name: string
  unit: string
  issuer: string
  extensions: string
}

async function issue (run: Run, { name, unit, issuer, extensions }: Request): Promise<void> {
  await run('pkey', '-in', `${name}.key`, '-pubout', '-out', `${name}.pubkey`)
  await run('req', '-new', '-sha256', '-subj', `/CN=${name}/O=fisco-bcos/OU=${unit}`, '-key', `${name}.key`, '-config', 'cert.cnf', '-out', `${name}.csr`)
  // nodes are made at once: each has a file of serial numbers of its own
  await run('x509', '-req', '-days', DAYS, '-sha256', '-in', `${name}.csr`, '-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`, '-CAserial', `${name}.srl`, '-CAcreateserial',
    '-force_pubkey', `${name}.pubkey`, '-out', `${name}.crt`, '-extensions', extensions, '-extfile', 'cert.cnf')
}

async function makeNode (run: Run, chain: string, name: string, agency: string | undefined, options: OpensslChainOptions): Promise<OpensslNode> {
  const folder = join(chain, options.folderOf?.(name) ?? name)
  const read = async (file: string): Promise<string> => readFile(join(chain, file), 'utf8')

  await mkdir(folder, { recursive: true })
  await makeKey(run, join(chain, `${name}.key`), options.keys)
  await issue(run, { name, unit: 'node', issuer: agency ?? 'ca', extensions: 'v3_req' })

  const above = [...agency == null ? [] : [agency], ...options.withRoot === false ? [] : ['ca']]
  const certificates = await Promise.all([name, ...above].map(async file => read(`${file}.crt`)))
  const nodeId = await nodeIdByOpenssl(run, `${name}.key`)

  await writeFile(join(folder, 'node.key'), await read(`${name}.key`), { mode: 0o600 })
  await writeFile(join(folder, 'node.crt'), certificates.join(''))
  await writeFile(join(folder, 'ca.crt'), await read('ca.crt'))
  await writeFile(join(folder, 'node.nodeid'), `${nodeId}\n`)

  return { name, folder, nodeId, key: join(folder, 'node.key'), leaf: join(chain, `${name}.crt`), above: agency == null ? undefined : join(chain, `${agency}.crt`), ca: join(folder, 'ca.crt') }
}

async function makeKey (run: Run, file: string, keys: OpensslChainOptions['keys']): Promise<void> {
  if (keys === 'sec1') {
    await run('ecparam', '-genkey', '-name', 'secp256k1', '-out', file)
  } else if (keys == null) {
    await run('genpkey', '-paramfile', 'node.param', '-out', file)
  } else {
    await writeFile(file, keyWithLeadingZero(keys))
  }
}

/**
 * What FISCO BCOS's tools compute with sed and awk from what `openssl ec -text` prints.
 */
async function nodeIdByOpenssl (run: Run, keyFile: string): Promise<string> {
  const text = await run('ec', '-text', '-noout', '-in', keyFile)

  return (/pub:\s+04([0-9a-f:\s]+)/.exec(text)?.[1] ?? '').replace(/[:\s]/g, '')
}
