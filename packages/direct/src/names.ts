import { InvalidParametersError } from '@libp2p/interface'
import { fromString } from 'uint8arrays'
import { MAX_NAME_LENGTH } from './constants.ts'
import { InvalidFrameError } from './errors.ts'

// Names are few and come again and again, while the conversions cost as much as everything else about a small frame.
const SLOTS = 64
const MAX_ENCODED = 1024

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const decoded: Array<{ bytes: Uint8Array, name: string } | undefined> = new Array(SLOTS).fill(undefined)
const encoded = new Map<string, Uint8Array>()

/**
 * The bytes of a handler's name.
 *
 * @throws InvalidParametersError if it is empty, longer than 255 bytes, or not well-formed
 */
export function encodeName (name: string): Uint8Array {
  let bytes = encoded.get(name)

  if (bytes == null) {
    bytes = fromString(name)

    if (bytes.length === 0 || bytes.length > MAX_NAME_LENGTH) {
      throw new InvalidParametersError(`The name of a handler has 1 to ${MAX_NAME_LENGTH} bytes of UTF-8, this one has ${bytes.length}`)
    }

    if (decoder.decode(bytes) !== name) {
      throw new InvalidParametersError('The name of a handler has half of a surrogate pair, which has no UTF-8')
    }

    if (encoded.size === MAX_ENCODED) {
      encoded.clear()
    }

    encoded.set(name, bytes)
  }

  return bytes
}

/**
 * Reads a handler's name.
 *
 * @throws InvalidFrameError if it is empty or not UTF-8
 */
export function decodeName (buf: Uint8Array, at: number, length: number): string {
  if (length === 0) {
    throw new InvalidFrameError('name', 'the name of the handler is empty')
  }

  const slot = (length * 31 + buf[at] * 7 + buf[at + length - 1]) % SLOTS
  const known = decoded[slot]

  if (known != null && equals(known.bytes, buf, at, length)) {
    return known.name
  }

  const bytes = buf.slice(at, at + length)

  try {
    const name = decoder.decode(bytes)
    decoded[slot] = { bytes, name }

    return name
  } catch {
    throw new InvalidFrameError('name', 'the name of the handler is not UTF-8')
  }
}

function equals (bytes: Uint8Array, buf: Uint8Array, at: number, length: number): boolean {
  if (bytes.length !== length) {
    return false
  }

  for (let i = 0; i < length; i++) {
    if (bytes[i] !== buf[at + i]) {
      return false
    }
  }

  return true
}
