import { BROADCAST_TOPIC, MAX_DIRECTORY_ENTRY_BYTES, MAX_FOLLOWED_TOPICS, STATUS_ENTRY } from './constants.ts'
import { TooManyTopicsError } from './errors.ts'
import { topicName, topicNameFault } from './names.ts'
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
 * What a node's status says about topics.
 */
export interface Followed {
  /**
   * Names of the topics that it follows.
   */
  names: ReadonlySet<string>

  /**
   * Whether messages may be sent to it by unicast; otherwise gossipsub alone brings them.
   */
  unicast: boolean
}

const NOTHING: Followed = { names: new Set(), unicast: false }

/**
 * Encodes the status entry that says which topics a node follows.
 *
 * @throws TooManyTopicsError if they are more than 256, or take more than 16,384 bytes
 */
export function encodeFollowed (names: Iterable<string>, unicast = false): Uint8Array {
  // in one order, so that the same topics are the same bytes
  const sorted = [...names].sort()
  const entry = FollowedTopics.encode({ names: sorted, unicast })

  if (sorted.length > MAX_FOLLOWED_TOPICS || entry.byteLength > MAX_DIRECTORY_ENTRY_BYTES) {
    throw new TooManyTopicsError(`${sorted.length} topics take ${entry.byteLength} bytes in the node's status; a node follows at most ${MAX_FOLLOWED_TOPICS} topics, in ${MAX_DIRECTORY_ENTRY_BYTES} bytes: unfollow some, or give them shorter names`)
  }

  return entry
}

/**
 * Reads such an entry of another node. Names that break a rule are left out; bytes that are no entry are no topics.
 */
export function decodeFollowed (entry: Uint8Array): Followed {
  if (entry.byteLength > MAX_DIRECTORY_ENTRY_BYTES) {
    return NOTHING
  }

  try {
    const { names, unicast } = FollowedTopics.decode(entry, { limits: { names: MAX_FOLLOWED_TOPICS } })

    return { names: new Set(names.filter(name => topicNameFault(name) == null)), unicast }
  } catch {
    return NOTHING
  }
}

/**
 * Who follows what, by the status records of all nodes. Topics are those of gossipsub here: the one of broadcasts is followed by every node that has the entry.
 */
export class Directory {
  // records change rarely, and are asked for with every publish
  private readonly decoded = new WeakMap<Uint8Array, Followed>()

  /**
   * The nodes that follow a topic.
   */
  followers (records: Iterable<DirectoryRecord>, topic: string): NodeId[] {
    return [...records].filter(record => this.follows(record, topic)).map(({ nodeId }) => nodeId)
  }

  /**
   * The nodes that follow a topic, and pass its messages on by unicast.
   */
  carriers (records: Iterable<DirectoryRecord>, topic: string): NodeId[] {
    return [...records].filter(record => this.read(record).unicast && this.follows(record, topic)).map(({ nodeId }) => nodeId)
  }

  /**
   * The names of the topics that a node follows.
   */
  topicsOf (record: DirectoryRecord): ReadonlySet<string> {
    return this.read(record).names
  }

  private follows (record: DirectoryRecord, topic: string): boolean {
    return topic === BROADCAST_TOPIC ? record.entries.has(STATUS_ENTRY) : this.read(record).names.has(topicName(topic))
  }

  private read (record: DirectoryRecord): Followed {
    const entry = record.entries.get(STATUS_ENTRY)

    if (entry == null) {
      return NOTHING
    }

    let followed = this.decoded.get(entry)

    if (followed == null) {
      followed = decodeFollowed(entry)
      this.decoded.set(entry, followed)
    }

    return followed
  }
}
