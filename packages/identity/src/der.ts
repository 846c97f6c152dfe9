import { MAX_CERTIFICATE_BYTES, MAX_DER_DEPTH } from './constants.ts'
import { primitiveProblem, constructedProblem } from './der-check.ts'
import { InvalidDerError } from './errors.ts'

/**
 * Identifier octets of the types that certificates are made of.
 */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31
} as const

const CONSTRUCTED = 0x20

/**
 * One element of a DER encoding.
 */
export interface DerNode {
  /**
   * Identifier octet: class, constructed bit and tag number (0 to 30).
   */
  tag: number

  /**
   * The whole element, header included.
   */
  raw: Uint8Array

  /**
   * What it holds, without its header.
   */
  content: Uint8Array

  /**
   * The elements in a constructed one; none in a primitive one.
   */
  children: DerNode[]
}

/**
 * Reads one DER element (X.690 sections 8 and 10) and all that is in it, strictly: lengths are definite and in their
 * shortest form, primitive values canonical, sets in order, nothing follows the element, the nesting is at most 16
 * deep and the whole at most 16 KiB. Two encodings of one value, which two parsers may read in two ways, do not exist.
 *
 * @param maxBytes - another limit for the whole
 * @throws InvalidDerError, and nothing else, whatever the bytes are
 */
export function decodeDer (bytes: Uint8Array, maxBytes = MAX_CERTIFICATE_BYTES): DerNode {
  checkSize(bytes, maxBytes)

  const node = readNode(bytes, 0, bytes.byteLength, 1)

  if (node.raw.byteLength < bytes.byteLength) {
    throw new InvalidDerError('bytes follow its end', node.raw.byteLength)
  }

  return node
}

/**
 * The elements that stand in one constructed DER element, as bytes: what is in them is not looked at, so this costs the same for any
 * size. For signatures, which are verified before what they sign is read.
 *
 * @throws InvalidDerError if the element, or one in it, is cut off, or bytes follow its end
 */
export function splitDer (bytes: Uint8Array, maxBytes: number): Uint8Array[] {
  checkSize(bytes, maxBytes)

  const outer = contentStart(bytes, 0, bytes.byteLength)
  const elements: Uint8Array[] = []

  if (outer.at + outer.length < bytes.byteLength) {
    throw new InvalidDerError('bytes follow its end', outer.at + outer.length)
  }

  for (let at = outer.at; at < bytes.byteLength;) {
    const inner = contentStart(bytes, at, bytes.byteLength)

    elements.push(bytes.subarray(at, inner.at + inner.length))
    at = inner.at + inner.length
  }

  return elements
}

function checkSize (bytes: Uint8Array, maxBytes: number): void {
  if (bytes.byteLength > maxBytes) {
    throw new InvalidDerError(`it has ${bytes.byteLength} bytes, more than ${maxBytes}`, 0)
  }
}

function readNode (bytes: Uint8Array, start: number, end: number, depth: number): DerNode {
  if (depth > MAX_DER_DEPTH) {
    throw new InvalidDerError(`it is nested more than ${MAX_DER_DEPTH} deep`, start)
  }

  const tag = bytes[start]
  const from = contentStart(bytes, start, end)
  const to = from.at + from.length

  const node: DerNode = { tag, raw: bytes.subarray(start, to), content: bytes.subarray(from.at, to), children: [] }
  const problem = (tag & CONSTRUCTED) === 0 ? primitiveProblem(tag, node.content) : readChildren(bytes, from.at, to, depth, node)

  if (problem != null) {
    throw new InvalidDerError(problem, start)
  }

  return node
}

function readChildren (bytes: Uint8Array, start: number, end: number, depth: number, node: DerNode): string | undefined {
  for (let at = start; at < end;) {
    const child = readNode(bytes, at, end, depth + 1)

    node.children.push(child)
    at += child.raw.byteLength
  }

  return constructedProblem(node.tag, node.children)
}

function contentStart (bytes: Uint8Array, start: number, end: number): { at: number, length: number } {
  if (end - start < 2) {
    throw new InvalidDerError('an element is cut off', start)
  }

  if ((bytes[start] & 0x1f) === 0x1f) {
    throw new InvalidDerError('a tag number is above 30', start)
  }

  const first = bytes[start + 1]
  const octets = first < 0x80 ? 0 : first & 0x7f
  const at = start + 2 + octets

  // three length octets count to 16 MiB; more than enough, and no sum can overflow
  if (first === 0x80 || octets > 3) {
    throw new InvalidDerError(first === 0x80 ? 'a length is indefinite' : 'a length is too large', start + 1)
  }

  if (at > end) {
    throw new InvalidDerError('an element is cut off', start)
  }

  const length = octets === 0 ? first : bytes.subarray(start + 2, at).reduce((value, octet) => value * 256 + octet, 0)

  if (octets > 0 && (length < 0x80 || bytes[start + 2] === 0)) {
    throw new InvalidDerError('a length is not in its shortest form', start + 1)
  }

  if (length > end - at) {
    throw new InvalidDerError('an element is longer than what it stands in', start)
  }

  return { at, length }
}

/**
 * Takes the elements of a constructed one in their order: each one named, none left over.
 */
export class DerFields {
  readonly #nodes: DerNode[]
  readonly #what: string
  #at = 0

  /**
   * @param what - the type that is read, for errors
   * @throws InvalidDerError if the node is not of that tag
   */
  constructor (node: DerNode, what: string, tag: number = TAG.sequence) {
    if (node.tag !== tag) {
      throw new InvalidDerError(`${what} is of another type`, 0)
    }

    this.#nodes = node.children
    this.#what = what
  }

  /**
   * The next element, which must be of one of these tags.
   *
   * @throws InvalidDerError
   */
  next (...tags: number[]): DerNode {
    const node = this.#nodes[this.#at++]

    if (node == null || (tags.length > 0 && !tags.includes(node.tag))) {
      throw new InvalidDerError(`${this.#what} lacks a field, or has one of another type`, 0)
    }

    return node
  }

  /**
   * The next element if it is of this tag.
   */
  optional (tag: number): DerNode | undefined {
    return this.#nodes[this.#at]?.tag === tag ? this.#nodes[this.#at++] : undefined
  }

  /**
   * All elements that are left.
   */
  rest (): DerNode[] {
    const at = this.#at
    this.#at = this.#nodes.length

    return this.#nodes.slice(at)
  }

  /**
   * Nothing may be left.
   *
   * @throws InvalidDerError
   */
  end (): void {
    if (this.#at < this.#nodes.length) {
      throw new InvalidDerError(`${this.#what} has more fields than it may have`, 0)
    }
  }
}
