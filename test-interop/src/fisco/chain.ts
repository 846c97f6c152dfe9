import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openssl } from '../openssl/tool.ts'
import { keyWithLeadingZero } from './keys.ts'
import type { NodeFiles } from '../openssl/s-client.ts'
import type { ShortNumber } from './keys.ts'

const DAYS = '36500'

/**
 * Nothing is said of the root, an agency is a CA, a node is none.
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
 * How a chain is made. What is not given is as FISCO BCOS 2.x's tools have it.
 */
export interface FiscoChainOptions {
  /**
   * Common name of the root.
   *
   * @default 'chain'
   */
  name?: string

  /**
   * `v1`: as OpenSSL 1.0.2 and 1.1.1 answer these steps. `local`: as the openssl of this machine does. `v3`: with basicConstraints, as OpenSSL 3.2 and later.
   *
   * @default 'v1'
   */
  root?: 'v1' | 'local' | 'v3'

  /**
   * The nodes are theirs in turn; none: the root issues for the nodes.
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
   * Does `node.crt` end with the root?
   *
   * @default true
   */
  withRoot?: boolean
}

/**
 * A node of a chain, in FISCO BCOS's layout: `<folder>/conf/{node.key,node.crt,ca.crt,node.nodeid}`.
 */
export interface FiscoNodeFiles extends NodeFiles {
  name: string
  folder: string

  /**
   * 128 hex digits: the public key as openssl prints it.
   */
  nodeId: string
}

type Run = (...args: string[]) => Promise<string>

/**
 * Makes a chain with two nodes with the openssl command line, by the steps of FISCO BCOS 2.x's own tools.
 *
 * @param folder - a folder that exists and is empty
 */
export async function makeFiscoChain (folder: string, options: FiscoChainOptions = {}): Promise<FiscoNodeFiles[]> {
  const run: Run = async (...args) => openssl(args, folder)
  const { agencies = ['agency'], name = 'chain' } = options

  await writeFile(join(folder, 'cert.cnf'), CERT_CNF)
  await run('ecparam', '-out', 'secp256k1.param', '-name', 'secp256k1')
  await makeRoot(run, name, options.root ?? 'v1')

  for (const agency of agencies) {
    await run('genpkey', '-paramfile', 'secp256k1.param', '-out', `${agency}.key`)
    await issue(run, { name: agency, unit: 'agency', issuer: 'ca', extensions: 'v4_req' })
  }

  return Promise.all(['node0', 'node1'].map(async (node, i) => makeNode(run, folder, node, agencies[i % agencies.length], options)))
}

async function makeRoot (run: Run, name: string, root: 'v1' | 'local' | 'v3'): Promise<void> {
  const subject = `/CN=${name}/O=fisco-bcos/OU=chain`

  await run('genpkey', '-paramfile', 'secp256k1.param', '-out', 'ca.key')

  if (root === 'v1') {
    // this openssl's `req -x509` adds extensions of its own, `x509 -req` does not
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
  // two nodes may be made at once: each has a file of serial numbers of its own
  await run('x509', '-req', '-days', DAYS, '-sha256', '-in', `${name}.csr`, '-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`, '-CAserial', `${name}.srl`, '-CAcreateserial',
    '-force_pubkey', `${name}.pubkey`, '-out', `${name}.crt`, '-extensions', extensions, '-extfile', 'cert.cnf')
}

async function makeNode (run: Run, folder: string, name: string, agency: string | undefined, options: FiscoChainOptions): Promise<FiscoNodeFiles> {
  const conf = join(folder, 'nodes', '127.0.0.1', name, 'conf')
  const read = async (file: string): Promise<string> => readFile(join(folder, file), 'utf8')

  await mkdir(conf, { recursive: true })
  await makeKey(run, join(folder, `${name}.key`), options.keys)
  await issue(run, { name, unit: 'node', issuer: agency ?? 'ca', extensions: 'v3_req' })

  const above = [...agency == null ? [] : [agency], ...options.withRoot === false ? [] : ['ca']]
  const certificates = await Promise.all([name, ...above].map(async file => read(`${file}.crt`)))
  const nodeId = await nodeIdByOpenssl(run, '-in', `${name}.key`)

  await writeFile(join(conf, 'node.key'), await read(`${name}.key`), { mode: 0o600 })
  await writeFile(join(conf, 'node.crt'), certificates.join(''))
  await writeFile(join(conf, 'ca.crt'), await read('ca.crt'))
  await writeFile(join(conf, 'node.nodeid'), `${nodeId}\n`)

  return {
    name,
    folder: join(folder, 'nodes', '127.0.0.1', name),
    nodeId,
    key: join(conf, 'node.key'),
    leaf: join(folder, `${name}.crt`),
    above: agency == null ? undefined : join(folder, `${agency}.crt`),
    ca: join(conf, 'ca.crt')
  }
}

async function makeKey (run: Run, file: string, keys: FiscoChainOptions['keys']): Promise<void> {
  if (keys === 'sec1') {
    await run('ecparam', '-genkey', '-name', 'secp256k1', '-out', file)
  } else if (keys == null) {
    await run('genpkey', '-paramfile', 'secp256k1.param', '-out', file)
  } else {
    await writeFile(file, keyWithLeadingZero(keys))
  }
}

/**
 * The public key as `openssl ec -text` prints it, without the 04 for an uncompressed point.
 */
async function nodeIdByOpenssl (run: Run, ...args: string[]): Promise<string> {
  const text = await run('ec', '-text', '-noout', ...args)

  return (/pub:\s+04([0-9a-f:\s]+)/.exec(text)?.[1] ?? '').replace(/[:\s]/g, '')
}
