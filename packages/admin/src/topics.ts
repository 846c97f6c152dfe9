import { RESTRICTED_ENTRY } from './constants.ts'
import { RequestError } from './errors.ts'
import type { MessageBody } from './body.ts'
import type { AdminComponents, AdminIdentity, AdminTopicMessage, AdminTopics } from './index.ts'

type StatusSeq = AdminComponents['statusSeq']

/**
 * A topic that somebody follows, or that is restricted.
 */
export interface TopicEntry {
  topic: string

  /**
   * The nodes that follow it, by name.
   */
  followers: Array<{ Node: string, NodeID: string }>

  /**
   * Whether this node does.
   */
  following: boolean

  /**
   * Whether this node's lists say who may use it.
   */
  restricted: boolean

  /**
   * Of a restricted topic: nodes whose lists are not the same as this node's.
   */
  differs: Array<{ Node: string, NodeID: string }>
}

/**
 * A line of `GET /v1/topics/listen`.
 */
export interface ListenEntry {
  event: 'listening' | 'message' | 'gap' | 'lagging'

  /**
   * Unix milliseconds, by the clock of the node that prints it.
   */
  time: number

  /**
   * Absent for a broadcast.
   */
  topic?: string

  /**
   * The author.
   */
  Node?: string
  NodeID?: string
  incarnation?: number
  sequence?: number

  /**
   * In base64.
   */
  data?: string

  /**
   * Of a gap: the first and the last number that is lost.
   */
  from?: number
  to?: number
}

/**
 * What became of a message.
 */
export interface SentEntry {
  incarnation: number
  sequence: number

  /**
   * Neighbours that it was handed to, and other nodes that follow.
   */
  recipients: number
  followers: number
  local: boolean

  /**
   * Node IDs of those that have confirmed it.
   */
  confirmed: string[]
}

/**
 * All topics that are known, in order.
 */
export function describeTopics (topics: AdminTopics, statusSeq: StatusSeq, self: AdminIdentity): TopicEntry[] {
  const records = statusSeq?.snapshot() ?? []
  const own = records.find(({ nodeId }) => nodeId === self.nodeId)?.entries.get(RESTRICTED_ENTRY)
  const following = new Set(topics.following())
  const restricted = new Set(topics.restricted())
  const nodes = records.map(record => ({ Node: record.certificate.commonName, NodeID: record.nodeId, topics: new Set(topics.followedBy(record.nodeId)), hash: record.entries.get(RESTRICTED_ENTRY) }))
  const names = new Set([...following, ...restricted, ...nodes.flatMap(node => [...node.topics])])
  const differing = nodes.filter(({ NodeID, hash }) => NodeID !== self.nodeId && Buffer.compare(hash ?? new Uint8Array(0), own ?? new Uint8Array(0)) !== 0)

  return [...names].sort().map(topic => ({
    topic,
    followers: nodes.filter(node => node.topics.has(topic)).map(pick),
    following: following.has(topic),
    restricted: restricted.has(topic),
    differs: restricted.has(topic) ? differing.map(pick) : []
  }))
}

function pick ({ Node, NodeID }: { Node: string, NodeID: string }): { Node: string, NodeID: string } {
  return { Node, NodeID }
}

/**
 * Publishes a message, or broadcasts it.
 *
 * @throws RequestError, or what the node says to it
 */
export async function sendMessage (topics: AdminTopics, { topic, data, delivery, acks, timeout, to }: MessageBody, isMulticast: boolean): Promise<SentEntry> {
  if (isMulticast === (topic == null)) {
    throw new RequestError(400, isMulticast ? 'the body lacks "topic", the name of a topic' : 'a broadcast has no "topic": it goes to all nodes')
  }

  if (topic == null) {
    if (delivery != null || to != null) {
      throw new RequestError(400, 'a broadcast has neither "delivery" nor "to"')
    }

    return topics.broadcast(data, { acks, timeout })
  }

  if (to != null && delivery != null) {
    throw new RequestError(400, 'a message to some followers has no "delivery": they confirm it')
  }

  return to == null ? topics.publish(topic, data, { delivery, acks, timeout }) : topics.publishTo(topic, to, data, { acks, timeout })
}

/**
 * Somebody who listens: follows topics for as long as it is not stopped.
 */
export class Listening {
  readonly #topics: AdminTopics
  readonly #statusSeq: StatusSeq
  readonly #write: (entry: ListenEntry) => void
  readonly #names: string[]
  readonly #followed = new Set<string>()
  readonly #hearsBroadcasts: boolean

  /**
   * @param query - `topic`, any number of times; `broadcast` and `reliable`, if they are `true`
   * @throws RequestError if there is nothing to listen to; what the node says to the topics
   */
  constructor (topics: AdminTopics, statusSeq: StatusSeq, query: URLSearchParams, write: (entry: ListenEntry) => void) {
    this.#topics = topics
    this.#statusSeq = statusSeq
    this.#write = write
    this.#names = query.getAll('topic')
    this.#hearsBroadcasts = query.get('broadcast') === 'true'

    if (this.#names.length === 0 && !this.#hearsBroadcasts) {
      throw new RequestError(400, 'name at least one "topic", or "broadcast=true"')
    }

    try {
      for (const name of this.#names) {
        topics.follow(name, this.#onMessage, { delivery: query.get('reliable') === 'true' ? 'reliable' : 'besteffort' })
        this.#followed.add(name)
      }
    } catch (err) {
      this.stop()
      throw err
    }

    topics.addEventListener('topic:gap', this.#onGap)

    if (this.#hearsBroadcasts) {
      topics.addEventListener('broadcast:message', this.#onBroadcast)
    }

    write({ event: 'listening', time: Date.now() })
  }

  stop (): void {
    this.#followed.forEach(name => { this.#topics.unfollow(name, this.#onMessage) })
    this.#topics.removeEventListener('topic:gap', this.#onGap)
    this.#topics.removeEventListener('broadcast:message', this.#onBroadcast)
  }

  readonly #onMessage = ({ topic, data, author, incarnation, sequence }: AdminTopicMessage): void => {
    this.#write({ event: 'message', time: Date.now(), topic, Node: this.#nameOf(author), NodeID: author, incarnation, sequence, data: Buffer.from(data).toString('base64') })
  }

  readonly #onBroadcast = ({ detail }: CustomEvent<AdminTopicMessage>): void => {
    this.#onMessage(detail)
  }

  readonly #onGap = ({ detail: { topic, author, incarnation, from, to } }: CustomEvent<{ topic: string, author: string, incarnation: number, from: number, to: number }>): void => {
    if (this.#followed.has(topic)) {
      this.#write({ event: 'gap', time: Date.now(), topic, Node: this.#nameOf(author), NodeID: author, incarnation, from, to })
    }
  }

  #nameOf (nodeId: string): string {
    return this.#statusSeq?.get(nodeId)?.certificate.commonName ?? ''
  }
}
