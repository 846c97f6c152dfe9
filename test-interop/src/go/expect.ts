import { createHash } from 'node:crypto'

/**
 * Milliseconds that anything may take.
 */
export const WAIT = 15_000

/**
 * The bytes that the Go node sends as well when it is told a size.
 */
export function pattern (size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i * 7)
}

/**
 * SHA-256 in hex.
 */
export function sha256 (data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * How the entry fisco/neighbours names a node.
 */
export function markOf (nodeId: string): string {
  return sha256(Buffer.from(nodeId, 'hex')).slice(0, 16)
}

/**
 * Throws unless both are the same.
 */
export function equal (what: string, seen: unknown, wanted: unknown): void {
  if (seen !== wanted) {
    throw new Error(`${what}: ${String(seen)} instead of ${String(wanted)}`)
  }
}

/**
 * Throws unless a text has a part.
 */
export function contains (text: string, part: string): string {
  if (!text.includes(part)) {
    throw new Error(`"${text}" does not say "${part}"`)
  }

  return text
}

/**
 * Throws unless a request fails by an error of this name.
 */
export async function rejectsAs (name: string, asked: Promise<unknown>): Promise<string> {
  const err = await asked.then(() => undefined, err => err as Error)
  equal('error', err?.name, name)

  return err?.message ?? ''
}

/**
 * Throws if it takes too long.
 */
export async function within <T> (what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const signal = AbortSignal.timeout(WAIT)
  signal.addEventListener('abort', () => { late.reject(new Error(`waited ${WAIT} ms for ${what}`)) })

  return Promise.race([promise, late.promise])
}
