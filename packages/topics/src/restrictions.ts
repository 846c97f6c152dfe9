import { createHash } from 'node:crypto'
import { isNodeId } from '@fisco-libp2p/identity'
import { InvalidParametersError } from '@libp2p/interface'
import { MAX_LISTED, MAX_RESTRICTED } from './constants.ts'
import { gossipTopic, topicName } from './names.ts'
import type { StatusRecordLike } from './components.ts'
import type { RestrictedTopic } from './init.ts'
import type { NodeId } from '@fisco-libp2p/identity'

const AGENCY = /^agency:[0-9a-f]{64}$/

/**
 * Who may publish to restricted topics, and who may follow them. Everybody may do both with every other topic.
 */
export class Restrictions {
  private readonly topics = new Map<string, { publishers: ReadonlySet<string>, followers: ReadonlySet<string> }>()
  private readonly recordOf: (nodeId: NodeId) => StatusRecordLike | undefined

  // of chains, which records of one node share
  private readonly agencies = new WeakMap<object, string | undefined>()

  /**
   * SHA-256 of the lists, by which nodes see that theirs are the same; undefined if there are none.
   */
  readonly hash?: Uint8Array

  /**
   * @param lists - by name of the topic
   * @param recordOf - the status record of a node, this one included: it tells its agency
   * @throws InvalidTopicError if a name breaks a rule; InvalidParametersError if a list is too long, or an entry is neither a node ID nor an agency
   */
  constructor (lists: Readonly<Record<string, RestrictedTopic>>, recordOf: (nodeId: NodeId) => StatusRecordLike | undefined) {
    const names = Object.keys(lists).sort()

    this.recordOf = recordOf

    if (names.length > MAX_RESTRICTED) {
      throw new InvalidParametersError(`topics: ${names.length} topics are restricted; at most ${MAX_RESTRICTED} can be`)
    }

    const canonical = names.map(name => {
      const { followers, publishers = followers } = lists[name]

      this.topics.set(gossipTopic(name), { publishers: toSet(name, publishers), followers: toSet(name, followers) })

      return [name, [...publishers].sort(), [...followers].sort()]
    })

    if (names.length > 0) {
      this.hash = createHash('sha256').update(JSON.stringify(canonical)).digest()
    }
  }

  /**
   * The names of the topics, in order.
   */
  get names (): string[] {
    return [...this.topics.keys()].map(topicName)
  }

  /**
   * @param topic - a gossipsub topic
   */
  has (topic: string): boolean {
    return this.topics.has(topic)
  }

  mayPublish (topic: string, nodeId: NodeId): boolean {
    const lists = this.topics.get(topic)

    return lists == null || this.isListed(lists.publishers, nodeId)
  }

  mayFollow (topic: string, nodeId: NodeId): boolean {
    const lists = this.topics.get(topic)

    return lists == null || this.isListed(lists.followers, nodeId)
  }

  /**
   * SHA-256 of the key of the agency that issued a node's certificate, as hexadecimal digits. A node that the chain's root issued itself has none.
   */
  agencyOf (nodeId: NodeId): string | undefined {
    const chain = this.recordOf(nodeId)?.chain

    if (chain == null || chain.length < 2) {
      return undefined
    }

    if (!this.agencies.has(chain)) {
      this.agencies.set(chain, createHash('sha256').update(chain[1].publicKey.export({ format: 'der', type: 'spki' })).digest('hex'))
    }

    return this.agencies.get(chain)
  }

  private isListed (list: ReadonlySet<string>, nodeId: NodeId): boolean {
    return list.has(nodeId) || list.has(`agency:${this.agencyOf(nodeId) ?? ''}`)
  }
}

function toSet (topic: string, list: readonly string[]): ReadonlySet<string> {
  const fault = list.find(entry => !isNodeId(entry) && !AGENCY.test(entry))

  if (fault != null) {
    throw new InvalidParametersError(`topics: the list of "${topic}" names ${JSON.stringify(fault.slice(0, 80))}; it takes node IDs, and agencies as agency:<SHA-256 of the agency's public key, 64 hexadecimal digits>`)
  }

  if (list.length > MAX_LISTED) {
    throw new InvalidParametersError(`topics: the list of "${topic}" has ${list.length} entries; at most ${MAX_LISTED} are allowed`)
  }

  return new Set(list)
}
