import { sealRecord } from '@fisco-libp2p/status-seq'
import type { Identity } from '@fisco-libp2p/identity'
import type { NodeVersion, SealedRecord, TravellingRecord, Version } from '@fisco-libp2p/status-seq'

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

/**
 * A signed record with one entry.
 */
export function seal (identity: Identity, seq = 1, value = 'x', incarnation = 1_000): SealedRecord {
  return sealRecord(identity, { incarnation, seq, entries: new Map([['name', bytes(value)]]) })
}

export function travelling (sealed: SealedRecord, age = 0): TravellingRecord {
  return { bytes: sealed.bytes, signature: sealed.signature, chain: sealed.chain, age }
}

export function version ({ nodeId, incarnation, seq, hash }: NodeVersion): NodeVersion {
  return { nodeId, incarnation, seq, hash }
}

/**
 * A record that nobody signed, for parts that take proven ones.
 */
export function unsigned (nodeId: string, { incarnation, seq, hash }: Version): SealedRecord {
  const signed = { bytes: bytes(hash), signature: bytes(''), chain: [] }

  return { nodeId, incarnation, seq, hash, ...signed, validUntil: Infinity, record: Object.create(null) }
}
