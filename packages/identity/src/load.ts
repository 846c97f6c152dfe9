import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { certificatesFromPem } from './certificate.ts'
import { MAX_ANCHORS } from './constants.ts'
import { CertificateRefusedError, IdentityError } from './errors.ts'
import { Identity, networkIdOf } from './identity.ts'
import { nodeIdFromPublicKey, publicKeyFromKeyObject } from './node-id.ts'
import { TrustStore } from './trust-store.ts'
import type { Certificate } from './certificate.ts'
import type { IdentityRule } from './errors.ts'
import type { PolicyChoice } from './policy.ts'
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
   * By which policy chains under the trusted CAs are judged: `rfc5280`, `fisco`, or `auto`, which takes `fisco` for a CA
   * that is of X.509 v1 or has no basicConstraints. Set `fisco` for a chain that FISCO BCOS's tools made with OpenSSL
   * 3.2 or later: its root is of v3, and its agencies are not as RFC 5280 wants them.
   *
   * @default 'auto'
   */
  policy?: PolicyChoice

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
}

/**
 * The contents of those files, for {@link createIdentity}.
 */
export interface IdentityPem extends IdentityInit {
  key: string
  cert: string
  ca: string

  /**
   * How errors call each of them.
   *
   * @default node.key, node.crt and ca.crt
   */
  names?: { key: string, cert: string, ca: string }
}

/**
 * Loads a node's identity from its files and checks that they fit: the key belongs to the certificate, the
 * certificate is of a key type that can be a PeerId, is valid today, and leads to a CA of `ca.crt`.
 *
 * @throws IdentityError that names the file, the rule and what to do
 */
export async function loadIdentity (files: IdentityFiles, options: AbortOptions = {}): Promise<Identity> {
  const [key, cert, ca] = await Promise.all([files.key, files.cert, files.ca].map(async file => readText(file, options)))

  return createIdentity({ ...files, key, cert, ca, names: { key: files.key, cert: files.cert, ca: files.ca } })
}

/**
 * As {@link loadIdentity}, from PEM texts.
 *
 * @throws IdentityError that names the part, the rule and what to do
 */
export function createIdentity (pem: IdentityPem): Identity {
  const names = pem.names ?? { key: 'node.key', cert: 'node.crt', ca: 'ca.crt' }
  const key = parseKey(names.key, pem.key, pem.passphrase)
  const certificates = parseCertificates(names.cert, pem.cert)
  const anchors = parseCertificates(names.ca, pem.ca)

  if (anchors.length > MAX_ANCHORS) {
    throw new IdentityError(names.ca, 'too-many-anchors', `it holds ${anchors.length} certificates; at most ${MAX_ANCHORS} CAs can be trusted`)
  }

  const trust = new TrustStore(anchors, pem.now, { policy: pem.policy })

  checkLeafKey(names.cert, certificates[0])
  checkKeyBelongs(names, key, certificates[0])

  try {
    // the root that FISCO BCOS's tools append to node.crt is not shown to others: they have their own
    const { path } = trust.judge(certificates.filter((certificate, i) => i === 0 || !certificate.selfIssued))

    return new Identity({ key, chain: path, trust, networkId: networkIdOf(anchors, pem.chainId ?? '1') })
  } catch (err) {
    throw err instanceof CertificateRefusedError ? new IdentityError(names.cert, err.rule, err.message, { cause: err }) : err
  }
}

async function readText (file: string, options: AbortOptions): Promise<string> {
  try {
    return await readFile(file, { encoding: 'utf8', signal: options.signal })
  } catch (err) {
    options.signal?.throwIfAborted()

    throw new IdentityError(file, 'unreadable', `${err.code === 'ENOENT' ? 'the file does not exist' : err.message}; check data_path and the file names in [network_security]`, { cause: err })
  }
}

function parseKey (file: string, pem: string, passphrase?: string): KeyObject {
  // `openssl ecparam -genkey` writes an EC PARAMETERS block before the key
  const block = pem.match(/-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[\s\S]+?-----END \1-----/)?.[0]

  if (block == null) {
    throw new IdentityError(file, 'not-pem', 'it holds no private key in PEM (PKCS#8 or SEC1): is it the right file?')
  }

  try {
    return createPrivateKey({ key: block, passphrase })
  } catch (err) {
    const encrypted = /ENCRYPTED/.test(block)
    const rule: IdentityRule = encrypted ? 'passphrase' : 'malformed'

    throw new IdentityError(file, rule, encrypted ? `the key is encrypted, and the passphrase is ${passphrase == null ? 'missing' : 'wrong'}` : `the key cannot be read: ${err.message}`, { cause: err })
  }
}

function parseCertificates (file: string, pem: string): Certificate[] {
  try {
    const certificates = certificatesFromPem(pem)

    if (certificates.length === 0) {
      throw new IdentityError(file, 'not-pem', 'it holds no certificate in PEM: is it the right file?')
    }

    return certificates
  } catch (err) {
    throw err instanceof CertificateRefusedError ? new IdentityError(file, err.rule, err.message, { cause: err }) : err
  }
}

function checkLeafKey (file: string, leaf: Certificate): void {
  try {
    publicKeyFromKeyObject(leaf.publicKey)
  } catch (err) {
    throw new IdentityError(file, 'unsupported-key', `its first certificate (${leaf.subject}) cannot be a node's: ${err.message}`, { cause: err })
  }
}

function checkKeyBelongs (names: { key: string, cert: string }, key: KeyObject, leaf: Certificate): void {
  const certified = nodeIdFromPublicKey(publicKeyFromKeyObject(leaf.publicKey))
  const publicKey = createPublicKey(key)

  if (!publicKey.equals(leaf.publicKey)) {
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
