import { createHash } from 'node:crypto'
import { MAX_VALUE_BYTES, NEIGHBOURS_ENTRY, SHORT_ID_BYTES } from './constants.ts'
import { Memory } from './memory.ts'
import type { RecordFields } from './record.ts'
import type { NodeId } from '@fisco-libp2p/identity'

type Described = Pick<RecordFields, 'nodeId' | 'entries'>

/**
 * Which nodes are connected with which.
 */
export type Links = Map<NodeId, Set<NodeId>>

const SHORT_ID_LENGTH = 2 * SHORT_ID_BYTES
const NOBODY: ReadonlySet<string> = new Set()

/**
 * Both are functions of what they are remembered for, so all nodes of a process share them.
 */
const shortIds = new Memory<string>(16_384)
const named = new WeakMap<Uint8Array, ReadonlySet<string>>()

/**
 * Most neighbours that an entry names.
 */
export const MAX_NAMED_NEIGHBOURS = MAX_VALUE_BYTES / SHORT_ID_BYTES

/**
 * The value of the entry that names a node's neighbours; beyond 2,048 of them, some.
 */
export function neighboursEntry (neighbours: Iterable<NodeId>): Uint8Array {
  const sorted = Array.from(neighbours, shortIdOf).sort().slice(0, MAX_NAMED_NEIGHBOURS)

  return new Uint8Array(Buffer.from(sorted.join(''), 'hex'))
}

/**
 * Whether the owner of a record says that a node is its neighbour.
 */
export function namesNeighbour (record: Pick<RecordFields, 'entries'>, nodeId: NodeId): boolean {
  return neighboursOf(record).has(shortIdOf(nodeId))
}

/**
 * The nodes that are in the network: those that are connected to this one, and those that can be reached from there over links of which
 * both ends name each other.
 *
 * @param records - all that are known
 * @param connected - neighbours of this node
 */
export function reachable (records: Iterable<Described>, connected: ReadonlySet<NodeId>): Set<NodeId> {
  const unreached = new Map<string, Described>()
  const reached = new Set<NodeId>()
  const queue: Described[] = []

  for (const record of records) {
    if (connected.has(record.nodeId)) {
      queue.push(record)
    } else {
      unreached.set(shortIdOf(record.nodeId), record)
    }
  }

  for (let record = queue.pop(); record != null; record = queue.pop()) {
    reached.add(record.nodeId)

    for (const shortId of unreached.size === 0 ? NOBODY : neighboursOf(record)) {
      const other = unreached.get(shortId)

      if (other != null && namesNeighbour(other, record.nodeId)) {
        unreached.delete(shortId)
        queue.push(other)
      }
    }
  }

  return reached
}

/**
 * Who is connected with whom: links of which both ends name each other.
 *
 * @param records - all that are known
 */
export function linksOf (records: readonly Described[]): Links {
  const byShortId = new Map(records.map(record => [shortIdOf(record.nodeId), record]))

  return new Map(records.map(record => [record.nodeId, new Set(Array.from(neighboursOf(record), shortId => byShortId.get(shortId)).flatMap(other => {
    return other != null && namesNeighbour(other, record.nodeId) ? [other.nodeId] : []
  }))]))
}

/**
 * The same after one node names others: a node that changes that all the time must not have all links looked at each time. The map is another one, the sets in it are
 * those of the map before.
 *
 * @param record - the node's new one
 * @param records - all that are known
 */
export function linksAfter (links: Links, record: Described, records: readonly Described[]): Links {
  const own = new Set<NodeId>()

  for (const other of records) {
    if (other.nodeId !== record.nodeId && namesNeighbour(record, other.nodeId) && namesNeighbour(other, record.nodeId)) {
      own.add(other.nodeId)
      links.get(other.nodeId)?.add(record.nodeId)
    } else {
      links.get(other.nodeId)?.delete(record.nodeId)
    }
  }

  return new Map(links).set(record.nodeId, own)
}

/**
 * Whether two records of a node name the same neighbours.
 */
export function equalNeighbours (a: Pick<RecordFields, 'entries'> | undefined, b: Pick<RecordFields, 'entries'>): boolean {
  const [one, other] = [a, b].map(record => record?.entries.get(NEIGHBOURS_ENTRY))

  return a != null && Buffer.compare(one ?? new Uint8Array(0), other ?? new Uint8Array(0)) === 0
}

function neighboursOf ({ entries }: Pick<RecordFields, 'entries'>): ReadonlySet<string> {
  const entry = entries.get(NEIGHBOURS_ENTRY)

  if (entry == null) {
    return NOBODY
  }

  let neighbours = named.get(entry)

  if (neighbours == null) {
    const hex = Buffer.from(entry).toString('hex')
    neighbours = new Set(Array.from({ length: Math.floor(hex.length / SHORT_ID_LENGTH) }, (_, i) => hex.slice(i * SHORT_ID_LENGTH, (i + 1) * SHORT_ID_LENGTH)))
    named.set(entry, neighbours)
  }

  return neighbours
}

function shortIdOf (nodeId: NodeId): string {
  let shortId = shortIds.get(nodeId)

  if (shortId == null) {
    shortId = createHash('sha256').update(nodeId, 'hex').digest('hex').slice(0, SHORT_ID_LENGTH)
    shortIds.set(nodeId, shortId)
  }

  return shortId
}
