import type { incarnationOf, NodeId } from '@fisco-libp2p/identity'
import type { Message, TopicValidatorFn } from '@libp2p/gossipsub'
import type { AbortOptions, ComponentLogger, Connection, Libp2pEvents, Metrics, Peer, PeerId, PrivateKey, Topology, TypedEventTarget } from '@libp2p/interface'
import type { KeyObject } from 'node:crypto'

/**
 * What `topics` uses of `gossipsub()`.
 */
export interface PubsubLike {
  globalSignaturePolicy: string
  protocols: string[]
  topicValidators: Map<string, TopicValidatorFn>

  /**
   * Read anew at each heartbeat and each message: to how many neighbours it goes. gossipsub 17 has it, although its interface does not say so.
   */
  readonly opts?: { D: number, Dlo: number, Dhi: number, Dout: number, Dscore: number, scoreThresholds: { publishThreshold: number } }
  getPeers (): PeerId[]
  getSubscribers (topic: string): PeerId[]
  subscribe (topic: string): void
  unsubscribe (topic: string): void
  publish (topic: string, data: Uint8Array, options?: { ignoreDuplicatePublishError?: boolean, floodPublish?: boolean, batchPublish?: boolean }): Promise<{ recipients: PeerId[] }>
  addEventListener (type: 'gossipsub:message', listener: (evt: CustomEvent<{ msg: Message }>) => void): void
  removeEventListener (type: 'gossipsub:message', listener: (evt: CustomEvent<{ msg: Message }>) => void): void
}

/**
 * What `topics` reads of a node's status record.
 */
export interface StatusRecordLike {
  nodeId: NodeId
  incarnation: number
  seq: number
  entries: ReadonlyMap<string, Uint8Array>

  /**
   * The owner's certificate and those of the agencies above it, where the record has them: restricted topics may name agencies.
   */
  chain?: ReadonlyArray<{ publicKey: KeyObject }>
}

/**
 * What `topics` reads of a change of a node's status.
 */
export interface StatusChangeLike {
  nodeId: NodeId
  record?: StatusRecordLike

  /**
   * The record before, if any was known.
   */
  previous?: StatusRecordLike
}

/**
 * What `topics` uses of `statusSeq()`.
 */
export interface StatusSeqLike {
  set (name: string, value: Uint8Array): void
  get (nodeId: NodeId): StatusRecordLike | undefined
  snapshot (): StatusRecordLike[]

  /**
   * Which nodes are connected with which; the same map until that changes.
   */
  links (): ReadonlyMap<NodeId, ReadonlySet<NodeId>>
  addEventListener (type: 'status:change' | 'status:gone', listener: (evt: CustomEvent<StatusChangeLike>) => void): void
  removeEventListener (type: 'status:change' | 'status:gone', listener: (evt: CustomEvent<StatusChangeLike>) => void): void
}

/**
 * What `topics` uses of `direct()`. Without it the node can neither ask nor answer, and has messages by gossipsub's mesh alone.
 */
export interface DirectLike {
  handle (name: string, handler: (data: Uint8Array, context: { from: NodeId, signal: AbortSignal }) => Promise<Uint8Array | void>, options?: { maxMessageSize?: number, quota?: { perPeer: number, perMs: number } }): void
  unhandle (name: string): void
  request (nodeId: NodeId, name: string, data: Uint8Array, options?: AbortOptions & { timeout?: number }): Promise<Uint8Array>
  notify (nodeId: NodeId, name: string, data: Uint8Array): Promise<void>
}

/**
 * Components of the node that `topics` needs. `pubsub`, `statusSeq` and `direct` are services, under these names.
 */
export interface TopicsComponents {
  pubsub: PubsubLike
  statusSeq: StatusSeqLike
  direct?: DirectLike
  connectionManager: { getConnections (peerId?: PeerId): Connection[] }
  registrar: { getTopologies (protocol: string): Topology[] }
  peerStore: { get (peerId: PeerId, options?: AbortOptions): Promise<Peer> }
  events: TypedEventTarget<Libp2pEvents>
  peerId: PeerId

  /**
   * Of an `Identity`.
   */
  privateKey: PrivateKey

  /**
   * Where the incarnation is kept: an `interface-datastore`.
   */
  datastore: Parameters<typeof incarnationOf>[0]['datastore']
  logger: ComponentLogger
  metrics?: Metrics
}

/**
 * A service that a node may do without. libp2p's components throw where a service is missing.
 */
export function directOf (components: TopicsComponents): DirectLike | undefined {
  try {
    return components.direct
  } catch (err) {
    if (err.name === 'MissingServiceError') {
      return undefined
    }

    throw err
  }
}
