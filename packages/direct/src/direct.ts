import { abbreviate, parseNodeId, peerIdToNodeId, PeerLog, printable } from '@fisco-libp2p/identity'
import { InvalidParametersError, NotStartedError, serviceCapabilities } from '@libp2p/interface'
import { Bandwidth } from './bandwidth.ts'
import { DIRECT_PROTOCOL, MAX_STREAMS, MAX_TIMEOUT, STOP_TIMEOUT } from './constants.ts'
import { DeadlineTimer } from './deadlines.ts'
import { Dispatcher } from './dispatcher.ts'
import { ConnectionLostError, MessageTooLargeError } from './errors.ts'
import { FrameWriter } from './frame-writer.ts'
import { FrameKind } from './frame.ts'
import { settings } from './init.ts'
import { DIRECT_PROTOCOLS, LANES } from './lane.ts'
import { LocalCaller } from './local.ts'
import { DirectMetrics } from './metrics.ts'
import { encodeName } from './names.ts'
import { OutgoingCall } from './outgoing-call.ts'
import { Peers } from './peers.ts'
import { StreamingCall } from './streaming-call.ts'
import type { HandleOptions, Handler, HandleStreamOptions, StreamHandler } from './handler.ts'
import type { Direct, DirectComponents, DirectInit, DirectOptions } from './index.ts'
import type { Settings } from './init.ts'
import type { OutgoingCallInit } from './outgoing-call.ts'
import type { ByteSource } from './streaming-call.ts'
import type { PeerStatistics } from './traffic.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Connection, Logger, Startable, Stream } from '@libp2p/interface'

/**
 * Connects the parts to libp2p: knows the connections, takes streams, starts and stops.
 */
export class DirectService implements Direct, Startable {
  readonly #components: DirectComponents
  readonly #settings: Settings
  readonly #log: Logger
  readonly #deadlines = new DeadlineTimer()
  readonly #dispatcher: Dispatcher
  readonly #metrics: DirectMetrics
  readonly #peers: Peers
  readonly #self: NodeId
  readonly #local: LocalCaller
  #isStarted = false
  #stopping?: Promise<void>

  constructor (components: DirectComponents, init: DirectInit = {}) {
    const { maxMessageSize, queue, inbox, maxInFlight, bytesPerSecond } = this.#settings = settings(init)
    this.#components = components
    this.#log = components.logger.forComponent('fisco-libp2p:direct')
    this.#self = peerIdToNodeId(components.peerId)
    const peerLog = new PeerLog(this.#log)
    this.#dispatcher = new Dispatcher(this.#deadlines, maxMessageSize, this.#log, peerLog)
    this.#metrics = new DirectMetrics({ inFlight: () => this.#peers.inFlight + this.#local.inFlight, traffic: () => this.#peers.traffic }, components.metrics)
    this.#local = new LocalCaller(this.#self, this.#dispatcher, this.#metrics, inbox, maxInFlight)
    this.#peers = new Peers(components.peerId, {
      dispatcher: this.#dispatcher,
      deadlines: this.#deadlines,
      metrics: this.#metrics,
      writer: new FrameWriter(),
      bandwidth: bytesPerSecond == null ? undefined : new Bandwidth(bytesPerSecond),
      maxMessageSize,
      queue,
      peerLog
    }, this.#settings)
  }

  readonly [Symbol.toStringTag] = '@fisco-libp2p/direct'

  readonly [serviceCapabilities]: string[] = ['@fisco-libp2p/direct']

  get protocol (): string {
    return DIRECT_PROTOCOL
  }

  get maxMessageSize (): number {
    return this.#settings.maxMessageSize
  }

  async start (): Promise<void> {
    const { registrar, connectionManager, events } = this.#components

    if (this.#isStarted) {
      return
    }

    this.#isStarted = true
    this.#stopping = undefined
    events.addEventListener('connection:open', this.#onOpen)
    events.addEventListener('connection:close', this.#onClose)

    for (const connection of connectionManager.getConnections()) {
      this.#link(connection)
    }

    await Promise.all(DIRECT_PROTOCOLS.map(async protocol => registrar.handle(protocol, this.#onStream, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS })))
  }

  /**
   * Before the connections are closed: what is under way ends in good order.
   */
  async beforeStop (): Promise<void> {
    await this.stop()
  }

  async stop (): Promise<void> {
    if (this.#isStarted) {
      this.#isStarted = false
      this.#stopping = this.#stop()
    }

    await this.#stopping
  }

  handle (name: string, handler: Handler, options?: HandleOptions): void {
    this.#dispatcher.handle(name, handler, options)
  }

  handleStream (name: string, handler: StreamHandler, options?: HandleStreamOptions): void {
    this.#dispatcher.handleStream(name, handler, options)
  }

  statistics (): PeerStatistics[] {
    return Array.from(this.#peers.values(), ({ nodeId, traffic }) => ({ nodeId, handlers: Object.fromEntries(traffic) }))
  }

  unhandle (name: string): void {
    this.#dispatcher.unhandle(name)
  }

  isConnected (nodeId: NodeId): boolean {
    const id = this.#normalise(nodeId)

    return id === this.#self || this.#peers.link(id) != null
  }

  async request (nodeId: NodeId, name: string, data: Uint8Array, options?: DirectOptions): Promise<Uint8Array> {
    return this.#call(FrameKind.REQUEST, nodeId, name, data, options)
  }

  async notify (nodeId: NodeId, name: string, data: Uint8Array, options?: DirectOptions): Promise<void> {
    await this.#call(FrameKind.NOTIFICATION, nodeId, name, data, options)
  }

  stream (nodeId: NodeId, name: string, source: ByteSource, options: DirectOptions = {}): AsyncIterableIterator<Uint8Array, undefined> {
    const call = new StreamingCall(this.#callInit(FrameKind.OPEN, nodeId, name, new Uint8Array(), { timeout: MAX_TIMEOUT, ...options }), source)
    this.#begin(call, options.signal)

    return call.reader
  }

  #call (kind: OutgoingCallInit['kind'], nodeId: NodeId, handler: string, data: Uint8Array, options: DirectOptions = {}): Promise<Uint8Array> {
    if (!(data instanceof Uint8Array)) {
      throw new InvalidParametersError('The message must be a Uint8Array')
    }

    const call = new OutgoingCall(this.#callInit(kind, nodeId, handler, data, options))
    this.#begin(call, options.signal)

    return call.promise
  }

  #callInit (kind: OutgoingCallInit['kind'], nodeId: NodeId, handler: string, data: Uint8Array, options: DirectOptions): OutgoingCallInit {
    const { timeout = this.#settings.timeout, lane = 'default', signal } = options

    if (!this.#isStarted) {
      throw new NotStartedError('The service is not started, or stops')
    }

    if (!Number.isSafeInteger(timeout) || timeout < 1 || timeout > MAX_TIMEOUT) {
      throw new InvalidParametersError(`The timeout must be an integer from 1 to ${MAX_TIMEOUT} ms, not ${timeout}`)
    }

    if (!LANES.includes(lane)) {
      throw new InvalidParametersError(`The lane must be one of ${LANES.join(', ')}, not ${printable(String(lane))}`)
    }

    return {
      kind,
      data,
      nodeId: this.#normalise(nodeId),
      handler,
      name: encodeName(handler),
      timeout,
      lane,
      signal,
      deadlines: this.#deadlines,
      onSettled: this.#onSettled
    }
  }

  #begin (call: OutgoingCall, signal?: AbortSignal): void {
    const { length } = call.data

    if (signal?.aborted === true) {
      call.handleEvent()
    } else if (length > this.#settings.maxMessageSize) {
      call.failed(new MessageTooLargeError(`A message of ${length} bytes for node ${abbreviate(call.nodeId)}; ${this.#settings.maxMessageSize} are allowed here (maxMessageSize)`))
    } else if (call.nodeId === this.#self) {
      this.#local.send(call)
    } else {
      this.#peers.send(call)
    }
  }

  /**
   * The usual spelling of a known node costs nothing; any other is read as people write it.
   */
  #normalise (nodeId: NodeId): NodeId {
    return nodeId === this.#self || this.#peers.has(nodeId) ? nodeId : parseNodeId(nodeId)
  }

  readonly #onSettled = (err: Error | undefined, seconds: number): void => {
    this.#metrics.settled(err, seconds)
  }

  readonly #onOpen = (evt: CustomEvent<Connection>): void => {
    this.#link(evt.detail)
  }

  readonly #onClose = (evt: CustomEvent<Connection>): void => {
    this.#peers.remove(evt.detail)
  }

  readonly #onStream = (stream: Stream, connection: Connection): void => {
    const link = this.#isStarted && connection.status === 'open' ? this.#link(connection) : undefined

    if (link == null) {
      stream.abort(new Error('the connection cannot be used'))
    } else {
      link.accept(stream)
    }
  }

  #link (connection: Connection): ReturnType<Peers['linkOf']> {
    const known = this.#peers.linkOf(connection)

    if (known != null) {
      return known
    }

    try {
      return this.#peers.add(connection, peerIdToNodeId(connection.remotePeer))
    } catch (err) {
      this.#log('no unicast with %p - %e', connection.remotePeer, err)
    }
  }

  async #stop (): Promise<void> {
    const { registrar, events } = this.#components
    const reason = 'this node stops'
    let timer: NodeJS.Timeout | undefined

    events.removeEventListener('connection:open', this.#onOpen)
    events.removeEventListener('connection:close', this.#onClose)
    this.#local.stop(new ConnectionLostError(this.#self, reason))

    await Promise.race([
      this.#peers.stop(reason),
      new Promise<void>(resolve => { timer = setTimeout(resolve, STOP_TIMEOUT) })
    ])

    clearTimeout(timer)
    this.#peers.clear(reason)
    this.#deadlines.stop()
    await Promise.all(DIRECT_PROTOCOLS.map(async protocol => registrar.unhandle(protocol)))
  }
}
