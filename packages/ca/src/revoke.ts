import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { checkCrlDays, checkIssuer, checkReason } from './check.ts'
import { DEFAULT_CRL_DAYS } from './constants.ts'
import { InvalidParametersError } from './errors.ts'
import { findByCertificate, findNode } from './find-issued.ts'
import { formatRevocation, parseRevocation } from './index-file.ts'
import { issuerCertificate, issuerFiles, issuersOf, read, readCertificate, readIndex, readIndexes } from './issuer-files.ts'
import { withLocks } from './lock.ts'
import { signNextCrl, writeNextCrl } from './next-crl.ts'
import type { REVOCATION_REASONS } from './constants.ts'
import type { CrlReason } from './crl.ts'
import type { FoundCertificate } from './find-issued.ts'
import type { IndexEntry } from './index-file.ts'
import type { IndexedCertificate, IssuerFiles, IssuerName } from './issuer-files.ts'
import type { NextCrl, WrittenCrl } from './next-crl.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Options of {@link publishCrl}, and of {@link revoke}.
 */
export interface CrlFileOptions {
  /**
   * The folder that `writeChain` wrote.
   */
  chain: string

  /**
   * Days until the next CRL has to be there, 1 to 3,650.
   *
   * @default 30
   */
  days?: number

  /**
   * The passphrase of the CA's key (`agency.key`, `ca.key`), where that is encrypted.
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
 * Options of {@link publishCrl}.
 */
export interface PublishCrlOptions extends CrlFileOptions {
  /**
   * Whose CRL.
   *
   * @default 'agency'
   */
  issuer?: IssuerName
}

/**
 * Options of {@link revoke}: either `node` or `file`.
 */
export interface RevokeOptions extends CrlFileOptions {
  /**
   * The node: its name, its node ID, or at least 8 digits that no other node's ID begins with.
   */
  node?: string

  /**
   * A PEM file whose first certificate is one of the node, or of the agency.
   */
  file?: string

  /**
   * Why: one of the reasons that OpenSSL's index has.
   *
   * @default 'unspecified'
   */
  reason?: RevocationReason
}

/**
 * Why a certificate is revoked, as far as OpenSSL's index can hold it: `openssl ca` reads no index with another reason.
 */
export type RevocationReason = typeof REVOCATION_REASONS[number]

/**
 * A certificate that is revoked.
 */
export interface RevokedCertificate {
  /**
   * Who issued it.
   */
  issuer: IssuerName

  /**
   * Lower-case hex.
   */
  serial: string

  /**
   * As `CN=node0, O=fisco-bcos, OU=node`.
   */
  subject: string

  /**
   * The copy beside the index, absolute.
   */
  file: string

  /**
   * Since when, and why.
   */
  date: Date
  reason: CrlReason

  /**
   * Whether it was revoked before. Date and reason are those of then.
   */
  before: boolean
}

/**
 * What {@link revoke} did.
 */
export interface Revocation {
  /**
   * Whose certificates they are; undefined for an agency.
   */
  nodeId?: NodeId

  /**
   * All certificates of that key.
   */
  certificates: RevokedCertificate[]

  /**
   * The CRLs that list them: one, or one of each issuer where the agency and the root both issued for the node.
   */
  crls: WrittenCrl[]

  /**
   * Lines for `[certificate_blacklist]` of a `config.ini`: the node ID as `crl.0=`, each certificate as `serial.N=<SHA-256 of the issuer's
   * SubjectPublicKeyInfo>:<serial>`. The numbers are to be changed where they are taken.
   */
  deny: string[]

  /**
   * Valid certificates whose copies cannot be read: nobody knows whether they are of the same key.
   */
  unread: Array<{ issuer: IssuerName, serial: string, file: string }>
}

/**
 * Revokes all certificates of a node that this chain's CAs issued, or all of an agency, and writes the CRL that says so: `agency/agency.crl`,
 * for what the root issued `ca.crl`. Index, number and CRL are replaced in this order, each as a whole: after a crash, the same call
 * completes it. It may be called again at any time, and writes a CRL each time.
 *
 * @throws InvalidParametersError if it is no certificate of this chain, or may be several nodes; nothing was changed
 * @throws ChainNotFoundError if there is no issuing index
 * @throws PassphraseError if the CA's key is encrypted, and the passphrase is missing or wrong; nothing was changed
 * @throws InvalidChainError if the CA's key is not there, or a file cannot be read; nothing was changed
 * @throws ChainLockedError if somebody else is at work on the index; nothing was changed
 */
export async function revoke (options: RevokeOptions): Promise<Revocation> {
  const { node, file, now = Date.now } = options
  const reason = checkReason(options.reason ?? 'unspecified')
  const days = checkCrlDays(options.days ?? DEFAULT_CRL_DAYS)

  if ((node ?? '') === '' ? (file ?? '') === '' : file != null) {
    throw new InvalidParametersError('give either node or file, who is to be revoked')
  }

  const chain = resolve(options.chain)
  const issuers = await issuersOf(chain)
  const certificate = file == null ? undefined : await readCertificate(resolve(file))

  return withLocks(issuers.map(({ lock }) => lock), async () => {
    const issued = await readIndexes(issuers)
    const found = certificate == null ? findNode(issued, node ?? '') : await findByCertificate(issued, certificate, chain)
    const time = Math.floor(now() / 1000) * 1000
    const affected = issuers.filter(({ issuer }) => found.some(one => one.issuer === issuer))
    const next: NextCrl[] = []

    // all is signed before anything is written
    for (const files of affected) {
      const entries = issued.filter(({ issuer }) => issuer === files.issuer)
      const { index, changed } = markRevoked(entries, found, formatRevocation(new Date(time), reason))
      next.push(await signNextCrl(files, index, { changed, days, now: time, passphrase: options.passphrase }))
    }

    const deny = await denyLines(affected, found)
    const crls: WrittenCrl[] = []

    for (const crl of next) {
      crls.push(await writeNextCrl(crl))
    }

    return {
      nodeId: found.find(({ nodeId }) => nodeId != null)?.nodeId,
      certificates: found.map(one => describe(one, { date: new Date(time), reason })),
      crls,
      deny,
      unread: unreadOf(issued, found)
    }
  })
}

/**
 * Writes the next CRL of a CA, with a number of its own, and revokes nothing. To be called before the last one's `nextUpdate`.
 *
 * @throws InvalidParametersError, ChainNotFoundError, PassphraseError, InvalidChainError and ChainLockedError as {@link revoke}
 */
export async function publishCrl (options: PublishCrlOptions): Promise<WrittenCrl> {
  const { now = Date.now } = options
  const files = issuerFiles(resolve(options.chain), checkIssuer(options.issuer ?? 'agency'))
  const days = checkCrlDays(options.days ?? DEFAULT_CRL_DAYS)

  await issuersOf(resolve(options.chain))
  // before there is a lock beside it
  await read(files.index)

  return withLocks([files.lock], async () => {
    const entries = (await readIndex(files)).map(({ entry }) => entry)

    return writeNextCrl(await signNextCrl(files, entries, { changed: false, days, now: now(), passphrase: options.passphrase }))
  })
}

function markRevoked (issued: readonly IndexedCertificate[], found: readonly FoundCertificate[], revocation: string): { index: IndexEntry[], changed: boolean } {
  const serials = new Set(found.filter(({ issuer }) => issuer === issued[0].issuer).map(({ entry }) => entry.serial))
  const isNew = ({ serial, status }: IndexEntry): boolean => serials.has(serial) && status !== 'R'

  return {
    index: issued.map(({ entry }) => isNew(entry) ? { ...entry, status: 'R', revocation } : entry),
    changed: issued.some(({ entry }) => isNew(entry))
  }
}

async function denyLines (issuers: readonly IssuerFiles[], found: readonly FoundCertificate[]): Promise<string[]> {
  const ids = [...new Set(found.flatMap(({ nodeId }) => nodeId ?? []))]
  const hashes = new Map<IssuerName, string>()

  for (const files of issuers) {
    const { fields } = await issuerCertificate(files)
    hashes.set(files.issuer, createHash('sha256').update(fields.publicKey).digest('hex'))
  }

  return [
    ...ids.map((id, i) => `crl.${i}=${id}`),
    ...found.map(({ issuer, certificate }, i) => `serial.${i}=${hashes.get(issuer)}:${certificate.serial}`)
  ]
}

function describe ({ issuer, entry, certificate, file }: FoundCertificate, fresh: { date: Date, reason: CrlReason }): RevokedCertificate {
  const before = entry.status === 'R'

  return { issuer, serial: certificate.serial, subject: certificate.subject, file, ...before ? parseRevocation(entry.revocation) ?? fresh : fresh, before }
}

function unreadOf (issued: readonly IndexedCertificate[], found: readonly FoundCertificate[]): Revocation['unread'] {
  const done = new Set(found.map(({ entry }) => entry))

  return issued.filter(({ certificate, entry }) => certificate == null && entry.status === 'V' && !done.has(entry))
    .map(({ issuer, entry, file }) => ({ issuer, serial: entry.serial.toLowerCase(), file }))
}
