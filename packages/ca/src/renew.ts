import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { sameKey } from '@fisco-libp2p/identity'
import { issueNode } from './authority.ts'
import { checkDays } from './check.ts'
import { CONF_DIR, DEFAULT_DAYS, NODE_CERT, NODE_KEY, NODES_DIR } from './constants.ts'
import { ChainNotFoundError, InvalidChainError, InvalidParametersError } from './errors.ts'
import { chooseNode, exactCommonName } from './find-issued.ts'
import { formatIndex, indexEntry } from './index-file.ts'
import { issuerCertificate, issuerFiles, issuersOf, nodeIdOf, openIssuer, read, readCertificate, readIndexes } from './issuer-files.ts'
import { isEncrypted, readKey } from './keys.ts'
import { copyOf, nodeCertificates } from './layout.ts'
import { withLocks } from './lock.ts'
import { nodeFolders } from './node-folders.ts'
import { replaceFile } from './replace-file.ts'
import type { IndexedCertificate } from './issuer-files.ts'
import type { Certificate, NodeId } from '@fisco-libp2p/identity'
import type { KeyObject } from 'node:crypto'

/**
 * Options of {@link renew}.
 */
export interface RenewOptions {
  /**
   * The folder that `writeChain` wrote.
   */
  chain: string

  /**
   * The node: the name of its folder below `nodes`, its node ID, or at least 8 digits that no other node's ID begins with.
   */
  node: string

  /**
   * Days of validity from now on, 1 to 365,000. Cut off where the agency's own certificate ends.
   *
   * @default 36500
   */
  days?: number

  /**
   * The passphrase of `agency.key`, where that is encrypted.
   */
  passphrase?: string

  /**
   * Clock, unix milliseconds.
   *
   * @default Date.now
   */
  now?(): number
}

/**
 * A certificate that {@link renew} issued.
 */
export interface RenewedNode {
  /**
   * Common name, as it was.
   */
  name: string

  /**
   * As it was: the key is the same.
   */
  nodeId: NodeId

  /**
   * Lower-case hex.
   */
  serial: string
  notBefore: Date
  notAfter: Date

  /**
   * The node's `node.crt`, absolute.
   */
  file: string
}

/**
 * Issues a new certificate for a node's key, by the agency, and puts it in the place of the old one in `nodes/<name>/conf/node.crt`. The old one
 * stays valid until its own end. The new one stands in the index before it stands in `node.crt`: {@link revoke} finds whatever a node may have. The
 * node's private key is not needed: it may be encrypted, or on another machine.
 *
 * @throws InvalidParametersError if there is no such node, or it is revoked; nothing was changed
 * @throws ChainNotFoundError if there is no chain
 * @throws PassphraseError if the agency's key is encrypted, and the passphrase is missing or wrong; nothing was changed
 * @throws InvalidChainError if the agency's key is not there, a file cannot be read, or a `node.key` that can be read without a passphrase is of another certificate; nothing was changed
 * @throws ChainLockedError if somebody else is at work on the index; nothing was changed
 */
export async function renew (options: RenewOptions): Promise<RenewedNode> {
  const { now = Date.now } = options
  const days = checkDays(options.days ?? DEFAULT_DAYS)
  const chain = resolve(options.chain)
  const issuers = await issuersOf(chain)
  const files = issuerFiles(chain, 'agency')

  await read(files.index)

  return withLocks([files.lock], async () => {
    const conf = join(chain, NODES_DIR, await nodeFolder(chain, options.node), CONF_DIR)
    const file = join(conf, NODE_CERT)
    const current = await readCertificate(file)
    const issued = await readIndexes(issuers)

    const known = lastIssued(issued, current, now())
    // what stands in the node's folder may have been anywhere: what this agency did not issue says neither name nor uses
    const last = current.isSignedBy(await issuerCertificate(files)) ? current : known

    await checkNodeKey(join(conf, NODE_KEY), current)
    const agency = await openIssuer(files, now, options.passphrase)
    const node = await issueNode(agency, { name: exactCommonName(last), publicKey: last.publicKey, days, extendedKeyUsage: last.extendedKeyUsage })
    const entries = issued.filter(({ issuer }) => issuer === files.issuer).map(({ entry }) => entry)

    await replaceFile(join(files.dir, copyOf(node.serial)), node.leaf)
    await replaceFile(files.index, formatIndex([...entries, indexEntry(node, copyOf(node.serial))]))
    await replaceFile(file, nodeCertificates(node))

    return { name: node.name, nodeId: node.nodeId, serial: node.serial.toLowerCase(), notBefore: node.notBefore, notAfter: node.notAfter, file }
  })
}

/**
 * The name of a node's folder.
 */
async function nodeFolder (chain: string, node: string): Promise<string> {
  const folder = join(chain, NODES_DIR)
  const names = await nodeFolders(chain)

  if (names == null) {
    throw new ChainNotFoundError(chain, `it has no folder ${NODES_DIR}`)
  }

  if (names.includes(node)) {
    return node
  }

  const ids = new Map<NodeId, string>()

  for (const name of names) {
    const id = await readCertificate(join(folder, name, CONF_DIR, NODE_CERT)).then(nodeIdOf, () => undefined)

    if (id != null) {
      ids.set(id, name)
    }
  }

  const name = ids.get(chooseNode(node, [...ids.keys()], false) ?? '')

  if (name == null) {
    throw new InvalidParametersError(`no node "${node}" has its files in ${folder}: give the name of its folder there, or its node ID`)
  }

  return name
}

/**
 * A node with another key than its certificate does not start. Better told here than there, as far as the key is here and can be read.
 */
async function checkNodeKey (file: string, current: Certificate): Promise<void> {
  const pem = await readFile(file, 'utf8').catch(() => undefined)
  let key: KeyObject

  if (pem == null || isEncrypted(pem)) {
    return
  }

  try {
    key = readKey(pem)
  } catch (err) {
    throw new InvalidChainError(file, err.message, { cause: err })
  }

  if (!current.x509.checkPrivateKey(key)) {
    throw new InvalidChainError(file, `it is not the key of the ${NODE_CERT} beside it: put the right one there`)
  }
}

/**
 * What was issued last for the key of a certificate. A certificate for a key that was revoked would bring it back.
 */
function lastIssued (issued: readonly IndexedCertificate[], current: Certificate, now: number): Certificate {
  const own = issued.flatMap(({ certificate, entry }) => certificate != null && sameKey(certificate.publicKey, current.publicKey) ? [{ certificate, entry }] : [])
  const revoked = own.filter(({ entry }) => entry.status === 'R')
  const valid = own.filter(({ entry }) => entry.status === 'V' && entry.notAfter.getTime() >= now)
  const last = valid.at(-1) ?? own.at(-1)

  if (last == null) {
    throw new InvalidParametersError(`no certificate with the key of ${current.subject} is in the issuing index: it was issued elsewhere, so have it renewed there`)
  }

  if (revoked.length > 0 && valid.length === 0) {
    throw new InvalidParametersError(`${current.subject} is revoked (serial ${revoked[0].entry.serial.toLowerCase()}): give the node a new key, and have that certified under a new node ID`)
  }

  return last.certificate
}
