import { readdir, realpath } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join, resolve } from 'node:path'
import { createAgency, createChainCa, issueNode } from './authority.ts'
import { checkHost, checkInteger, checkIp, checkNodes, checkPort } from './check.ts'
import { CA_CERT, CONFIG, DEFAULT_LISTEN_IP, DEFAULT_NODES, DEFAULT_PORT, NODES_DIR } from './constants.ts'
import { ChainExistsError, InvalidParametersError } from './errors.ts'
import { chainLayout } from './layout.ts'
import { writeNewFolder } from './new-folder.ts'
import type { Endpoint } from './config-template.ts'
import type { KeyType } from './keys.ts'
import type { LayoutFile, PlacedNode } from './layout.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Options of {@link writeChain}.
 */
export interface WriteChainOptions {
  /**
   * Folder of the new chain. It must not exist, or be empty; folders above it are made.
   */
  output: string

  /**
   * How many nodes, 1 to 1,000. They are called `node0`, `node1` and so on.
   *
   * @default 4
   */
  nodes?: number

  /**
   * Name of the agency that issues for the nodes.
   *
   * @default 'agency'
   */
  agency?: string

  /**
   * Name of the chain's CA.
   *
   * @default 'chain'
   */
  name?: string

  /**
   * `[chain] id`, which keeps networks under one CA apart.
   *
   * @default 1
   */
  chainId?: number

  /**
   * Kind of all keys: secp256k1 (as FISCO BCOS 2.x), ed25519 or rsa.
   *
   * @default 'secp256k1'
   */
  keyType?: KeyType

  /**
   * Days of validity of all certificates, 1 to 365,000.
   *
   * @default 36500
   */
  days?: number

  /**
   * IP address that every node listens on.
   *
   * @default '127.0.0.1'; with `hosts`, all addresses (`0.0.0.0`, or `::` where a host is an IPv6 address)
   */
  listenIp?: string

  /**
   * Port of the first node on each host; the next node on the same host takes the next port. 1025 to 65535.
   *
   * @default 30300
   */
  port?: number

  /**
   * Where the nodes can be reached by each other, one IP address or host name per node.
   *
   * @default `listenIp` for all of them; the loopback address where that means all addresses
   */
  hosts?: readonly string[]

  /**
   * Clock, unix milliseconds.
   *
   * @default Date.now
   */
  now?(): number

  /**
   * Stops the work. Nothing is left behind.
   */
  signal?: AbortSignal
}

/**
 * A node of a chain that was written.
 */
export interface WrittenNode {
  name: string
  nodeId: NodeId

  /**
   * Its folder, absolute.
   */
  dir: string

  /**
   * Its `config.ini`, absolute.
   */
  config: string

  /**
   * Where the others reach it.
   */
  endpoint: Endpoint
}

/**
 * What {@link writeChain} wrote.
 */
export interface WrittenChain {
  /**
   * The chain's folder, absolute.
   */
  dir: string

  /**
   * Certificate of the chain's CA, absolute.
   */
  ca: string
  nodes: WrittenNode[]
}

/**
 * Makes a consortium: a chain CA, an agency and nodes, in a new folder, in FISCO BCOS's layout. Everything is made in
 * a hidden folder beside it, which takes the final name as the last step: a chain that is there is whole.
 *
 * @throws InvalidParametersError for a setting that cannot be used; nothing was written
 * @throws ChainExistsError if the folder is taken; nothing was written
 */
export async function writeChain (options: WriteChainOptions): Promise<WrittenChain> {
  const { signal } = options
  const count = checkNodes(options.nodes ?? DEFAULT_NODES)
  const chainId = checkInteger('chainId', options.chainId ?? 1, 1, Number.MAX_SAFE_INTEGER)
  const listenIp = options.listenIp == null ? undefined : checkIp('listenIp', options.listenIp)
  const endpoints = placeNodes(options.port ?? DEFAULT_PORT, hostsOf(options.hosts, count, listenIp ?? DEFAULT_LISTEN_IP))
  const issuing = { days: options.days, keyType: checkNodeKeyType(options.keyType), now: options.now }

  signal?.throwIfAborted()

  const dir = await freeFolder(options.output)
  const ca = await createChainCa({ ...issuing, name: options.name })
  const agency = await createAgency(ca, { ...issuing, name: options.agency })
  const nodes: PlacedNode[] = []

  for (const [i, endpoint] of endpoints.entries()) {
    signal?.throwIfAborted()
    nodes.push({ node: await issueNode(agency, { ...issuing, name: `node${i}` }), listenIp: listenIp ?? listenAll(options.hosts), endpoint })
  }

  await writeFolder(dir, chainLayout({ ca, agency, nodes, chainId }), signal)

  return {
    dir,
    ca: join(dir, CA_CERT),
    nodes: nodes.map(({ node: { name, nodeId }, endpoint }) => {
      return { name, nodeId, dir: join(dir, NODES_DIR, name), config: join(dir, NODES_DIR, name, CONFIG), endpoint }
    })
  }
}

function checkNodeKeyType (keyType: KeyType = 'secp256k1'): KeyType {
  if (!['secp256k1', 'ed25519', 'rsa'].includes(keyType)) {
    throw new InvalidParametersError(`keyType must be secp256k1, ed25519 or rsa, not ${JSON.stringify(keyType)}`)
  }

  return keyType
}

function hostsOf (hosts: readonly string[] | undefined, count: number, listenIp: string): string[] {
  if (hosts == null) {
    const loopback: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

    return new Array(count).fill(loopback[listenIp] ?? listenIp)
  }

  if (hosts.length !== count) {
    throw new InvalidParametersError(`hosts must name one host for each of the ${count} nodes, not ${hosts.length}`)
  }

  return hosts.map((host, i) => checkHost(`host of node${i}`, host))
}

function listenAll (hosts?: readonly string[]): string {
  if (hosts == null) {
    return DEFAULT_LISTEN_IP
  }

  return hosts.some(isIPv6) ? '::' : '0.0.0.0'
}

function placeNodes (port: number, hosts: readonly string[]): Endpoint[] {
  const used = new Map<string, number>()

  const endpoints = hosts.map(host => {
    const before = used.get(host.toLowerCase()) ?? 0
    used.set(host.toLowerCase(), before + 1)

    return { host, port: port + before }
  })

  checkPort(port, Math.max(...used.values()))

  return endpoints
}

/**
 * @returns the absolute path, behind symbolic links
 */
async function freeFolder (output: string): Promise<string> {
  if (typeof output !== 'string' || output === '') {
    throw new InvalidParametersError('output must name a folder')
  }

  const path = resolve(output)

  try {
    const entries = await readdir(path)

    if (entries.length > 0) {
      throw new ChainExistsError(path, entries.includes(CA_CERT) ? 'it holds a chain already' : 'the folder is not empty')
    }

    return await realpath(path)
  } catch (err) {
    if (err.code === 'ENOENT') {
      return path
    }

    throw err.code === 'ENOTDIR' ? new ChainExistsError(path, 'it is a file, or lies below one', { cause: err }) : err
  }
}

async function writeFolder (dir: string, files: readonly LayoutFile[], signal?: AbortSignal): Promise<void> {
  try {
    await writeNewFolder(dir, files, { signal })
  } catch (err) {
    throw ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(err.code) ? new ChainExistsError(dir, 'somebody else wrote it at the same time', { cause: err }) : err
  }
}
