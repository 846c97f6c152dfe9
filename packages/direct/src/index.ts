/**
 * @packageDocumentation
 *
 * Unicast: a node asks another one, named by its node ID, and gets an answer, or tells it something. All exchanges with a peer
 * share one stream that stays open, so a request costs one frame each way; any number are under way at once, long messages are cut
 * so that they do not hold up short ones, and whoever reads slowly slows down whoever sends to it, and nobody else.
 *
 * An exchange may also carry any number of bytes both ways ({@link Direct.stream}), each direction as fast as it is taken; and exchanges travel on lanes: `consensus`
 * for what must not wait, `bulk` for what may, `default` for the rest.
 *
 * Nothing is left hanging: every request ends with an answer or with an error that says why, at the latest when its time is
 * over or its connection is lost.
 *
 * @example Ask and answer
 *
 * ```typescript
 * import { direct } from '@fisco-libp2p/direct'
 * import { noise } from '@libp2p/noise'
 * import { tcp } from '@libp2p/tcp'
 * import { yamux } from '@libp2p/yamux'
 * import { createLibp2p } from 'libp2p'
 *
 * const node = await createLibp2p({
 *   transports: [tcp()],
 *   connectionEncrypters: [noise()],
 *   streamMuxers: [yamux()],
 *   services: {
 *     direct: direct()
 *   }
 * })
 *
 * node.services.direct.handle('echo', async (data, { from, signal }) => {
 *   signal.throwIfAborted()
 *
 *   return data
 * })
 *
 * const nodeId = '9c1e…' // 128 hex digits for a secp256k1 key
 * const answer = await node.services.direct.request(nodeId, 'echo', Uint8Array.of(1, 2, 3), { timeout: 5_000 })
 *
 * await node.services.direct.notify(nodeId, 'hint', answer)
 * ```
 *
 * @example Any number of bytes, on the lane for them
 *
 * ```typescript
 * import { createNode } from '@fisco-libp2p/node'
 *
 * const node = await createNode({ config: 'conf/config.ini' })
 *
 * node.services.direct.handleStream('blocks', async function * (source, { signal }) {
 *   for await (const request of source) {
 *     signal.throwIfAborted()
 *     yield request // the blocks that it asks for
 *   }
 * })
 *
 * for await (const piece of node.services.direct.stream('9c1e…', 'blocks', [Uint8Array.of(1)], { lane: 'bulk' })) {
 *   console.info(piece.byteLength)
 * }
 * ```
 *
 * @example A protocol of your own, with types and limits
 *
 * ```typescript
 * import { directProtocol } from '@fisco-libp2p/direct'
 * import { createNode } from '@fisco-libp2p/node'
 *
 * const json = {
 *   encode: (message: { height: number }) => new TextEncoder().encode(JSON.stringify(message)),
 *   decode: (bytes: Uint8Array): { height: number } => JSON.parse(new TextDecoder().decode(bytes))
 * }
 * const height = directProtocol({
 *   name: 'height/1.0.0',
 *   request: json, // or codecs that protons generates
 *   response: json,
 *   timeout: 5_000,
 *   maxMessageSize: 1_024,
 *   quota: { perPeer: 10, perMs: 1_000 }
 * })
 *
 * const node = await createNode({ config: 'conf/config.ini' })
 * const own = height({ handler: async () => ({ height: 7 }) })(node.services)
 *
 * await own.start()
 * const theirs = await own.request('9c1e…', { height: 7 })
 *
 * console.info(theirs.height)
 * ```
 */

import { DirectService } from './direct.ts'
import type { Handler, HandleOptions, HandleStreamOptions, StreamHandler } from './handler.ts'
import type { Lane } from './lane.ts'
import type { ByteSource } from './streaming-call.ts'
import type { PeerStatistics } from './traffic.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, ComponentLogger, Libp2pEvents, Metrics, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'

export { DEFAULT_MAX_MESSAGE_SIZE, DEFAULT_TIMEOUT, DIRECT_PROTOCOL, MAX_BANDWIDTH, MAX_FRAME_LENGTH, MAX_MESSAGE_SIZE_CEILING, MAX_NAME_LENGTH, MAX_PART_LENGTH, MAX_TIMEOUT, MIN_PART_LENGTH } from './constants.ts'
export { ConnectionLostError, ErrorCode, HandlerFailedError, InvalidFrameError, MessageTooLargeError, NoSuchHandlerError, NotConnectedError, QueueFullError, RequestTimeoutError, TooManyRequestsError } from './errors.ts'
export { FrameDecoder } from './frame-decoder.ts'
export { encodeFrame } from './frame-header.ts'
export { FrameKind } from './frame.ts'
export { DIRECT_PROTOCOLS, LANE_PROTOCOLS, LANES } from './lane.ts'
export { directProtocol } from './protocol.ts'

export type { FrameRule } from './errors.ts'
export type { AckFrame, CallFrame, CancelFrame, ChunkFrame, CreditFrame, EndFrame, ErrorFrame, ExchangeFrame, Frame, OpenFrame, Part, ResponseFrame } from './frame.ts'
export type { Handler, HandleOptions, HandlerContext, HandleStreamOptions, StreamHandler } from './handler.ts'
export type { Lane } from './lane.ts'
export type { DirectCodec, DirectProtocol, DirectProtocolComponents, DirectProtocolInit, DirectProtocolOptions } from './protocol.ts'
export type { Quota } from './quota.ts'
export type { ByteSource } from './streaming-call.ts'
export type { HandlerTraffic, PeerStatistics, TrafficCount } from './traffic.ts'

/**
 * Each limit is per peer and lane, and each is documented with the memory that it stands for in docs/PROTOCOLS.md.
 */
export interface DirectInit {
  /**
   * How long a request waits for its answer if its caller does not say, in milliseconds; 1 to 3,600,000.
   *
   * @default 30000
   */
  timeout?: number

  /**
   * Longest request, notification and answer, in bytes; 1 to 104,857,600.
   *
   * @default 4194304
   */
  maxMessageSize?: number

  /**
   * Requests to one peer that wait for their answers at once; 1 to 1,024.
   *
   * @default 1024
   */
  maxInFlight?: number

  /**
   * Handlers that run at once on behalf of one peer. What it asks for on top waits, then it is not read from.
   *
   * @default 256
   */
  maxConcurrentPerPeer?: number

  /**
   * Bytes of requests and notifications of one peer, running and waiting, after which it is not read from.
   *
   * @default 16777216
   */
  maxIncomingBytes?: number

  /**
   * Bytes of requests and notifications to one peer that are not sent yet. One that is longer still goes if it is alone.
   *
   * @default 67108864
   */
  maxQueueBytes?: number

  /**
   * Requests and notifications to one peer that are not sent yet.
   *
   * @default 4096
   */
  maxQueueLength?: number

  /**
   * Bytes that may go out in a second on the lanes `default` and `bulk`, to all peers together: 1 to 12,500,000,000. An eighth of it may go at once. The lane
   * `consensus` counts, and never waits. As FISCO BCOS's `[flow_control] outgoing_bandwidth_limit`, which does not hold up consensus either.
   *
   * @default no limit
   */
  bytesPerSecond?: number

  /**
   * The same for each peer.
   *
   * @default no limit
   */
  bytesPerSecondPerPeer?: number
}

/**
 * What the service needs of the libp2p node.
 */
export interface DirectComponents {
  peerId: PeerId
  registrar: Pick<Registrar, 'handle' | 'unhandle'>
  connectionManager: Pick<ConnectionManager, 'getConnections'>
  events: TypedEventTarget<Libp2pEvents>
  logger: ComponentLogger
  metrics?: Metrics
}

/**
 * Options of {@link Direct.request} and {@link Direct.notify}.
 */
export interface DirectOptions extends AbortOptions {
  /**
   * The lane that the exchange travels on, both ways: `consensus` for small messages that must not wait, `bulk` for long ones that may. While a more urgent
   * lane is in use, a less urgent one has at most 192 KiB under way, so it cannot hold that up. The limits of `direct()` are per peer and lane.
   *
   * @default 'default'
   */
  lane?: Lane

  /**
   * In milliseconds, 1 to 3,600,000. It travels with the request: the handler's signal is aborted when it is over.
   *
   * @default 30000
   */
  timeout?: number
}

/**
 * Unicast by node ID, see {@link direct}.
 */
export interface Direct {
  /**
   * The protocol id of its streams; those of the lanes `consensus` and `bulk` are `LANE_PROTOCOLS`.
   */
  readonly protocol: string

  /**
   * Longest message that it sends and takes, in bytes.
   */
  readonly maxMessageSize: number

  /**
   * Registers what answers requests, and takes notifications, of a name. Also before the node is started.
   *
   * @param name - 1 to 255 bytes of UTF-8
   * @throws InvalidParametersError if the name cannot be one, or there is a handler of that name
   */
  handle(name: string, handler: Handler, options?: HandleOptions): void

  /**
   * Registers what answers streaming exchanges of a name; otherwise as {@link handle}.
   *
   * @throws InvalidParametersError as {@link handle}
   */
  handleStream(name: string, handler: StreamHandler, options?: HandleStreamOptions): void

  /**
   * Messages and bytes of unicast, by node and handler: of each node that is connected, since it is. What a node asks for and is refused
   * does not count, nor do calls of the node to itself.
   */
  statistics(): PeerStatistics[]

  /**
   * Removes a handler: its calls that wait are refused, those that run go on. Does nothing if there is none.
   */
  unhandle(name: string): void

  /**
   * Whether a request to a node would be sent now. Always true for this node itself.
   *
   * @throws InvalidNodeIdError if the text is no node ID
   */
  isConnected(nodeId: NodeId): boolean

  /**
   * Asks a node, which may be this one.
   *
   * @param data - sent as it is, not copied: do not change it before the promise is settled
   * @returns the answer; it may be a view of a larger piece of memory
   * @throws NotConnectedError if there is no connection
   * @throws NoSuchHandlerError if the node has no handler of that name
   * @throws HandlerFailedError if the handler threw
   * @throws MessageTooLargeError if the request or the answer is too long for one of both nodes
   * @throws RequestTimeoutError if there is no answer in time
   * @throws AbortError if the signal was aborted
   * @throws ConnectionLostError if the connection was lost before the answer came; the request may have been handled, or not
   * @throws TooManyRequestsError if too many requests wait for an answer already, or the node says that it has too many
   * @throws QueueFullError if too much waits to be sent
   * @throws InvalidFrameError if the node broke the protocol
   * @throws UnsupportedProtocolError if the node does not speak this protocol
   * @throws InvalidNodeIdError, InvalidParametersError if an argument is wrong
   * @throws NotStartedError if the service is not started, or stops
   */
  request(nodeId: NodeId, name: string, data: Uint8Array, options?: DirectOptions): Promise<Uint8Array>

  /**
   * Exchanges any number of bytes with a node, which may be this one, in both directions at once. Each direction goes only as fast as the other side takes it
   * (256 KiB ahead); 32 such exchanges may be open to a peer on a lane.
   *
   * It begins at once. Leaving the answer early (`break` in `for await`) cancels the exchange, as does the signal.
   *
   * @param source - what is sent: pieces of any size; not copied: do not change them afterwards
   * @param options - here the timeout is for all of the exchange; default 3,600,000
   * @returns the answer, to be read once. It throws what {@link request} throws, or what the source threw; a piece that was taken is good even so
   * @throws InvalidNodeIdError, InvalidParametersError if an argument is wrong
   * @throws NotStartedError if the service is not started, or stops
   *
   * @example
   *
   * ```typescript
   * import { pipe } from 'it-pipe'
   * import type { Direct } from '@fisco-libp2p/direct'
   *
   * export async function download (direct: Direct, nodeId: string): Promise<number> {
   *   return pipe(
   *     [new TextEncoder().encode('blocks 1 to 1000')],
   *     source => direct.stream(nodeId, 'blocks', source, { lane: 'bulk' }),
   *     async answer => {
   *       let length = 0
   *
   *       for await (const piece of answer) {
   *         length += piece.byteLength
   *       }
   *
   *       return length
   *     }
   *   )
   * }
   * ```
   */
  stream(nodeId: NodeId, name: string, source: ByteSource, options?: DirectOptions): AsyncIterableIterator<Uint8Array, undefined>

  /**
   * Tells a node something. Whether the node has a handler, and what that does, is not reported.
   *
   * @param data - sent as it is, not copied: do not change it before the promise is settled
   * @returns when it was handed to the stream; throws as {@link request} does, as far as it applies
   */
  notify(nodeId: NodeId, name: string, data: Uint8Array, options?: DirectOptions): Promise<void>
}

/**
 * Unicast by node ID, as a libp2p service.
 *
 * @throws InvalidParametersError if a value of `init` is out of its range
 */
export function direct (init: DirectInit = {}): (components: DirectComponents) => Direct {
  return (components) => new DirectService(components, init)
}
