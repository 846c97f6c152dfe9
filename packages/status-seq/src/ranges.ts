import { createHash } from 'node:crypto'
import { COMPARE_PARTS, DIGEST_BYTES } from './constants.ts'
import type { NodeVersion, Version } from './merge.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Node IDs from one on, and before another one, compared as hex. The bounds may be beginnings of node IDs.
 */
export interface Range {
  /**
   * Empty: from the beginning.
   */
  from: string

  /**
   * Undefined: to the end.
   */
  to?: string
}

/**
 * All node IDs.
 */
export const EVERYTHING: Range = { from: '' }

/**
 * The digest of one of several ranges.
 */
export interface Part {
  digest: string
  to?: string
}

/**
 * Whether a node ID lies in a range.
 */
export function inRange ({ from, to }: Range, nodeId: NodeId): boolean {
  return nodeId >= from && (to == null || nodeId < to)
}

/**
 * What lies in a range.
 *
 * @param versions - by ascending node ID
 */
export function within <T extends NodeVersion> (versions: readonly T[], { from, to }: Range): readonly T[] {
  return versions.slice(firstFrom(versions, from), to == null ? versions.length : firstFrom(versions, to))
}

/**
 * Stands for some records: the first 16 bytes of SHA-256 over their hashes by ascending node ID, in hex. Two tables with the same records in
 * a range have the same digest of it.
 *
 * @param versions - by ascending node ID
 */
export function digestOf (versions: readonly Version[]): string {
  // in one piece: this is most of what a comparison costs
  return createHash('sha256').update(versions.map(({ hash }) => hash).join(''), 'hex').digest().toString('hex', 0, DIGEST_BYTES)
}

/**
 * Cuts a range into parts with about as many nodes each.
 *
 * @param versions - what lies in the range, by ascending node ID
 */
export function split (versions: readonly NodeVersion[], range: Range): Part[] {
  const parts: Part[] = []
  const count = Math.min(COMPARE_PARTS, versions.length)

  for (let i = 0, from = 0; i < count; i++) {
    const end = Math.floor(versions.length * (i + 1) / count)
    const to = i === count - 1 ? range.to : boundBetween(versions[end - 1].nodeId, versions[end].nodeId)
    parts.push({ digest: digestOf(versions.slice(from, end)), to })
    from = end
  }

  return parts
}

/**
 * The ranges that the parts of a comparison speak of.
 */
export function rangesOf ({ from, parts }: { from: string, parts: readonly Part[] }): Range[] {
  return parts.map(({ to }, i) => ({ from: i === 0 ? from : parts[i - 1].to ?? '', to }))
}

/**
 * The shortest whole bytes at which the second of two node IDs begins, and the first does not reach.
 */
function boundBetween (before: NodeId, after: NodeId): string {
  let bytes = 1

  while (before.slice(0, 2 * bytes) === after.slice(0, 2 * bytes)) {
    bytes++
  }

  return after.slice(0, 2 * bytes)
}

/**
 * The place of the first node from a bound on.
 *
 * @param versions - by ascending node ID
 */
export function firstFrom (versions: readonly NodeVersion[], bound: string): number {
  let [low, high] = [0, versions.length]

  while (low < high) {
    const middle = (low + high) >> 1

    if (versions[middle].nodeId < bound) {
      low = middle + 1
    } else {
      high = middle
    }
  }

  return low
}
