import type { Certificate, NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, ComponentLogger, Libp2pEvents, Metrics, PeerId, PrivateKey, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Datastore } from 'interface-datastore'

/**
 * What is read of a node's status record.
 */
export interface StatusRecordLike {
  nodeId: NodeId
  entries: ReadonlyMap<string, Uint8Array>

  /**
   * The owner's certificate and those of the agencies above it, as the trust store has accepted them.
   */
  chain: readonly Certificate[]
}

/**
 * What is read of its events.
 */
export interface StatusEventLike {
  nodeId: NodeId
  record: StatusRecordLike

  /**
   * The record before, if any was known.
   */
  previous?: StatusRecordLike
}

/**
 * What is used of `statusSeq()`.
 */
export interface StatusSeqLike {
  set (name: string, value: Uint8Array): void
  get (nodeId: NodeId): StatusRecordLike | undefined
  snapshot (): StatusRecordLike[]
  addEventListener (type: 'status:change', listener: (evt: CustomEvent<StatusEventLike>) => void): void
  addEventListener (type: 'status:gone', listener: (evt: CustomEvent<StatusEventLike & { reason: string }>) => void): void
  removeEventListener (type: 'status:change', listener: (evt: CustomEvent<StatusEventLike>) => void): void
  removeEventListener (type: 'status:gone', listener: (evt: CustomEvent<StatusEventLike & { reason: string }>) => void): void
}

/**
 * What is used of `direct()`.
 */
export interface DirectLike {
  handle (name: string, handler: (data: Uint8Array) => Promise<Uint8Array>, options?: { maxMessageSize?: number, quota?: { perPeer: number, perMs: number } }): void
  unhandle (name: string): void
  request (nodeId: NodeId, name: string, data: Uint8Array, options?: AbortOptions & { timeout?: number }): Promise<Uint8Array>
}

/**
 * What is used of `peers()`.
 */
export interface PeersLike {
  expel (peerId: PeerId, rule: string): Promise<boolean>
}

/**
 * Components of the node that {@link AccessComponents.privateKey} and the others belong to. `statusSeq`, `direct` and `peers` are services, under these names; each of them may be missing.
 */
export interface AccessComponents {
  /**
   * Of an `Identity`.
   */
  privateKey: PrivateKey
  connectionManager: Pick<ConnectionManager, 'getConnections'>

  /**
   * Lists are obeyed where it is an `accessGater()`.
   */
  connectionGater?: object
  events: TypedEventTarget<Libp2pEvents>
  datastore: Datastore
  logger: ComponentLogger
  metrics?: Metrics

  /**
   * Brings others' notices, and has the certificates that a node has renewed since it was connected.
   */
  statusSeq?: StatusSeqLike

  /**
   * Brings CRLs and clocks.
   */
  direct?: DirectLike

  /**
   * Tells a node why its link is closed. Without it, connections are aborted.
   */
  peers?: PeersLike
}

/**
 * A service that a node may do without. libp2p's components throw where a service is missing.
 */
export function optional <Name extends 'statusSeq' | 'direct' | 'peers'> (components: AccessComponents, name: Name): AccessComponents[Name] {
  try {
    return components[name]
  } catch (err) {
    if (err.name === 'MissingServiceError') {
      return undefined
    }

    throw err
  }
}
