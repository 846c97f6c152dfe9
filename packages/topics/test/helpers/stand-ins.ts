import { identityOf, incarnationOf, peerIdToNodeId } from '@fisco-libp2p/identity'
import { MESSAGE_NAME } from '@fisco-libp2p/topics'
import { TypedEventEmitter } from 'main-event'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { DirectLike, StatusRecordLike, StatusSeqLike } from '@fisco-libp2p/topics'
import type { AbortOptions, PrivateKey, Startable } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Datastore } from 'interface-datastore'

interface StandInComponents {
  privateKey: PrivateKey
  datastore: Datastore
  connectionManager: Pick<ConnectionManager, 'getConnections'>
}

/**
 * The status of a network, in memory: a record arrives everywhere at once, except where it is withheld.
 */
export class StatusBoard {
  private readonly records = new Map<NodeId, StatusRecordLike>()
  private readonly members = new Set<StandInStatus>()
  private readonly withheld = new Set<NodeId>()
  private readonly frozen = new Set<NodeId>()

  service (): (components: StandInComponents) => StandInStatus {
    return components => new StandInStatus(this, components)
  }

  join (member: StandInStatus): void {
    this.members.add(member)
    this.seenBy(member.nodeId).forEach(record => member.safeDispatchEvent('status:change', { detail: record }))
  }

  leave (member: StandInStatus): void { this.members.delete(member) }

  put (record: StatusRecordLike): void {
    if (!this.frozen.has(record.nodeId)) {
      this.records.set(record.nodeId, record)
      this.tell(record)
    }
  }

  /**
   * Whatever a node sets from now on, nobody hears of it.
   */
  freeze (nodeId: NodeId): void { this.frozen.add(nodeId) }

  /**
   * Keeps the record of a node from all others.
   */
  withhold (nodeId: NodeId): void { this.withheld.add(nodeId) }

  /**
   * Ends that.
   */
  hand (nodeId: NodeId): void {
    const record = this.records.get(nodeId)

    this.withheld.delete(nodeId)

    if (record != null) {
      this.tell(record)
    }
  }

  /**
   * Who is connected with whom, as it is.
   */
  links (): Map<NodeId, Set<NodeId>> {
    return new Map([...this.members].map(member => [member.nodeId, member.neighbours()]))
  }

  seenBy (viewer: NodeId): StatusRecordLike[] {
    return [...this.records.values()].filter(({ nodeId }) => nodeId === viewer || !this.withheld.has(nodeId))
  }

  private tell (record: StatusRecordLike): void {
    if (!this.withheld.has(record.nodeId)) {
      this.members.forEach(member => member.safeDispatchEvent('status:change', { detail: record }))
    }
  }
}

export class StandInStatus extends TypedEventEmitter<{ 'status:change': CustomEvent<StatusRecordLike>, 'status:gone': CustomEvent<StatusRecordLike> }> implements StatusSeqLike, Startable {
  private readonly board: StatusBoard
  private readonly components: StandInComponents
  private readonly identity: Identity
  private entries = new Map<string, Uint8Array>()
  private incarnation?: number
  private seq = 0

  constructor (board: StatusBoard, components: StandInComponents) {
    super()
    this.board = board
    this.components = components
    this.identity = identityOf(components)
  }

  async start (): Promise<void> {
    this.incarnation = await incarnationOf(this.components).get()
    this.board.join(this)
    this.publish()
  }

  stop (): void { this.board.leave(this) }

  set (name: string, value: Uint8Array): void {
    this.entries = new Map(this.entries).set(name, value)
    this.publish()
  }

  get (nodeId: NodeId): StatusRecordLike | undefined {
    return this.snapshot().find(record => record.nodeId === nodeId)
  }

  snapshot (): StatusRecordLike[] { return this.board.seenBy(this.identity.nodeId) }

  links (): Map<NodeId, Set<NodeId>> { return this.board.links() }

  get nodeId (): NodeId { return this.identity.nodeId }

  neighbours (): Set<NodeId> {
    return neighboursOf(this.components)
  }

  private publish (): void {
    if (this.incarnation != null) {
      this.board.put({ nodeId: this.identity.nodeId, incarnation: this.incarnation, seq: ++this.seq, entries: this.entries, chain: this.identity.chain })
    }
  }
}

type DirectHandler = Parameters<DirectLike['handle']>[1]

/**
 * Unicast in memory: reaches whoever is connected and started.
 */
export class DirectBus {
  readonly nodes = new Map<NodeId, Map<string, DirectHandler>>()

  /**
   * Messages to topics that nodes have sent, in order.
   */
  readonly messages: Array<{ from: NodeId, to: NodeId, data: Uint8Array }> = []

  /**
   * All bytes that nodes have sent to others: messages, questions, and the answers to them.
   */
  readonly sent: Array<{ to: NodeId, data: Uint8Array }> = []

  /**
   * Whether a message to a topic is lost on the way.
   */
  loses?: (message: { from: NodeId, to: NodeId, data: Uint8Array }) => boolean

  /**
   * Hears the name of each notification that comes.
   */
  hears?: (name: string) => void

  /**
   * Nodes that read nothing, and so take nothing after what is under way.
   */
  readonly stuck = new Set<NodeId>()

  service (): (components: StandInComponents) => StandInDirect {
    return components => new StandInDirect(this, components)
  }
}

export class StandInDirect implements DirectLike, Startable {
  private readonly handlers = new Map<string, DirectHandler>()

  private readonly nodeId: NodeId

  constructor (private readonly bus: DirectBus, private readonly components: StandInComponents) {
    this.nodeId = identityOf(components).nodeId
  }

  start (): void { this.bus.nodes.set(this.nodeId, this.handlers) }
  stop (): void { this.bus.nodes.delete(this.nodeId) }
  handle (name: string, handler: DirectHandler): void { this.handlers.set(name, handler) }
  unhandle (name: string): void { this.handlers.delete(name) }
  get handled (): string[] { return [...this.handlers.keys()] }

  async request (nodeId: NodeId, name: string, data: Uint8Array, options: AbortOptions = {}): Promise<Uint8Array> {
    const handler = neighboursOf(this.components).has(nodeId) ? this.bus.nodes.get(nodeId)?.get(name) : undefined

    if (handler == null) {
      throw new Error(`${nodeId.slice(0, 8)} is not connected`)
    }

    this.bus.sent.push({ to: nodeId, data })

    const answer = await handler(data, { from: this.nodeId, signal: options.signal ?? new AbortController().signal }) ?? new Uint8Array(0)

    this.bus.sent.push({ to: this.nodeId, data: answer })

    return answer
  }

  async notify (nodeId: NodeId, name: string, data: Uint8Array): Promise<void> {
    if (this.bus.stuck.has(nodeId)) {
      return new Promise(() => {})
    }

    if (name === MESSAGE_NAME) {
      const message = { from: this.nodeId, to: nodeId, data }

      if (this.bus.loses?.(message) === true) {
        return
      }

      this.bus.messages.push(message)
    }

    this.bus.hears?.(name)
    this.request(nodeId, name, data).catch(() => {}) // nobody hears how it went
  }
}

function neighboursOf ({ connectionManager }: StandInComponents): Set<NodeId> {
  return new Set(connectionManager.getConnections().map(({ remotePeer }) => peerIdToNodeId(remotePeer)))
}
