import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * The configuration that FISCO BCOS 2.x's chain builder hands to openssl: no extensions for the root (so that
 * `openssl req -x509` writes what that OpenSSL's defaults say), CA:TRUE for the agency, CA:FALSE for the node.
 */
const CERT_CNF = `[req]
distinguished_name = req_distinguished_name
req_extensions = v3_req
[req_distinguished_name]
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
   * Folder names, and common names, of the nodes.
   *
   * @default ['node0']
   */
  nodes?: string[]

  /**
   * Have the root issue the nodes' certificates (FISCO BCOS's `-no_agency`).
   *
   * @default false
   */
  noAgency?: boolean

  /**
   * Curve of the nodes' keys.
   *
   * @default 'secp256k1'
   */
  nodeCurve?: string

  /**
   * Make keys until the private scalar of each node begins with a zero byte, which FISCO BCOS 2.9.1 cannot load.
   *
   * @default false
   */
  leadingZeroKeys?: boolean

  /**
   * Write the nodes' keys as SEC1 (`EC PRIVATE KEY`) behind an `EC PARAMETERS` block.
   *
   * @default false
   */
  sec1?: boolean
}

/**
 * Makes a chain with the openssl command line, by the steps of FISCO BCOS 2.x's own tools: an X.509 v1 root without
 * basicConstraints, an agency, and nodes whose `node.crt` holds node, agency and root.
 *
 * @param dir - an empty folder; each node gets `<dir>/<node>/{node.key,node.crt,ca.crt,node.nodeid}`
 */
export async function opensslChain (dir: string, options: OpensslChainOptions = {}): Promise<void> {
  const openssl = async (...args: string[]): Promise<string> => (await run('openssl', args, { cwd: dir })).stdout
  const nodes = options.nodes ?? ['node0']

  await writeFile(join(dir, 'cert.cnf'), CERT_CNF)
  await openssl('ecparam', '-out', 'param', '-name', 'secp256k1')
  await openssl('genpkey', '-paramfile', 'param', '-out', 'ca.key')
  await openssl('req', '-new', '-key', 'ca.key', '-subj', '/CN=chain/O=fisco-bcos/OU=chain', '-config', 'cert.cnf', '-out', 'ca.csr')
  // OpenSSL 3's `req -x509` adds extensions of its own; signing a request without -extfile gives the v1 root that
  // FISCO BCOS's `openssl req -new -x509` gave with OpenSSL 1.0.2
  await openssl('x509', '-req', '-days', '36500', '-sha256', '-in', 'ca.csr', '-signkey', 'ca.key', '-out', 'ca.crt')

  await openssl('genpkey', '-paramfile', 'param', '-out', 'agency.key')
  await openssl('req', '-new', '-sha256', '-subj', '/CN=agency/O=fisco-bcos/OU=agency', '-key', 'agency.key', '-config', 'cert.cnf', '-out', 'agency.csr')
  await openssl('x509', '-req', '-days', '36500', '-sha256', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-in', 'agency.csr', '-out', 'agency.crt', '-extensions', 'v4_req', '-extfile', 'cert.cnf')

  for (const node of nodes) {
    const file = (name: string): string => join(node, name)
    const issuer = options.noAgency === true ? 'ca' : 'agency'

    await mkdir(join(dir, node))
    await openssl('ecparam', '-out', 'node.param', '-name', options.nodeCurve ?? 'secp256k1')
    await makeKey(openssl, join(dir, file('node.key')), options)
    await openssl('pkey', '-in', file('node.key'), '-pubout', '-out', file('node.pubkey'))
    await openssl('req', '-new', '-sha256', '-subj', `/CN=${node}/O=fisco-bcos/OU=node`, '-key', file('node.key'), '-config', 'cert.cnf', '-out', file('node.csr'))
    await openssl('x509', '-req', '-days', '36500', '-sha256', '-in', file('node.csr'), '-CAkey', `${issuer}.key`, '-CA', `${issuer}.crt`, '-force_pubkey', file('node.pubkey'), '-out', file('node.crt'), '-CAcreateserial', '-extensions', 'v3_req', '-extfile', 'cert.cnf')

    for (const above of options.noAgency === true ? ['ca.crt'] : ['agency.crt', 'ca.crt']) {
      await appendFile(join(dir, file('node.crt')), await readFile(join(dir, above)))
    }

    await writeFile(join(dir, file('ca.crt')), await readFile(join(dir, 'ca.crt')))
    await writeFile(join(dir, file('node.nodeid')), await nodeIdByOpenssl(openssl, file('node.key')))
  }
}

type Openssl = (...args: string[]) => Promise<string>

async function makeKey (openssl: Openssl, file: string, options: OpensslChainOptions): Promise<void> {
  if (options.leadingZeroKeys === true) {
    return writeFile(file, leadingZeroKey(options.nodeCurve ?? 'secp256k1'))
  }

  if (options.sec1 === true) {
    await openssl('ecparam', '-genkey', '-name', options.nodeCurve ?? 'secp256k1', '-out', file)
  } else {
    await openssl('genpkey', '-paramfile', 'node.param', '-out', file)
  }
}

/**
 * One key in 256 begins with a zero byte: too many tries for a process each.
 */
function leadingZeroKey (namedCurve: string): string {
  for (let i = 0; i < 10_000; i++) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve })

    if (Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')[0] === 0) {
      return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    }
  }

  throw new Error('no key with a leading zero byte was found')
}

/**
 * What FISCO BCOS's tools compute with sed and awk: the public key as `openssl ec -text` prints it, without the 04.
 */
async function nodeIdByOpenssl (openssl: Openssl, keyFile: string): Promise<string> {
  const text = await openssl('ec', '-text', '-noout', '-in', keyFile)
  const hex = text.match(/pub:\s+([0-9a-f:\s]+)/)?.[1].replace(/[:\s]/g, '') ?? ''

  return hex.slice(2)
}
