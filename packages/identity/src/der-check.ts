import { isAscii, isUtf8 } from 'node:buffer'
import type { DerNode } from './der.ts'

const CONSTRUCTED = 0x20
const SEQUENCE = 0x30
const SET = 0x31

/**
 * Types that DER encodes in a constructed form: EXTERNAL, EMBEDDED PDV, SEQUENCE, SET. All others are primitive.
 */
const CONSTRUCTED_TYPES = [8, 11, 16, 17]

/**
 * What is wrong with the value of a primitive element by the rules for its universal type (X.690 sections 8 to 11), or
 * undefined. Values under a tag of another class are opaque here: who reads them checks them.
 *
 * @param tag - identifier octet, without the constructed bit
 */
export function primitiveProblem (tag: number, content: Uint8Array): string | undefined {
  if (tag > 0x1e) {
    return undefined
  }

  if (tag === 0 || tag === 15 || CONSTRUCTED_TYPES.includes(tag)) {
    return `an element of type ${tag} must not be primitive`
  }

  return CHECKS[tag]?.(content)
}

/**
 * What is wrong with a constructed element: strings are never constructed in DER, and the elements of a set stand in
 * the order of their encodings (X.690 sections 10.2 and 11.6).
 */
export function constructedProblem (tag: number, children: readonly DerNode[]): string | undefined {
  if (tag < 0x40 && tag !== SEQUENCE && tag !== SET && !CONSTRUCTED_TYPES.includes(tag & ~CONSTRUCTED)) {
    return `an element of type ${tag & ~CONSTRUCTED} must not be constructed`
  }

  if (tag === SET && children.some((child, i) => i > 0 && Buffer.compare(children[i - 1].raw, child.raw) > 0)) {
    return 'the elements of a set are not in order'
  }

  return undefined
}

const CHECKS: Partial<Record<number, (content: Uint8Array) => string | undefined>> = {
  1: content => content.byteLength === 1 && (content[0] === 0 || content[0] === 0xff) ? undefined : 'a boolean is neither 00 nor ff',
  2: integerProblem,
  3: bitStringProblem,
  5: content => content.byteLength === 0 ? undefined : 'a null has a value',
  6: oidProblem,
  10: integerProblem,
  12: content => isUtf8(content) ? undefined : 'a UTF8String is no UTF-8',
  18: asciiProblem,
  19: asciiProblem,
  22: asciiProblem,
  23: content => matches(content, /^\d{12}Z$/) ? undefined : 'a UTCTime is not YYMMDDhhmmssZ',
  24: content => matches(content, /^\d{14}(\.\d*[1-9])?Z$/) ? undefined : 'a GeneralizedTime is not YYYYMMDDhhmmssZ',
  26: asciiProblem,
  28: content => content.byteLength % 4 === 0 ? undefined : 'a UniversalString has an odd length',
  30: content => content.byteLength % 2 === 0 ? undefined : 'a BMPString has an odd length'
}

/**
 * What is wrong with the value of an INTEGER, or undefined: it has at least one octet, and no more than it needs.
 */
export function integerProblem (content: Uint8Array): string | undefined {
  if (content.byteLength === 0) {
    return 'an integer has no value'
  }

  const padded = content.byteLength > 1 && ((content[0] === 0 && content[1] < 0x80) || (content[0] === 0xff && content[1] >= 0x80))

  return padded ? 'an integer is not in its shortest form' : undefined
}

function bitStringProblem (content: Uint8Array): string | undefined {
  const unused = content[0]

  if (content.byteLength === 0 || unused > 7 || (unused > 0 && content.byteLength === 1)) {
    return 'a bit string has a wrong number of unused bits'
  }

  return (content[content.byteLength - 1] & ((1 << unused) - 1)) !== 0 ? 'the unused bits of a bit string are not zero' : undefined
}

function oidProblem (content: Uint8Array): string | undefined {
  if (content.byteLength === 0 || content[content.byteLength - 1] >= 0x80) {
    return 'an object identifier is cut off'
  }

  return content.some((octet, i) => octet === 0x80 && (i === 0 || content[i - 1] < 0x80)) ? 'an object identifier is not in its shortest form' : undefined
}

function asciiProblem (content: Uint8Array): string | undefined {
  return isAscii(content) ? undefined : 'a string has other characters than ASCII'
}

function matches (content: Uint8Array, pattern: RegExp): boolean {
  return content.byteLength < 40 && pattern.test(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1'))
}
