import { toString } from 'uint8arrays'
import { ADDRESSES_ENTRY, MAX_ADDRESSES, NEIGHBOURS_ENTRY, SHORT_ID_BYTES, VERSION_ENTRY } from './constants.ts'
import type { RecordFields } from './record.ts'

/**
 * What a record says of its owner in the entries of this package.
 */
export interface NodeDescription {
  /**
   * Its software, `name/version`; empty if it does not say.
   */
  version: string

  /**
   * Multiaddrs that it listens on, as it says: nobody has tried them.
   */
  addresses: string[]

  /**
   * To how many nodes it is connected.
   */
  neighbours: number
}

/**
 * Reads these entries. Total: what makes no sense is left out.
 */
export function describeRecord ({ entries }: Pick<RecordFields, 'entries'>): NodeDescription {
  return {
    version: textOf(entries.get(VERSION_ENTRY)),
    addresses: textOf(entries.get(ADDRESSES_ENTRY)).split('\n').filter(line => line.startsWith('/')).slice(0, MAX_ADDRESSES),
    neighbours: Math.floor((entries.get(NEIGHBOURS_ENTRY)?.byteLength ?? 0) / SHORT_ID_BYTES)
  }
}

/**
 * The value of the entry with the node's software.
 */
export function versionEntry ({ name, version }: { name: string, version: string }): Uint8Array {
  return new TextEncoder().encode(`${name}/${version}`)
}

/**
 * The value of the entry with the addresses.
 */
export function addressesEntry (addresses: readonly string[]): Uint8Array {
  // without the peer ID, which the owner's certificate tells
  const unique = new Set(addresses.map(address => address.replace(/\/p2p\/[^/]+$/, '')))

  return new Uint8Array(Buffer.from([...unique].sort().slice(0, MAX_ADDRESSES).join('\n')))
}

/**
 * Text of another node, without what would play tricks on a terminal.
 */
function textOf (value: Uint8Array = new Uint8Array()): string {
  return toString(value, 'utf8').replace(/[^\n\P{C}]/gu, '')
}
