import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { certificatesFromPem, nodeIdFromPublicKey, publicKeyFromKeyObject } from '@fisco-libp2p/identity'
import { AGENCY_CERT, AGENCY_CRL, AGENCY_DIR, AGENCY_KEY, CA_CERT, CA_CRL, CA_KEY, CRL_NUMBER, INDEX, INDEX_LOCK } from './constants.ts'
import { ChainNotFoundError, InvalidChainError, PassphraseError } from './errors.ts'
import { parseIndex } from './index-file.ts'
import { readKey } from './keys.ts'
import { copyOf } from './layout.ts'
import { openAuthority } from './open.ts'
import { ifThere } from './replace-file.ts'
import type { CertificateAuthority } from './authority.ts'
import type { IndexEntry } from './index-file.ts'
import type { Certificate, NodeId } from '@fisco-libp2p/identity'

/**
 * Which CA of a chain's folder: the agency, which issues for the nodes, or the root, which issues for the agency.
 */
export type IssuerName = 'agency' | 'root'

/**
 * The files of one CA in a chain's folder, absolute.
 */
export interface IssuerFiles {
  issuer: IssuerName
  dir: string
  cert: string
  key: string

  /**
   * The root's certificate.
   */
  root: string
  index: string
  lock: string
  crl: string

  /**
   * The number of the next CRL.
   */
  crlNumber: string
}

/**
 * A line of an issuing index, and the copy of its certificate.
 */
export interface IndexedCertificate {
  issuer: IssuerName
  entry: IndexEntry

  /**
   * Where the copy lies, absolute.
   */
  file: string

  /**
   * Undefined where there is no copy that can be read, or it is not the certificate of this line.
   */
  certificate?: Certificate

  /**
   * Undefined for a CA, and for a key that no node can have.
   */
  nodeId?: NodeId
}

/**
 * Where the files of a CA lie.
 *
 * @param chain - the folder that `writeChain` wrote, absolute
 */
export function issuerFiles (chain: string, issuer: IssuerName): IssuerFiles {
  const [dir, cert, key, crl] = issuer === 'root' ? [chain, CA_CERT, CA_KEY, CA_CRL] : [join(chain, AGENCY_DIR), AGENCY_CERT, AGENCY_KEY, AGENCY_CRL]

  return {
    issuer,
    dir,
    cert: join(dir, cert),
    key: join(dir, key),
    root: join(chain, CA_CERT),
    index: join(dir, INDEX),
    lock: join(dir, INDEX_LOCK),
    crl: join(dir, crl),
    crlNumber: join(dir, CRL_NUMBER)
  }
}

/**
 * The CAs of a chain's folder that have an issuing index here: somebody may keep the root's elsewhere. The agency first.
 *
 * @throws ChainNotFoundError if there is none
 */
export async function issuersOf (chain: string): Promise<IssuerFiles[]> {
  const found: IssuerFiles[] = []

  for (const files of [issuerFiles(chain, 'agency'), issuerFiles(chain, 'root')]) {
    if (await ifThere(readFile(files.index)) != null) {
      found.push(files)
    }
  }

  if (found.length === 0) {
    throw new ChainNotFoundError(chain, `it holds no issuing index (${AGENCY_DIR}/${INDEX} or ${INDEX})`)
  }

  return found
}

/**
 * Reads an issuing index and the copies of its certificates.
 *
 * @throws InvalidChainError if there is no index, or a line of it cannot be read
 */
export async function readIndex (files: IssuerFiles): Promise<IndexedCertificate[]> {
  const text = await read(files.index)
  let entries: IndexEntry[]

  try {
    entries = parseIndex(text)
  } catch (err) {
    throw new InvalidChainError(files.index, err.message, { cause: err })
  }

  const issued: IndexedCertificate[] = []

  // one after the other: a system has only so many files open
  for (const entry of entries) {
    // `openssl ca` writes copies, but does not say so in the index
    const file = resolve(files.dir, entry.file === 'unknown' ? copyOf(entry.serial) : entry.file)
    issued.push({ issuer: files.issuer, entry, file, ...await readCopy(file, entry.serial) })
  }

  return issued
}

/**
 * The issuing indexes of several CAs as one list.
 *
 * @throws InvalidChainError as {@link readIndex}
 */
export async function readIndexes (issuers: readonly IssuerFiles[]): Promise<IndexedCertificate[]> {
  const issued: IndexedCertificate[][] = []

  for (const files of issuers) {
    issued.push(await readIndex(files))
  }

  return issued.flat()
}

async function readCopy (file: string, serial: string): Promise<Pick<IndexedCertificate, 'certificate' | 'nodeId'>> {
  try {
    const [certificate] = certificatesFromPem(await readFile(file, 'utf8'))

    return certificate?.serial.toUpperCase() === serial ? { certificate, nodeId: nodeIdOf(certificate) } : {}
  } catch {
    return {}
  }
}

/**
 * The node ID that a certificate certifies: undefined for a CA, and for a key that no node can have.
 *
 * @throws CertificateRefusedError if its extensions cannot be read
 */
export function nodeIdOf (certificate: Certificate): NodeId | undefined {
  if (certificate.basicConstraints?.ca === true) {
    return undefined
  }

  try {
    return nodeIdFromPublicKey(publicKeyFromKeyObject(certificate.publicKey))
  } catch {
    return undefined
  }
}

/**
 * Takes up the CA, to sign with it.
 *
 * @param passphrase - of the CA's key, where that is encrypted
 * @throws PassphraseError if that is missing or wrong
 * @throws InvalidChainError if its key or its certificate is not there, with the file, or cannot be used, with the folder
 */
export async function openIssuer (files: IssuerFiles, now: () => number, passphrase?: string): Promise<CertificateAuthority> {
  const key = await read(files.key)
  const cert = await read(files.cert)
  const root = await read(files.root)

  try {
    return openAuthority({ key: readKey(key, passphrase, files.key), cert, root, now })
  } catch (err) {
    if (err instanceof PassphraseError) {
      throw err
    }

    throw new InvalidChainError(files.dir, `the key and the certificate of its CA cannot be used: ${err.message}`, { cause: err })
  }
}

/**
 * The certificate of the CA.
 *
 * @throws InvalidChainError if it is not there or cannot be read
 */
export async function issuerCertificate (files: IssuerFiles): Promise<Certificate> {
  return readCertificate(files.cert)
}

/**
 * The first certificate of a PEM file.
 *
 * @throws InvalidChainError if there is none, or it cannot be read
 */
export async function readCertificate (file: string): Promise<Certificate> {
  const pem = await read(file)

  try {
    const [certificate] = certificatesFromPem(pem)

    if (certificate != null) {
      return certificate
    }
  } catch (err) {
    throw new InvalidChainError(file, err.message, { cause: err })
  }

  throw new InvalidChainError(file, 'it holds no certificate in PEM')
}

/**
 * The text of a file of the chain.
 *
 * @throws InvalidChainError if it cannot be read
 */
export async function read (file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (err) {
    throw new InvalidChainError(file, err.code === 'ENOENT' ? 'the file does not exist: bring it back to this place for this command' : `it cannot be read: ${err.message}`, { cause: err })
  }
}
