import { lstat, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { sameKey } from '@fisco-libp2p/identity'
import { issueNode } from './authority.ts'
import { checkDays, checkName } from './check.ts'
import { CONFIG, DEFAULT_DAYS, NODES_DIR } from './constants.ts'
import { InvalidParametersError } from './errors.ts'
import { exactCommonName } from './find-issued.ts'
import { formatIndex, indexEntry } from './index-file.ts'
import { issuerFiles, issuersOf, openIssuer, read, readIndexes } from './issuer-files.ts'
import { copyOf, nodeFiles } from './layout.ts'
import { withLocks } from './lock.ts'
import { writeNewFolder } from './new-folder.ts'
import { ifThere, replaceFile } from './replace-file.ts'
import { readRequest } from './request.ts'
import type { IssuedNode } from './authority.ts'
import type { IndexedCertificate, IssuerFiles } from './issuer-files.ts'
import type { KeyType } from './keys.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { KeyObject } from 'node:crypto'

/**
 * Options of {@link addNode}.
 */
export interface AddNodeOptions {
  /**
   * The folder that `writeChain` wrote.
   */
  chain: string

  /**
   * Name of the node, and of its folder below `nodes`. No node of this chain may have it.
   */
  name: string

  /**
   * What stands in its folder besides key and certificate. Called while nobody else can add a node: who looks for a free port finds one.
   */
  files (): NodeFolderFiles | Promise<NodeFolderFiles>

  /**
   * A certificate request (PKCS#10, PEM) for a key that was made elsewhere. The folder has no `node.key` then. Of the request the public key
   * alone is taken.
   *
   * @default a new key
   */
  csr?: string

  /**
   * Kind of the new key.
   *
   * @default the agency's kind; secp256k1 for an agency with a P-256 key
   */
  keyType?: Exclude<KeyType, 'p256'>

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
 * Files of a node's folder that are not issued.
 */
export interface NodeFolderFiles {
  /**
   * The text of its `config.ini`, as {@link formatConfig} makes it.
   */
  config: string

  /**
   * The CAs that it shall trust, PEM, where they are more than the chain's own.
   *
   * @default the chain's CA
   */
  ca?: string
}

/**
 * A node that {@link addNode} issued for.
 */
export interface AddedNode {
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
   * Of its certificate, lower-case hex.
   */
  serial: string
  notBefore: Date
  notAfter: Date
}

/**
 * Issues key and certificate for one more node, by the chain's agency, and writes the folder `nodes/<name>` as `writeChain` does: all of it, or nothing.
 * The folders of the other nodes stay as they are.
 *
 * @throws InvalidParametersError if there is such a node, the key is known already, or a setting cannot be used; nothing was changed
 * @throws ChainNotFoundError if there is no chain
 * @throws PassphraseError if the agency's key is encrypted, and the passphrase is missing or wrong; nothing was changed
 * @throws InvalidChainError if the agency's key is not there, or a file cannot be read; nothing was changed
 * @throws ChainLockedError if somebody else is at work on the index; nothing was changed
 */
export async function addNode (options: AddNodeOptions): Promise<AddedNode> {
  const { now = Date.now, keyType } = options
  const name = checkName('name of the node', options.name)
  const days = checkDays(options.days ?? DEFAULT_DAYS)
  const publicKey = options.csr == null ? undefined : readRequest(options.csr)
  const chain = resolve(options.chain)
  const dir = join(chain, NODES_DIR, name)
  const issuers = await issuersOf(chain)
  const files = issuerFiles(chain, 'agency')

  await read(files.index)

  return withLocks([files.lock], async () => {
    const issued = await readIndexes(issuers)

    await checkNew(issued, { name, dir, publicKey, now: now() })

    const agency = await openIssuer(files, now, options.passphrase)
    const node = await issueNode(agency, { name, keyType, publicKey, days })

    const { config, ca = node.root } = await options.files()

    await enterNode(files, dir, node, { config, ca })

    return {
      name, nodeId: node.nodeId, dir, config: join(dir, CONFIG), serial: node.serial.toLowerCase(), notBefore: node.notBefore, notAfter: node.notAfter
    }
  })
}

/**
 * The certificate stands in the index before the folder is there: whatever a node may have, `revoke` finds.
 */
async function enterNode (files: IssuerFiles, dir: string, node: IssuedNode, parts: { config: string, ca: string }): Promise<void> {
  const index = await read(files.index)
  const copy = join(files.dir, copyOf(node.serial))
  const separator = index === '' || index.endsWith('\n') ? '' : '\n'
  let isEntered = false

  try {
    await writeNewFolder(dir, nodeFiles(node, parts), {
      async before () {
        isEntered = true
        await replaceFile(copy, node.leaf)
        await replaceFile(files.index, `${index}${separator}${formatIndex([indexEntry(node, copyOf(node.serial))])}`)
      }
    })
  } catch (err) {
    // nobody has the certificate: it was in the folder that is gone
    if (isEntered) {
      await replaceFile(files.index, index)
      await rm(copy, { force: true })
    }

    throw err
  }
}

async function checkNew (issued: readonly IndexedCertificate[], { name, dir, publicKey, now }: { name: string, dir: string, publicKey?: KeyObject, now: number }): Promise<void> {
  // an empty folder would do, but whose is it
  if (await ifThere(lstat(dir)) != null) {
    throw new InvalidParametersError(`there is a node "${name}" already, in ${dir}: give another name, or have its certificate renewed`)
  }

  const isNamed = ({ certificate }: IndexedCertificate): boolean => certificate != null && exactCommonName(certificate) === name
  const subject = indexEntry({ name, role: 'node', serial: '', notAfter: new Date(now) }, '').subject
  const other = issued.find(one => one.entry.status === 'V' && one.entry.notAfter.getTime() >= now && (isNamed(one) || one.entry.subject === subject))

  if (other?.certificate?.basicConstraints?.ca === true) {
    throw new InvalidParametersError(`"${name}" is the name of an agency of this chain: give another one`)
  }

  if (other != null) {
    throw new InvalidParametersError(`a node "${name}" has a valid certificate already (serial ${other.entry.serial.toLowerCase()}): give another name, or revoke that first`)
  }

  const known = publicKey == null ? undefined : issued.find(({ certificate }) => certificate != null && sameKey(certificate.publicKey, publicKey))

  if (known != null) {
    throw new InvalidParametersError(known.entry.status === 'R'
      ? `the key of csr is that of ${known.certificate?.subject}, which is revoked: it needs a new key`
      : `the key of csr is that of ${known.certificate?.subject}: a node has one name and one certificate; have that renewed`)
  }
}
