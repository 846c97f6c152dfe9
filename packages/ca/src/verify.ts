import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { loadIdentity } from '@fisco-libp2p/identity'
import { CA_CERT, CONF_DIR, CONFIG, MAX_NODES, NODE_CERT, NODE_ID, NODE_KEY, NODES_DIR } from './constants.ts'
import { ChainNotFoundError, InvalidChainError } from './errors.ts'
import { nodeFolders } from './node-folders.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'

/**
 * Options of {@link verifyChain}.
 */
export interface VerifyChainOptions {
  /**
   * Clock, unix milliseconds.
   *
   * @default Date.now
   */
  now?(): number

  /**
   * Stops the work.
   */
  signal?: AbortSignal
}

/**
 * A node of a chain that verifies.
 */
export interface VerifiedNode {
  /**
   * Common name of its certificate.
   */
  name: string

  /**
   * Common name of the certificate's issuer.
   */
  agency: string
  nodeId: NodeId
  peerId: Identity['peerId']

  /**
   * Last second of validity of its certificate.
   */
  notAfter: Date

  /**
   * Its folder, absolute.
   */
  dir: string

  /**
   * Its `config.ini`, absolute.
   */
  config: string
}

/**
 * Checks a chain's folder: every node has its files, its certificate verifies today under the chain's CA, its key
 * belongs to the certificate, and `node.nodeid` says the same.
 *
 * @param dir - the folder that `writeChain` wrote
 * @returns its nodes, in the order of their names (node2 before node10)
 * @throws ChainNotFoundError if there is no chain
 * @throws InvalidChainError if something does not verify, with the file and the reason
 */
export async function verifyChain (dir: string, options: VerifyChainOptions = {}): Promise<VerifiedNode[]> {
  const root = resolve(dir)
  const names = await nodeNames(root)
  const ca = await read(join(root, CA_CERT), options)
  const nodes: VerifiedNode[] = []

  for (const name of names) {
    options.signal?.throwIfAborted()
    nodes.push(await verifyNode(join(root, NODES_DIR, name), ca, options))
  }

  return nodes
}

async function nodeNames (root: string): Promise<string[]> {
  const names = await nodeFolders(root)

  if (names == null) {
    throw new ChainNotFoundError(root, 'it holds no chain')
  }

  if (names.length === 0) {
    throw new ChainNotFoundError(root, `there is no node in its ${NODES_DIR} folder`)
  }

  if (names.length > MAX_NODES) {
    throw new InvalidChainError(join(root, NODES_DIR), `it holds ${names.length} nodes; at most ${MAX_NODES} are checked`)
  }

  return names
}

async function verifyNode (dir: string, ca: string, options: VerifyChainOptions): Promise<VerifiedNode> {
  const conf = join(dir, CONF_DIR)
  const config = join(dir, CONFIG)
  const ownCa = join(conf, CA_CERT)
  const nodeIdFile = join(conf, NODE_ID)
  const identity = await load(conf, options)

  if ((await read(ownCa, options)).trim() !== ca.trim()) {
    throw new InvalidChainError(ownCa, `it is not the same as the chain's ${CA_CERT}: the node belongs to another chain`)
  }

  if ((await read(nodeIdFile, options)).trim() !== identity.nodeId) {
    throw new InvalidChainError(nodeIdFile, `it is not the node ID of ${NODE_KEY}, which is ${identity.nodeId}`)
  }

  await read(config, options)

  const { name, agency, nodeId, peerId, certificate } = identity

  return { name, agency, nodeId, peerId, notAfter: new Date(certificate.notAfter), dir, config }
}

async function load (conf: string, options: VerifyChainOptions): Promise<Identity> {
  try {
    return await loadIdentity({
      key: join(conf, NODE_KEY),
      cert: join(conf, NODE_CERT),
      ca: join(conf, CA_CERT),
      now: options.now
    }, { signal: options.signal })
  } catch (err) {
    options.signal?.throwIfAborted()

    throw new InvalidChainError(conf, err.message, { cause: err })
  }
}

async function read (file: string, options: VerifyChainOptions): Promise<string> {
  try {
    return await readFile(file, { encoding: 'utf8', signal: options.signal })
  } catch (err) {
    options.signal?.throwIfAborted()

    throw new InvalidChainError(file, `it cannot be read: ${err.message}`, { cause: err })
  }
}
