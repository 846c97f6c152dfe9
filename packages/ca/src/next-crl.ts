import { readFile } from 'node:fs/promises'
import { createCrl, crlNumberOf } from './crl.ts'
import { InvalidChainError } from './errors.ts'
import { formatIndex, parseRevocation } from './index-file.ts'
import { openIssuer } from './issuer-files.ts'
import { ifThere, replaceFile } from './replace-file.ts'
import type { CrlEntry } from './crl.ts'
import type { IndexEntry } from './index-file.ts'
import type { IssuerFiles, IssuerName } from './issuer-files.ts'

/**
 * A CRL that was written.
 */
export interface WrittenCrl {
  /**
   * Who signed it.
   */
  issuer: IssuerName

  /**
   * Absolute.
   */
  file: string
  number: bigint
  thisUpdate: Date

  /**
   * When the next one has to be there.
   */
  nextUpdate: Date

  /**
   * How many certificates it lists.
   */
  revoked: number
}

/**
 * A CRL that is signed, and what has to be written with it.
 */
export interface NextCrl extends WrittenCrl {
  files: IssuerFiles
  pem: string

  /**
   * The whole index, where it changes.
   */
  index?: string
}

/**
 * Signs the next CRL of a CA, and writes nothing.
 *
 * @param entries - the index as it shall be
 * @param changed - whether it is to be written as well
 * @throws PassphraseError if the CA's key is encrypted, and the passphrase is missing or wrong
 * @throws InvalidChainError if the CA's key, its index or its `crlnumber` cannot be used
 */
export async function signNextCrl (files: IssuerFiles, entries: readonly IndexEntry[], options: { changed: boolean, days?: number, now: number, passphrase?: string }): Promise<NextCrl> {
  const authority = await openIssuer(files, () => options.now, options.passphrase)
  const revoked = entries.filter(({ status }) => status === 'R').map(entry => revokedEntry(files, entry))
  const number = await nextNumber(files)

  try {
    const { pem, thisUpdate, nextUpdate } = createCrl(authority, { revoked, number, days: options.days })

    return {
      issuer: files.issuer, file: files.crl, number, thisUpdate, nextUpdate, revoked: revoked.length, files, pem, index: options.changed ? formatIndex(entries) : undefined
    }
  } catch (err) {
    throw new InvalidChainError(files.dir, `its CRL cannot be made: ${err.message}`, { cause: err })
  }
}

/**
 * Writes a CRL. First the index: what stands there is in the next CRL, whatever becomes of this one. Then the number,
 * which may be skipped, but never used twice.
 */
export async function writeNextCrl ({ files, pem, index, ...crl }: NextCrl): Promise<WrittenCrl> {
  if (index != null) {
    await replaceFile(files.index, index)
  }

  await replaceFile(files.crlNumber, `${evenHex(crl.number + 1n)}\n`)
  await replaceFile(files.crl, pem)

  return crl
}

function revokedEntry (files: IssuerFiles, { serial, revocation }: IndexEntry): CrlEntry {
  const parsed = parseRevocation(revocation)

  if (parsed == null) {
    throw new InvalidChainError(files.index, `the line of serial ${serial} does not say when it was revoked: its third column must be YYMMDDHHMMSSZ[,reason]`)
  }

  return { serial, ...parsed }
}

/**
 * What `crlnumber` says, or more where the CRL that is there has that number already: the file may have been lost, or
 * come back from a copy of last week's.
 */
async function nextNumber (files: IssuerFiles): Promise<bigint> {
  const text = (await ifThere(readFile(files.crlNumber, 'utf8')))?.trim() ?? '01'
  const last = crlNumberOf(await ifThere(readFile(files.crl, 'utf8')) ?? '') ?? 0n

  if (!/^[0-9a-f]{1,40}$/i.test(text)) {
    throw new InvalidChainError(files.crlNumber, 'it must hold the number of the next CRL in hex: write a number there that is greater than that of every CRL so far')
  }

  const next = BigInt(`0x${text}`)

  return next > last ? next : last + 1n
}

function evenHex (value: bigint): string {
  const hex = value.toString(16).toUpperCase()

  return hex.length % 2 === 0 ? hex : `0${hex}`
}
