import { isCrlReason } from './crl.ts'
import { InvalidParametersError } from './errors.ts'
import type { Issued } from './authority.ts'
import type { CrlReason } from './crl.ts'

/**
 * What `openssl ca` writes where it was told more than a reason (`-crl_hold`, `-crl_compromise`, `-crl_CA_compromise`).
 */
const PSEUDO_REASONS = new Map<string, CrlReason>([['holdInstruction', 'certificateHold'], ['keyTime', 'keyCompromise'], ['CAkeyTime', 'CACompromise']])

/**
 * One certificate in an issuing index.
 */
export interface IndexEntry {
  /**
   * `V` valid, `R` revoked, `E` expired.
   */
  status: 'V' | 'R' | 'E'

  /**
   * When the certificate ends.
   */
  notAfter: Date

  /**
   * When, and perhaps why, it was revoked, as OpenSSL writes it: `YYMMDDHHMMSSZ[,reason]`. Empty if it was not.
   */
  revocation: string

  /**
   * Serial number, upper-case hex.
   */
  serial: string

  /**
   * Where a copy of the certificate lies, relative to the index; `unknown` if there is none.
   */
  file: string

  /**
   * Subject as `/CN=node0/O=fisco-bcos/OU=node`, with `\\xHH` for each byte that is not printable ASCII.
   */
  subject: string
}

/**
 * The entry for a certificate that was just issued.
 *
 * @param file - where a copy of it lies, relative to the index
 */
export function indexEntry (issued: Pick<Issued, 'name' | 'role' | 'serial' | 'notAfter'>, file: string): IndexEntry {
  return {
    status: 'V',
    notAfter: issued.notAfter,
    revocation: '',
    serial: issued.serial,
    file,
    subject: `/CN=${oneLine(issued.name)}/O=fisco-bcos/OU=${issued.role}`
  }
}

/**
 * Writes an index in the format of OpenSSL's `ca` command (`index.txt`): a line per certificate, six columns between
 * tabs, so that `openssl ca` can revoke from it and make a CRL of it.
 */
export function formatIndex (entries: readonly IndexEntry[]): string {
  return entries.map(entry => [
    entry.status, formatTime(entry.notAfter), entry.revocation, entry.serial, entry.file, entry.subject
  ].join('\t') + '\n').join('')
}

/**
 * Reads an index that {@link formatIndex} or OpenSSL wrote.
 *
 * @throws InvalidParametersError with the line that cannot be read
 */
export function parseIndex (text: string): IndexEntry[] {
  return text.split('\n').flatMap((line, i) => {
    const columns = line.replace(/\r$/, '').split('\t')

    if (columns.length === 1 && columns[0] === '') {
      return []
    }

    const [status, end, revocation, serial, file, subject] = columns
    const notAfter = parseTime(end ?? '')

    if (columns.length !== 6 || !isStatus(status) || notAfter == null || !/^([0-9A-F]{2})+$/.test(serial) || (status === 'R') !== (revocation !== '')) {
      throw new InvalidParametersError(`line ${i + 1} of the index cannot be read: it must have six columns between tabs (status V, R or E, end, revocation, serial, file, subject)`)
    }

    return [{ status, notAfter, revocation, serial, file, subject }]
  })
}

function isStatus (text: string): text is IndexEntry['status'] {
  return text === 'V' || text === 'R' || text === 'E'
}

/**
 * The revocation column for a certificate that is revoked now.
 *
 * @param date - a whole second
 */
export function formatRevocation (date: Date, reason: CrlReason): string {
  return reason === 'unspecified' ? formatTime(date) : `${formatTime(date)},${reason}`
}

/**
 * What a revocation column says, undefined if it has no date. A reason that no CRL can have counts as `unspecified`:
 * the certificate is revoked all the same.
 */
export function parseRevocation (text: string): { date: Date, reason: CrlReason } | undefined {
  const [time, reason = ''] = text.split(',')
  const date = parseTime(time)

  return date == null ? undefined : { date, reason: PSEUDO_REASONS.get(reason) ?? (isCrlReason(reason) ? reason : 'unspecified') }
}

/**
 * ASN.1 time as in the certificate: two digits of the year until 2049, four after (RFC 5280 section 4.1.2.5).
 */
function formatTime (date: Date): string {
  const digits = date.toISOString().replace(/\.\d+Z$/, 'Z').replaceAll(/[-:T]/g, '')

  return date.getUTCFullYear() <= 2049 ? digits.slice(2) : digits
}

function parseTime (text: string): Date | undefined {
  const match = text.match(/^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/)

  if (match == null) {
    return undefined
  }

  const [, year, month, day, hours, minutes, seconds] = match
  const century = year.length === 4 ? '' : Number(year) < 50 ? '20' : '19'
  const date = new Date(`${century}${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`)

  // Date.parse makes 31 February the 3rd of March
  return Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day) ? undefined : date
}

/**
 * Text as OpenSSL's one-line names have it.
 */
function oneLine (text: string): string {
  return [...Buffer.from(text)].map(byte => {
    return byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}
