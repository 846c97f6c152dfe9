import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What orders the records of one node.
 */
export interface Version {
  /**
   * Grows with every start of the owner; unix milliseconds of the start as a rule.
   */
  incarnation: number

  /**
   * Grows with every change; begins at 1 after a start.
   */
  seq: number

  /**
   * SHA-256 of the encoded record, lower-case hex.
   */
  hash: string
}

/**
 * A version, and whose it is.
 */
export interface NodeVersion extends Version {
  nodeId: NodeId
}

/**
 * Orders two versions of one node's record: by incarnation, then by seq, so a restart with a smaller seq is still newer. An
 * honest owner never signs two records with the same numbers; where one did, the smaller hash counts as the newer, and all
 * nodes come to keep the same one whatever the order in which they see them.
 *
 * @returns above 0 if `a` is the newer, below 0 if `b` is, 0 if they are the same record
 */
export function compareVersions (a: Version, b: Version): number {
  return a.incarnation - b.incarnation || a.seq - b.seq || (a.hash === b.hash ? 0 : a.hash < b.hash ? 1 : -1)
}

/**
 * Whether two different records have the same numbers: evidence that their owner, or somebody with its key, signed both.
 */
export function equivocates (a: Version, b: Version): boolean {
  return a.incarnation === b.incarnation && a.seq === b.seq && a.hash !== b.hash
}

/**
 * The newer of two records of one node: commutative, associative and idempotent, so any order and repetition of messages
 * ends in the same table.
 */
export function newest <T extends Version> (a: T, b: T): T {
  return compareVersions(a, b) >= 0 ? a : b
}
