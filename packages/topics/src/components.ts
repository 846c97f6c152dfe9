import type { incarnationOf, NodeId } from '@fisco-libp2p/identity'
import type { TopicValidatorFn } from '@libp2p/gossipsub'
import type { AbortOptions, ComponentLogger, Connection, Libp2pEvents, Metrics, Peer, PeerId, PrivateKey, Topology, TypedEventTarget } from '@libp2p/interface'

/**
 * What `topics` uses of `gossipsub()`.
 */
export interface PubsubLike {
  globalSignaturePolicy: string
  protocols: string[]
  topicValidators: Map<string, TopicValidatorFn>
  getPeers (): PeerId[]
  getSubscribers (topic: string): PeerId[]
  subscribe (topic: string): void
  unsubscribe (topic: string): void
  publish (topic: string, data: Uint8Array, options?: { ignoreDuplicatePublishError?: boolean }): Promise<{ recipients: PeerId[] }>
  addEventListener (type: 'gossipsub:message', listener: (evt: CustomEvent<{ msg: object }>) => void): void
  removeEventListener (type: 'gossipsub:message', listener: (evt: CustomEvent<{ msg: object }>) => void): void
}

/**
 * What `topics` reads of a node's status record.
 */
export interface StatusRecordLike {
  nodeId: NodeId
  incarnation: number
  seq: number
  entries: ReadonlyMap<string, Uint8Array>
}

/**
 * What `topics` uses of `statusSeq()`.
 */
export interface StatusSeqLike {
  set (name: string, value: Uint8Array): void
  get (nodeId: NodeId): StatusRecordLike | undefined
  snapshot (): StatusRecordLike[]
  addEventListener (type: 'status:change', listener: (evt: CustomEvent<{ nodeId: NodeId }>) => void): void
  removeEventListener (type: 'status:change', listener: (evt: CustomEvent<{ nodeId: NodeId }>) => void): void
}

/**
 * What `topics` uses of `direct()`. Without it the node can neither ask nor answer, and waits for gossipsub alone.
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
