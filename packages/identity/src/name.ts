import { MAX_NAME_LENGTH } from './constants.ts'
import { latin1, oidText } from './der-values.ts'
import { DerFields, TAG } from './der.ts'
import type { DerNode } from './der.ts'

const OID_COMMON_NAME = '2.5.4.3'
const SHORT_NAMES: Record<string, string> = { [OID_COMMON_NAME]: 'CN', '2.5.4.10': 'O', '2.5.4.11': 'OU', '2.5.4.6': 'C', '2.5.4.8': 'ST', '2.5.4.7': 'L' }

/**
 * A distinguished name: as it was read, and in a form for comparisons.
 */
export interface Name {
  /**
   * Its relative distinguished names, in order.
   */
  rdns: NameAttribute[][]

  /**
   * One text for each relative distinguished name: equal if and only if they match (see {@link parseName}).
   */
  canonical: string[]

  /**
   * The same as one text.
   */
  key: string
}

/**
 * One attribute of a name.
 */
export interface NameAttribute {
  /**
   * OID.
   */
  type: string

  /**
   * Its text; hex of the DER where its value is no string.
   */
  text: string
}

/**
 * Reads a Name. Two names match if their attributes do, in whatever string type each is written: letter case and
 * surplus spaces do not count (RFC 5280 section 7.1, by RFC 4518: NFKC, case folded, spaces collapsed). Attributes of one
 * relative distinguished name are a set.
 *
 * @throws InvalidDerError
 */
export function parseName (node: DerNode): Name {
  const sets = new DerFields(node, 'a name').rest().map(rdn => new DerFields(rdn, 'a relative distinguished name', TAG.set).rest().map(attribute => {
    const fields = new DerFields(attribute, 'an attribute of a name')
    const type = oidText(fields.next(TAG.oid).content)
    const value = fields.next()
    fields.end()

    const text = stringValue(value)

    return { type, text: text ?? hex(value.raw), canonical: JSON.stringify([type, text == null ? value.tag : '', text == null ? hex(value.raw) : fold(text)]) }
  }))
  const canonical = sets.map(attributes => attributes.map(attribute => attribute.canonical).sort().join())

  return { rdns: sets.map(attributes => attributes.map(({ type, text }) => ({ type, text }))), canonical, key: canonical.join('\n') }
}

function fold (text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim()
}

/**
 * The text of a string type, or undefined if the value is of another type.
 */
function stringValue ({ tag, content }: DerNode): string | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)

  switch (tag) {
    case TAG.utf8String:
      return bytes.toString('utf8')
    case 0x12: // NumericString
    case 0x13: // PrintableString
    case 0x14: // TeletexString, which everybody reads as Latin-1
    case 0x16: // IA5String
    case 0x1a: // VisibleString
      return latin1(bytes)
    case 0x1c: // UniversalString
      return String.fromCodePoint(...codePoints(bytes))
    case 0x1e: // BMPString
      return Buffer.from(bytes).swap16().toString('utf16le')
    default:
      return undefined
  }
}

function codePoints (bytes: Buffer): number[] {
  return Array.from({ length: bytes.byteLength / 4 }, (_, i) => Math.min(bytes.readUInt32BE(i * 4), 0x10ffff))
}

/**
 * The text of a name's common name, bounded and without control characters; empty if it has none.
 */
export function commonNameOf (name: Name): string {
  return printable(name.rdns.flat().find(attribute => attribute.type === OID_COMMON_NAME)?.text ?? '')
}

/**
 * A name as `CN=node0, O=fisco-bcos, OU=node`: for people, bounded and without control characters.
 */
export function describeName (name: Name): string {
  return name.rdns.slice(0, 8).flatMap(rdn => rdn.slice(0, 2)).map(({ type, text }) => `${SHORT_NAMES[type] ?? type}=${printable(text)}`).join(', ')
}

/**
 * Text that somebody else wrote, made fit for a log line: no control characters, no bidirectional overrides, bounded.
 */
export function printable (text: string, maxLength = MAX_NAME_LENGTH): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is removed here
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '?')

  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean
}

function hex (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
