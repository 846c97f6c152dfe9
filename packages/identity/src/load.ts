import { createPublicKey } from 'node:crypto'
import { CertificateRefusedError, IdentityError } from './errors.ts'
import { parseAnchors, parseCertificates, parseCrls, parseKey, readIdentityFile } from './files.ts'
import { Identity, networkIdOf } from './identity.ts'
import { nodeIdFromPublicKey, publicKeyFromKeyObject } from './node-id.ts'
import { sameKey } from './same-key.ts'
import { TrustStore } from './trust-store.ts'
import type { Certificate } from './certificate.ts'
import type { CrlFile } from './files.ts'
import type { PolicyChoice } from './policy.ts'
import type { CrlSource, SerialDenial } from './revocations.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { KeyObject } from 'node:crypto'

/**
 * Settings that both {@link loadIdentity} and {@link createIdentity} take.
 */
export interface IdentityInit {
  /**
   * Passphrase of an encrypted key.
   */
  passphrase?: string

  /**
   * The chain's ID, which keeps networks under one CA apart.
   *
   * @default '1'
   */
  chainId?: string

  /**
   * Names the network: 32 bytes. Give it where the trusted CAs change: all nodes of a network must have the same one, whichever CAs
   * each of them trusts at the moment.
   *
   * @default follows from the trusted CAs and `chainId`, see `networkIdOf`
   */
  networkId?: Uint8Array

  /**
   * By which policy chains under the trusted CAs are judged: `rfc5280`, `fisco`, or `auto`, which takes `fisco` for a CA
   * that is of X.509 v1 or has no basicConstraints. Set `fisco` for a chain that FISCO BCOS's tools made with OpenSSL
   * 3.2 or later: its root is of v3, and its agencies are not as RFC 5280 wants them.
   *
   * @default 'auto'
   */
  policy?: PolicyChoice

  /**
   * Certificates that are not accepted, by issuer and serial number.
   *
   * @default none
   */
  deniedSerials?: readonly SerialDenial[]

  /**
   * Clock for validity, unix milliseconds.
   *
   * @default Date.now
   */
  now?(): number
}

/**
 * Where {@link loadIdentity} reads: paths of the files that FISCO BCOS's tools write.
 */
export interface IdentityFiles extends IdentityInit {
  /**
   * `node.key`: PEM, PKCS#8 or SEC1.
   */
  key: string

  /**
   * `node.crt`: PEM, the node's certificate, then its agency's, then perhaps the root.
   */
  cert: string

  /**
   * `ca.crt`: PEM, one or more trusted CAs.
   */
  ca: string

  /**
   * CRLs, in PEM or DER. Certificates of their issuers are accepted only as long as there is one that is not out of date.
   *
   * @default none
   */
  crls?: ReadonlyArray<{ file: string, softFail?: boolean }>
}

/**
 * The contents of those files, for {@link createIdentity}.
 */
export interface IdentityPem extends IdentityInit {
  key: string
  cert: string
  ca: string
  crls?: readonly CrlFile[]

  /**
   * How errors call each of them.
   *
   * @default node.key, node.crt and ca.crt
   */
  names?: { key: string, cert: string, ca: string }
}

/**
 * Loads a node's identity from its files and checks that they fit: the key belongs to the certificate, the
 * certificate is of a key type that can be a PeerId, is valid today and not revoked, and leads to a CA of `ca.crt`.
 *
 * @throws IdentityError that names the file, the rule and what to do
 */
export async function loadIdentity (files: IdentityFiles, options: AbortOptions = {}): Promise<Identity> {
  return createIdentity(await readIdentityFiles(files, options))
}

/**
 * Reads the files of {@link loadIdentity}, and nothing more.
 *
 * @throws IdentityError if one cannot be read
 */
export async function readIdentityFiles (files: IdentityFiles, options: AbortOptions = {}): Promise<IdentityPem> {
  const [key, cert, ca] = await Promise.all([files.key, files.cert, files.ca].map(async file => {
    return Buffer.from(await readIdentityFile(file, 'check data_path and the file names in [network_security]', options)).toString()
  }))
  const crls = await Promise.all((files.crls ?? []).map(async ({ file, softFail }) => {
    return { name: file, softFail, content: await readIdentityFile(file, 'a CRL that is configured must be there: put it there, or take it out of [network_security]', options) }
  }))

  return { ...files, key, cert, ca, crls, names: { key: files.key, cert: files.cert, ca: files.ca } }
}

/**
 * As {@link loadIdentity}, from PEM texts.
 *
 * @throws IdentityError that names the part, the rule and what to do
 */
export function createIdentity (pem: IdentityPem): Identity {
  const { key, certificates, anchors, crls, names } = readParts(pem)
  const trust = new TrustStore(anchors, pem.now, { policy: pem.policy })
  trust.update({ crls, deniedSerials: pem.deniedSerials })

  return new Identity({ key, chain: judgeOwn(names.cert, certificates, trust), trust, networkId: pem.networkId ?? networkIdOf(anchors, pem.chainId ?? '1') })
}

/**
 * What {@link reloadIdentity} found changed.
 */
export interface IdentityChanges {
  /**
   * The node has other certificates.
   */
  certificate: boolean

  /**
   * Other CAs are trusted.
   */
  anchors: boolean

  /**
   * Other CRLs or serial numbers are configured.
   */
  revocations: boolean
}

/**
 * Gives a running node's identity the contents of its files as they are now: a renewed certificate for the same key, other trusted CAs, other
 * CRLs, other denied serial numbers. All of it, or nothing: what was there before stays if the node's own certificate would not be accepted. The
 * network ID stays what it was; it must be given where the CAs change.
 *
 * A node whose own certificate is revoked goes on: it is the others that refuse it.
 *
 * @throws IdentityError that names the part, the rule and what to do; the identity is then as it was
 */
export function reloadIdentity (identity: Identity, pem: IdentityPem): IdentityChanges {
  const { trust } = identity
  const { key, certificates, anchors, crls, names } = readParts({ ...pem, now: trust.now })

  if (!sameKey(createPublicKey(key), identity.certificate.publicKey)) {
    throw new IdentityError(names.key, 'key-mismatch', `it is of another node (${describeKey(createPublicKey(key))}) than the one that runs (${identity.nodeId}): a node with a new key is started anew, see "A node changes its key" in docs/OPERATIONS.md`)
  }

  // it would connect with nobody after its next start
  if (pem.networkId == null && !same(anchors, trust.anchors)) {
    throw new IdentityError(names.ca, 'network-id', `it holds other CAs than before, and the network's ID follows from them, so this node would belong to another network after its next start: first write network_id=${Buffer.from(identity.networkId).toString('hex')} into [chain] of config.ini, on every node`)
  }

  const chain = judgeOwn(names.cert, certificates, new TrustStore(anchors, trust.now, { policy: trust.policy }))
  const changes = {
    certificate: !same(chain, identity.chain),
    anchors: !same(anchors, trust.anchors),
    revocations: !sameCrls(crls, trust.configuredCrls) || !sameDenials(pem.deniedSerials ?? [], trust.deniedSerials)
  }

  if (changes.anchors || changes.revocations) {
    trust.update({ anchors: changes.anchors ? anchors : undefined, crls, deniedSerials: pem.deniedSerials ?? [] })
  }

  if (changes.certificate) {
    identity.renew(chain)
  }

  return changes
}

interface Parts {
  key: KeyObject
  certificates: Certificate[]
  anchors: Certificate[]
  crls: CrlSource[]
  names: Required<IdentityPem>['names']
}

function readParts (pem: IdentityPem): Parts {
  const names = pem.names ?? { key: 'node.key', cert: 'node.crt', ca: 'ca.crt' }
  const key = parseKey(names.key, pem.key, pem.passphrase)
  const certificates = parseCertificates(names.cert, pem.cert)
  const anchors = parseAnchors(names.ca, pem.ca)

  checkLeafKey(names.cert, certificates[0])
  checkKeyBelongs(names, key, certificates[0])

  return { key, certificates, anchors, crls: parseCrls(pem.crls ?? [], (pem.now ?? Date.now)()), names }
}

/**
 * @returns the path, without the trusted CA
 */
function judgeOwn (file: string, certificates: readonly Certificate[], trust: TrustStore): Certificate[] {
  try {
    // the root that FISCO BCOS's tools append to node.crt is not shown to others: they have their own
    return trust.judge(certificates.filter((certificate, i) => i === 0 || !certificate.selfIssued)).path
  } catch (err) {
    throw err instanceof CertificateRefusedError ? new IdentityError(file, err.rule, err.message, { cause: err }) : err
  }
}

function same (a: readonly Certificate[], b: readonly Certificate[]): boolean {
  return a.length === b.length && a.every((certificate, i) => certificate.equals(b[i]))
}

function sameCrls (a: readonly CrlSource[], b: readonly CrlSource[]): boolean {
  return a.length === b.length && a.every(({ crl, name, softFail }, i) => crl.hash === b[i].crl.hash && name === b[i].name && (softFail ?? false) === (b[i].softFail ?? false))
}

function sameDenials (a: readonly SerialDenial[], b: readonly SerialDenial[]): boolean {
  return a.length === b.length && a.every(({ issuerKeyHash, serial }, i) => issuerKeyHash === b[i].issuerKeyHash && serial === b[i].serial)
}

function checkLeafKey (file: string, leaf: Certificate): void {
  try {
    nodeIdFromPublicKey(publicKeyFromKeyObject(leaf.publicKey))
  } catch (err) {
    throw new IdentityError(file, 'unsupported-key', `its first certificate (${leaf.subject}) cannot be a node's: ${err.message}`, { cause: err })
  }
}

function checkKeyBelongs (names: { key: string, cert: string }, key: KeyObject, leaf: Certificate): void {
  const certified = nodeIdFromPublicKey(publicKeyFromKeyObject(leaf.publicKey))
  const publicKey = createPublicKey(key)

  if (!sameKey(publicKey, leaf.publicKey)) {
    throw new IdentityError(names.key, 'key-mismatch', `it does not belong to the certificate in ${names.cert}: the key is of node ${describeKey(publicKey)}, the certificate of node ${certified}; take both from the same node's folder`)
  }
}

function describeKey (key: KeyObject): string {
  try {
    return nodeIdFromPublicKey(publicKeyFromKeyObject(key))
  } catch {
    return `(none: a key of type ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType})`
  }
}
