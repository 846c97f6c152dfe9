/**
 * @packageDocumentation
 *
 * Multicast to the followers of a topic, broadcast to all nodes, and a request to any one follower. gossipsub carries
 * the messages; each is signed by its author for this network, and delivered once. Who follows what is part of every
 * node's status, so it is known of nodes that are not neighbours, too.
 *
 * @example Follow, publish, broadcast, ask
 *
 * ```typescript
 * import { direct } from '@fisco-libp2p/direct'
 * import { loadIdentity } from '@fisco-libp2p/identity'
 * import { statusSeq } from '@fisco-libp2p/status-seq'
 * import { gossipsubDefaults, topics } from '@fisco-libp2p/topics'
 * import { gossipsub } from '@libp2p/gossipsub'
 * import { identify } from '@libp2p/identify'
 * import { tcp } from '@libp2p/tcp'
 * import { yamux } from '@libp2p/yamux'
 * import { createLibp2p } from 'libp2p'
 *
 * const identity = await loadIdentity({ key: 'conf/node.key', cert: 'conf/node.crt', ca: 'conf/ca.crt' })
 * const node = await createLibp2p({
 *   privateKey: identity.privateKey,
 *   transports: [tcp()],
 *   streamMuxers: [yamux()],
 *   services: {
 *     identify: identify(),
 *     pubsub: gossipsub(gossipsubDefaults({ members: 20 })),
 *     statusSeq: statusSeq({ identity }),
 *     direct: direct(),
 *     topics: topics()
 *   }
 * })
 *
 * node.services.topics.addEventListener('broadcast:message', ({ detail }) => {
 *   detail.author // who, and what: detail.data
 * })
 *
 * node.services.topics.follow('prices', ({ author, data }) => {
 *   author === identity.nodeId // the node's own messages arrive as well
 *   data.byteLength
 * })
 *
 * node.services.topics.handle('prices', async (question, { signal }) => {
 *   signal.throwIfAborted()
 *
 *   return question
 * })
 *
 * await node.services.topics.broadcast(Uint8Array.of(1))
 * const { recipients, followers } = await node.services.topics.publish('prices', Uint8Array.of(2))
 *
 * if (recipients < followers) {
 *   // those that are no neighbours hear it from one that is
 * }
 *
 * const answer = await node.services.topics.request('prices', Uint8Array.of(3), { timeout: 5_000 })
 *
 * answer.byteLength
 * ```
 */

import { TopicsService } from './topics.ts'
import type { Topics } from './api.ts'
import type { TopicsComponents } from './components.ts'
import type { TopicsInit } from './init.ts'

/**
 * Creates the topics service of a node.
 *
 * @throws InvalidParametersError if a setting is out of range, or the node's private key does not come from an `Identity`
 */
export function topics (init: TopicsInit = {}): (components: TopicsComponents) => Topics {
  return components => new TopicsService(components, init)
}

export { BROADCAST_TOPIC, DELIVER_NAME, FETCH_NAME, HEARD_NAME, MAX_BUFFERED, MAX_DATA_BYTES, MAX_DIRECTORY_ENTRY_BYTES, MAX_FOLLOWED_TOPICS, MAX_HELD, MAX_HELD_BYTES, MAX_HELD_PER_AUTHOR, MAX_MESSAGE_BYTES, MAX_OFFENCES, MAX_ROUTE, MAX_TAILS, MAX_TOPIC_NAME_BYTES, MESSAGE_NAME, MESSAGE_VERSION, REPLAY_WINDOW_BITS, REQUEST_NAME, RESTRICTED_ENTRY, STATUS_ENTRY, TAILS_ENTRY, TOPIC_PREFIX } from './constants.ts'
export { Courier } from './courier.ts'
export { decodeFollowed, Directory, encodeFollowed } from './directory.ts'
export { decodeEnvelope, encodeEnvelope, verifyEnvelope, verifyEnvelopeOffThread } from './envelope.ts'
export { HandlerExistsError, IncompatiblePubsubError, InvalidTopicError, MalformedMessageError, MessageTooLargeError, NoFollowerError, NotConfirmedError, NotFollowingError, PublishQueueFullError, TooManyTopicsError, TopicForbiddenError } from './errors.ts'
export { Feed } from './feed.ts'
export { answerQuestion, decodeAnswer, decodeQuestion, encodeQuestion } from './fetch.ts'
export { gossipsubDefaults, messageId } from './gossip-defaults.ts'
export { decodeHeard, encodeHeard } from './heard.ts'
export { History } from './history.ts'
export { HoldQueue } from './hold.ts'
export { gossipTopic, topicNameFault } from './names.ts'
export { decodeParcel, encodeParcel, signReceipt, verifyReceipt } from './parcel.ts'
export { Pacer } from './pacer.ts'
export { Mesh } from './mesh.ts'
export { Offenders } from './offenders.ts'
export { Receiver } from './receiver.ts'
export { relayTree } from './relay-tree.ts'
export { Relays } from './relays.ts'
export { askFollowers, decodeRequest, encodeRequest, shuffle } from './request.ts'
export { Restrictions } from './restrictions.ts'
export { routeBetween } from './route.ts'
export { Sequencer } from './sequencer.ts'
export { WaitingRoom } from './waiting-room.ts'
export { Sequences } from './sequences.ts'
export { StreamWatch } from './stream-watch.ts'
export { TailBoard, tailsOf } from './tails.ts'
export { ReplayTable, ReplayWindow } from './window.ts'

export type { BroadcastMessage, ConfirmOptions, Delivery, FollowOptions, Preference, PublishOptions, PublishResult, TopicGap, TopicHandler, TopicListener, TopicMessage, TopicRequestContext, TopicRequestOptions, Topics, TopicsEvents } from './api.ts'
export type { RestrictedTopic, TopicsInit } from './init.ts'
export type { DirectLike, PubsubLike, StatusChangeLike, StatusRecordLike, StatusSeqLike, TopicsComponents } from './components.ts'
export type { DirectoryRecord, Followed } from './directory.ts'
export type { Order } from './courier.ts'
export type { Envelope, ReceivedEnvelope } from './envelope.ts'
export type { GossipsubDefaultsOptions } from './gossip-defaults.ts'
export type { FeedSink, Received } from './feed.ts'
export type { Answer, Question } from './fetch.ts'
export type { HeardOf } from './heard.ts'
export type { HistoryLimits } from './history.ts'
export type { Seats, WaitingRoomLimits } from './waiting-room.ts'
export type { HoldLimits } from './hold.ts'
export type { MeshSettings } from './mesh.ts'
export type { Parcel } from './parcel.ts'
export type { PacedStream } from './pacer.ts'
export type { Judgement, Outcome, ReceiverInit } from './receiver.ts'
export type { AskOptions } from './request.ts'
export type { Links } from './relay-tree.ts'
export type { RelaysInit } from './relays.ts'
export type { Repair, StreamState } from './stream-watch.ts'
export type { Missing } from './sequencer.ts'
export type { Tail } from './tails.ts'
export type { Freshness, MessageNumber } from './window.ts'
