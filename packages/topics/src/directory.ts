import { MAX_DIRECTORY_ENTRY_BYTES, MAX_FOLLOWED_TOPICS, STATUS_ENTRY } from './constants.ts'
import { TooManyTopicsError } from './errors.ts'
import { topicNameFault } from './names.ts'
import { FollowedTopics } from './pb/messages.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What the directory reads of a node's status record.
 */
export interface DirectoryRecord {
  nodeId: NodeId
  entries: ReadonlyMap<string, Uint8Array>
}

/**
 * Encodes the status entry that says which topics a node follows.
 *
 * @throws TooManyTopicsError if they are more than 256, or take more than 16,384 bytes
 */
export function encodeFollowed (names: Iterable<string>): Uint8Array {
  // in one order, so that the same topics are the same bytes
  const sorted = [...names].sort()
  const entry = FollowedTopics.encode({ names: sorted })

  if (sorted.length > MAX_FOLLOWED_TOPICS || entry.byteLength > MAX_DIRECTORY_ENTRY_BYTES) {
    throw new TooManyTopicsError(`${sorted.length} topics take ${entry.byteLength} bytes in the node's status; a node follows at most ${MAX_FOLLOWED_TOPICS} topics, in ${MAX_DIRECTORY_ENTRY_BYTES} bytes: unfollow some, or give them shorter names`)
  }

  return entry
}

/**
 * Reads such an entry of another node. Names that break a rule are left out; bytes that are no entry are no topics.
 */
export function decodeFollowed (entry: Uint8Array): ReadonlySet<string> {
  if (entry.byteLength > MAX_DIRECTORY_ENTRY_BYTES) {
    return new Set()
  }

  try {
    const { names } = FollowedTopics.decode(entry, { limits: { names: MAX_FOLLOWED_TOPICS } })

    return new Set(names.filter(name => topicNameFault(name) == null))
  } catch {
    return new Set()
  }
}

/**
 * Who follows what, by the status records of all nodes.
 */
export class Directory {
  // records change rarely, and are asked for with every publish
  private readonly decoded = new WeakMap<Uint8Array, ReadonlySet<string>>()

  /**
   * The nodes that follow a topic.
   */
  followers (records: Iterable<DirectoryRecord>, topic: string): NodeId[] {
    return [...records].filter(record => this.topicsOf(record).has(topic)).map(({ nodeId }) => nodeId)
  }

  /**
   * The topics that a node follows.
   */
  topicsOf (record: DirectoryRecord): ReadonlySet<string> {
    const entry = record.entries.get(STATUS_ENTRY)

    if (entry == null) {
      return new Set()
    }

    let topics = this.decoded.get(entry)

    if (topics == null) {
      topics = decodeFollowed(entry)
      this.decoded.set(entry, topics)
    }

    return topics
  }
}
