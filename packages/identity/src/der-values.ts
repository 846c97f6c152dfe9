import { TAG } from './der.ts'
import { InvalidDerError } from './errors.ts'
import type { DerNode } from './der.ts'

/**
 * Bytes as text, one character per byte: for strings of ASCII.
 */
export function latin1 (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/**
 * An object identifier in dots: `2.5.29.15`.
 */
export function oidText (content: Uint8Array): string {
  const parts: string[] = []
  let value = 0n

  for (const octet of content) {
    value = (value << 7n) | BigInt(octet & 0x7f)

    if (octet >= 0x80) {
      continue
    }

    if (parts.length === 0) {
      // X.690 section 8.19.4: the first number carries the first two parts
      const root = value < 80n ? value / 40n : 2n

      parts.push(root.toString())
      value -= root * 40n
    }

    parts.push(value.toString())
    value = 0n
  }

  return parts.join('.')
}

/**
 * A whole number that limits something: it must not be negative, and above 2^31 - 1 it is that (it limits nothing).
 *
 * @param content - of an INTEGER
 * @throws InvalidDerError
 */
export function limitValue (content: Uint8Array): number {
  if (content[0] >= 0x80) {
    throw new InvalidDerError('a number is negative', 0)
  }

  return content.byteLength > 4 ? 0x7fffffff : Math.min(content.reduce((value, octet) => value * 256 + octet, 0), 0x7fffffff)
}

/**
 * A serial number in lower-case hex, as OpenSSL prints it: of an even length, with a minus sign if it is negative.
 *
 * @param content - of an INTEGER
 */
export function serialText (content: Uint8Array): string {
  const value = BigInt(`0x${Buffer.from(content).toString('hex')}`)
  const negative = content[0] >= 0x80
  const digits = (negative ? (1n << BigInt(content.byteLength * 8)) - value : value).toString(16)

  return `${negative ? '-' : ''}${digits.length % 2 === 0 ? '' : '0'}${digits}`
}

/**
 * The moment that a UTCTime or GeneralizedTime names, unix milliseconds.
 *
 * @throws InvalidDerError if there is no such date, or it has parts of seconds (RFC 5280 section 4.1.2.5)
 */
export function timeValue (node: DerNode): number {
  const text = latin1(node.content)
  // RFC 5280 section 4.1.2.5.1: two digits reach from 1950 to 2049
  const digits = node.tag === TAG.utcTime ? `${text < '50' ? '20' : '19'}${text}` : text
  const iso = digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6.000Z')
  const time = Date.parse(iso)

  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) {
    throw new InvalidDerError('a date does not exist', 0)
  }

  return time
}

/**
 * The octets of a BIT STRING that holds whole octets.
 *
 * @throws InvalidDerError
 */
export function bitStringOctets (node: DerNode): Uint8Array {
  if (node.content[0] !== 0) {
    throw new InvalidDerError('a bit string does not hold whole octets', 0)
  }

  return node.content.subarray(1)
}
