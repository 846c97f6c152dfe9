import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { nodeIdFromPublicKey, publicKeyFromKeyObject } from '@fisco-libp2p/identity'
import { AsnConvert } from '@peculiar/asn1-schema'
import * as asn1 from '@peculiar/asn1-x509'
import { serialNumber, signCertificate, subjectName, validity } from './certificate.ts'
import { checkInteger, checkName } from './check.ts'
import { SERIAL_BYTES } from './constants.ts'
import { InvalidParametersError } from './errors.ts'
import { extensionsFor, subjectKeyId } from './extensions.ts'
import { generateKey, keyToPem, keyTypeOf, plainPublicKey, publicKeyInfo, readKey } from './keys.ts'
import type { ValidityOptions } from './certificate.ts'
import type { Role } from './extensions.ts'
import type { KeySource, KeyType } from './keys.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { KeyObject } from 'node:crypto'

/**
 * What {@link createChainCa}, {@link createAgency} and {@link issueNode} share.
 */
export interface IssueOptions extends ValidityOptions {
  /**
   * Kind of the new key.
   *
   * @default the issuer's kind; for a chain CA, and for a node under a P-256 issuer, secp256k1
   */
  keyType?: KeyType

  /**
   * The key to certify, instead of a new one: to renew a certificate, say.
   */
  key?: KeySource

  /**
   * The passphrase of {@link key}, where that is an encrypted PEM.
   */
  passphrase?: string
}

/**
 * Options of {@link createChainCa}.
 */
export interface ChainCaOptions extends IssueOptions {
  /**
   * Name of the chain: the common name of its root certificate.
   *
   * @default 'chain'
   */
  name?: string
}

/**
 * Options of {@link createAgency}.
 */
export interface AgencyOptions extends IssueOptions {
  /**
   * Name of the agency. FISCO BCOS shows it as the agency of each node that it issues for.
   *
   * @default 'agency'
   */
  name?: string

  /**
   * How many CAs may stand below this agency (RFC 5280 section 4.2.1.9). With 0 it issues for nodes alone, so that
   * nobody who steals an agency's key makes further, hidden agencies. FISCO BCOS's tools set no limit, its nodes
   * accept both.
   *
   * @default 0
   */
  pathLength?: number
}

/**
 * Options of {@link issueNode}.
 */
export interface NodeOptions extends IssueOptions {
  /**
   * Name of the node.
   */
  name: string

  /**
   * The public key to certify, where nobody but the node has the private one. The `key` of what is issued is an empty text then.
   */
  publicKey?: KeyObject

  /**
   * Limit the certificate to these uses: `serverAuth`, `clientAuth`, or OIDs. A node dials and listens, so it needs
   * both or no limit.
   *
   * @default no limit, as FISCO BCOS's tools issue
   */
  extendedKeyUsage?: readonly string[]

  /**
   * Certify a P-256 key as well. No node can run with such a certificate; it serves to test that it is refused.
   *
   * @default false
   */
  allowUnsupportedKeyType?: boolean
}

/**
 * A certificate and its key, all in memory.
 */
export interface Issued {
  readonly name: string
  readonly role: Role
  readonly keyType: KeyType

  /**
   * The private key, PKCS#8 PEM, not encrypted. Secret. Empty for a node whose public key alone was given.
   */
  readonly key: string

  /**
   * The certificate, then those of the CAs above it without the root, PEM. For a root, the root.
   */
  readonly cert: string

  /**
   * The certificate alone, PEM.
   */
  readonly leaf: string

  /**
   * The root's certificate, PEM: what the others trust.
   */
  readonly root: string

  /**
   * The certificate alone, DER.
   */
  readonly der: Uint8Array

  /**
   * Serial number in upper-case hex, as OpenSSL prints it.
   */
  readonly serial: string
  readonly notBefore: Date
  readonly notAfter: Date
}

/**
 * A CA: the chain's, or an agency. Plain data; keep it secret, because it holds the key.
 */
export interface CertificateAuthority extends Issued {
  readonly role: 'chain' | 'agency'

  /**
   * How many CAs may stand below it; undefined for any number.
   */
  readonly pathLength?: number

  /**
   * Clock, unix milliseconds.
   */
  now(): number
}

/**
 * A node's certificate and key.
 */
export interface IssuedNode extends Issued {
  readonly role: 'node'

  /**
   * The node ID of the key. For a P-256 key (see {@link NodeOptions.allowUnsupportedKeyType}) X and Y in hex, which is
   * no valid node ID.
   */
  readonly nodeId: NodeId
}

/**
 * Makes a chain's CA: a new key and a self-signed root certificate (X.509 v3, CA:TRUE).
 *
 * @throws InvalidParametersError
 */
export async function createChainCa (options: ChainCaOptions = {}): Promise<CertificateAuthority> {
  const now = options.now ?? Date.now

  return { ...await issue('chain', checkName('name of the chain', options.name ?? 'chain'), options), role: 'chain', now }
}

/**
 * Issues the certificate of an agency: a CA below the chain's, which issues the certificates of its nodes.
 *
 * @throws InvalidParametersError, also when the issuer must not have CAs below it
 */
export async function createAgency (ca: CertificateAuthority, options: AgencyOptions = {}): Promise<CertificateAuthority> {
  const pathLength = checkInteger('pathLength', options.pathLength ?? 0, 0, 16)
  const now = options.now ?? ca.now

  if (ca.pathLength != null && pathLength >= ca.pathLength) {
    throw new InvalidParametersError(`${ca.role} "${ca.name}" may have ${ca.pathLength} CAs below it, so it cannot issue an agency with pathLength ${pathLength}`)
  }

  return { ...await issue('agency', checkName('name of the agency', options.name ?? 'agency'), { ...options, pathLength }, ca), role: 'agency', pathLength, now }
}

/**
 * Issues the certificate of a node, by an agency or by the chain's CA itself.
 *
 * @throws InvalidParametersError
 */
export async function issueNode (issuer: CertificateAuthority, options: NodeOptions): Promise<IssuedNode> {
  const keyType = options.keyType ?? (options.key != null || options.publicKey != null || issuer.keyType !== 'p256' ? undefined : 'secp256k1')
  const node = await issue('node', checkName('name of the node', options.name), { ...options, keyType }, issuer)

  return { ...node, role: 'node', nodeId: nodeIdOf(new X509Certificate(node.der).publicKey) }
}

interface IssueParts extends IssueOptions {
  publicKey?: KeyObject
  pathLength?: number
  extendedKeyUsage?: readonly string[]
  allowUnsupportedKeyType?: boolean
}

async function issue (role: Role, name: string, options: IssueParts, issuer?: CertificateAuthority): Promise<Issued> {
  const period = validity(options, (options.now ?? issuer?.now ?? Date.now)(), issuer?.notAfter)
  const key = await keyFor(role, options, issuer)
  const keyType = keyTypeOf(key)
  const publicKey = publicKeyInfo(key)
  const serial = serialNumber(randomBytes(SERIAL_BYTES))
  const subject = subjectName(name, role)
  const above = issuer == null ? undefined : AsnConvert.parse(issuer.der, asn1.Certificate).tbsCertificate

  const der = signCertificate({
    ...period,
    serial,
    subject,
    issuer: above?.subject ?? subject,
    publicKey,
    extensions: extensionsFor({ ...options, role, keyType, publicKey, issuerKeyId: above == null ? undefined : subjectKeyId(above) })
  }, issuer == null ? key : createPrivateKey(issuer.key))
  const leaf = new X509Certificate(der).toString()

  return {
    name,
    role,
    keyType,
    key: key.type === 'public' ? '' : keyToPem(key),
    cert: issuer == null || issuer.role === 'chain' ? leaf : leaf + issuer.cert,
    leaf,
    root: issuer?.root ?? leaf,
    der,
    serial: Buffer.from(serial).toString('hex').toUpperCase(),
    ...period
  }
}

async function keyFor (role: Role, options: IssueParts, issuer?: CertificateAuthority): Promise<KeyObject> {
  const key = givenKey(options) ?? await generateKey(options.keyType ?? issuer?.keyType ?? 'secp256k1')
  const keyType = keyTypeOf(key)

  if (options.keyType != null && options.keyType !== keyType) {
    throw new InvalidParametersError(`key is of type ${keyType}, not ${options.keyType}`)
  }

  if (role === 'node' && keyType === 'p256' && options.allowUnsupportedKeyType !== true) {
    throw new InvalidParametersError('a node cannot have a P-256 key, because js-libp2p has no PeerId for it: use secp256k1, ed25519 or rsa')
  }

  return key
}

function givenKey ({ key, passphrase, publicKey }: IssueParts): KeyObject | undefined {
  if (key != null && publicKey != null) {
    throw new InvalidParametersError('give either key or publicKey')
  }

  return publicKey != null ? plainPublicKey(publicKey) : key == null ? undefined : readKey(key, passphrase)
}

function nodeIdOf (key: KeyObject): NodeId {
  const { crv, x, y } = key.export({ format: 'jwk' })

  return crv === 'P-256' ? Buffer.concat([x, y].map(part => Buffer.from(part ?? '', 'base64url'))).toString('hex') : nodeIdFromPublicKey(publicKeyFromKeyObject(key))
}
