/**
 * Bytes that are kept for some time: a small view must not hold the whole piece of memory that it came in.
 */
export function toKeep (bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > 2 * bytes.byteLength ? bytes.slice() : bytes
}
