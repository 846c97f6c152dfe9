import { MAX_ENTRIES, MAX_NAME_BYTES, MAX_RECORD_BYTES, MAX_VALUE_BYTES } from './constants.ts'

/**
 * What a record takes besides its entries (version, node ID of up to 1,024 bytes, numbers), and each entry besides its name
 * and value (tags and lengths), in bytes, rounded up.
 */
const RECORD_OVERHEAD = 1_100
const ENTRY_OVERHEAD = 16

/**
 * What is wrong with the name of an entry, or undefined.
 */
export function nameFault (name: string): string | undefined {
  const bytes = Buffer.byteLength(name)

  if (bytes === 0 || bytes > MAX_NAME_BYTES) {
    return `the name has ${bytes} bytes of UTF-8; 1 to ${MAX_NAME_BYTES} are allowed`
  }

  // U+FFFD is what stands where bytes were no UTF-8, or text was no Unicode
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (!name.isWellFormed() || /[\u0000-\u001f\u007f-\u009f\ufffd]/.test(name)) {
    return 'the name has control characters, or is not Unicode'
  }

  return undefined
}

/**
 * What is wrong with the value of an entry, or undefined.
 */
export function valueFault (value: Uint8Array): string | undefined {
  return value.byteLength > MAX_VALUE_BYTES ? `the value has ${value.byteLength} bytes; at most ${MAX_VALUE_BYTES} are allowed` : undefined
}

/**
 * What is wrong with all entries together, or undefined. It counts a little more than the encoding takes, so what passes
 * here is never refused elsewhere.
 */
export function totalFault (entries: ReadonlyMap<string, Uint8Array>): string | undefined {
  if (entries.size > MAX_ENTRIES) {
    return `the record would have more than ${MAX_ENTRIES} entries`
  }

  let bytes = RECORD_OVERHEAD

  for (const [name, value] of entries) {
    bytes += ENTRY_OVERHEAD + Buffer.byteLength(name) + value.byteLength
  }

  return bytes > MAX_RECORD_BYTES ? `the record would have ${bytes} bytes; at most ${MAX_RECORD_BYTES} are allowed` : undefined
}

/**
 * Orders the names of entries as a record lists them: by their bytes in UTF-8.
 */
export function compareNames (a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/**
 * Whether two sets of entries are the same.
 */
export function equalEntries (a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => {
    const other = b.get(name)

    return other != null && Buffer.compare(value, other) === 0
  })
}
