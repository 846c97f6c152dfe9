import { InvalidNodeIdError, nodeIdToPeerId, parseNodeId, printable } from '@fisco-libp2p/identity'
import { InvalidParametersError } from '@libp2p/interface'
import { MAX_LIST_ENTRIES, MAX_REPORTED_ENTRIES } from './constants.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * A list of nodes under both spellings of their keys. The PeerId of an RSA key is a hash, from which no node ID can be
 * had before the peer is connected; so the listed nodes are translated, and never the peer.
 */
export interface NodeList {
  /**
   * Node IDs in lower case, in the order in which they were given.
   */
  nodeIds: ReadonlySet<NodeId>

  /**
   * Their PeerIds as text.
   */
  peerIds: ReadonlySet<string>
}

/**
 * Reads one list.
 *
 * @param name - of the list, for errors
 * @throws InvalidParametersError naming the entries that are no node IDs. One bad entry refuses the whole list:
 *   leaving it out would let a node in that the operator meant to keep out, or open an allow list that has no good one
 */
export function parseList (name: string, entries: readonly string[]): NodeList {
  if (!Array.isArray(entries) || entries.length > MAX_LIST_ENTRIES) {
    throw new InvalidParametersError(`The ${name} list must be an array of at most ${MAX_LIST_ENTRIES} node IDs`)
  }

  const nodeIds = new Set<NodeId>()
  const peerIds = new Set<string>()
  const problems: string[] = []

  for (const [index, entry] of entries.entries()) {
    try {
      const nodeId = readNodeId(entry)
      peerIds.add(nodeIdToPeerId(nodeId).toString())
      nodeIds.add(nodeId)
    } catch (err) {
      problems.push(`entry ${index + 1}: ${printable(err.message, 256)}`)
    }
  }

  if (problems.length > 0) {
    const shown = problems.slice(0, MAX_REPORTED_ENTRIES)
    const more = problems.length > shown.length ? ` (and ${problems.length - shown.length} more)` : ''

    throw new InvalidParametersError(`The ${name} list is not used: ${shown.join('; ')}${more}. Correct these entries or remove them`)
  }

  return { nodeIds, peerIds }
}

function readNodeId (entry: unknown): NodeId {
  if (typeof entry !== 'string') {
    throw new InvalidNodeIdError('it is not text')
  }

  return parseNodeId(entry)
}
