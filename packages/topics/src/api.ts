import type { NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, TypedEventTarget } from '@libp2p/interface'

/**
 * How much is done so that a message arrives:
 *
 * - `besteffort`: it is sent once; what is lost on the way comes by gossipsub within some seconds, if at all
 * - `reliable`: gaps are noticed and filled from what the author and other such followers keep, and each author's messages come in their order
 */
export type Delivery = 'besteffort' | 'reliable'

/**
 * A message that was broadcast.
 */
export interface BroadcastMessage {
  data: Uint8Array

  /**
   * Who signed it.
   */
  author: NodeId

  /**
   * The author's incarnation and the number of the message in it: together with author and topic they name the message.
   */
  incarnation: number
  sequence: number
}

/**
 * A message to the followers of a topic.
 */
export interface TopicMessage extends BroadcastMessage {
  topic: string
}

/**
 * Gets the messages of one topic. What it throws is logged.
 */
export interface TopicListener {
  (message: TopicMessage): void | Promise<void>
}

/**
 * Answers a request to a topic. What it throws goes back as the reason why this follower does not answer; another is
 * asked then. The data may be a view of a larger piece of memory: copy what is kept for long.
 */
export interface TopicHandler {
  (data: Uint8Array, context: TopicRequestContext): Promise<Uint8Array> | Uint8Array
}

/**
 * What a {@link TopicHandler} learns besides the data.
 */
export interface TopicRequestContext {
  topic: string

  /**
   * Who asks; the node itself, perhaps.
   */
  from: NodeId

  /**
   * Aborts when nobody waits for the answer any more.
   */
  signal: AbortSignal
}

/**
 * What became of a message that was published.
 */
export interface PublishResult {
  /**
   * Together with the own node ID and the topic they name the message.
   */
  incarnation: number
  sequence: number

  /**
   * Neighbours to which it was handed: 0 if no follower is connected. Then nobody but this node has it.
   */
  recipients: number

  /**
   * Other nodes that follow, by the directory; for a broadcast, all others. Those that are no neighbours get it from
   * one that is.
   */
  followers: number

  /**
   * Whether it was delivered to the node itself, because that follows the topic.
   */
  local: boolean

  /**
   * The followers that have confirmed that they have it; empty where no confirmation was asked for.
   */
  confirmed: NodeId[]
}

/**
 * How a topic is followed.
 */
export interface FollowOptions {
  /**
   * `reliable` asks for what is missing, and gives each author's messages in their order. It begins with what an author publishes after this node has heard of it for the
   * first time. Authors that do not publish reliably keep nothing, so what is lost of theirs comes as an event `topic:gap`.
   *
   * @default 'besteffort'
   */
  delivery?: Delivery
}

/**
 * How a message is published.
 */
export interface PublishOptions extends ConfirmOptions {
  /**
   * `reliable` keeps the message for followers that missed it, and tells in the node's status which there are. At most 96 topics.
   *
   * @default 'besteffort'
   */
  delivery?: Delivery
}

/**
 * Which confirmations are waited for.
 */
export interface ConfirmOptions extends AbortOptions {
  /**
   * How many followers have to confirm that they have the message: `all` that are known to follow when it is published, or a number. It is brought to each of them, again
   * and again until the time is over, also to those that are no neighbours. The node itself does not count.
   *
   * @default 0
   */
  acks?: 'all' | number

  /**
   * Milliseconds to wait for them, 1 to 3,600,000.
   *
   * @default ackTimeout of the settings
   */
  timeout?: number
}

/**
 * Messages that are lost: their author no longer keeps them, and no follower that was asked has them.
 */
export interface TopicGap {
  topic: string
  author: NodeId
  incarnation: number

  /**
   * The first and the last number that is missing.
   */
  from: number
  to: number
}

/**
 * Limits of a request.
 */
export interface TopicRequestOptions extends AbortOptions {
  /**
   * Milliseconds for the whole request.
   *
   * @default requestTimeout of the settings
   */
  timeout?: number

  /**
   * Milliseconds for each follower that is asked.
   *
   * @default tryTimeout of the settings
   */
  tryTimeout?: number

  /**
   * Whom to ask first: followers of the same agency, those with the lowest round trip, or by one and then by the other. Those that are equal in that come in random order.
   *
   * @default none
   */
  prefer?: Preference | readonly Preference[]
}

/**
 * A reason to ask a follower first: its certificate is of the same agency; its connection has the lowest round trip time, if it was measured.
 */
export type Preference = 'agency' | 'rtt'

/**
 * Events of {@link Topics}.
 */
export interface TopicsEvents {
  /**
   * A message to a topic that the node follows, by whomever it is; once each.
   */
  'topic:message': CustomEvent<TopicMessage>

  /**
   * Messages of a topic that is followed as reliable are lost. Comes before those that follow them.
   */
  'topic:gap': CustomEvent<TopicGap>

  /**
   * A message that another node broadcast; once each.
   */
  'broadcast:message': CustomEvent<BroadcastMessage>
}

/**
 * Multicast, broadcast, and requests to one follower.
 */
export interface Topics extends TypedEventTarget<TopicsEvents> {
  /**
   * Follows a topic: from now on its messages arrive, the node's own among them. To follow it again adds a listener.
   * Topics that are followed before the node starts are followed when it has.
   *
   * @param topic - 1 to 128 bytes of UTF-8, no control characters, no white space at either end; compared byte by byte
   * @param options - of the first call; a further one adds a listener
   * @throws InvalidTopicError
   * @throws TooManyTopicsError at 256 topics, or 16,384 bytes of names
   * @throws TopicForbiddenError if the topic is restricted, and its list of followers does not name this node
   */
  follow (topic: string, listener?: TopicListener, options?: FollowOptions): void

  /**
   * Stops following a topic; its listeners and its handler go. Without effect if it is not followed.
   *
   * @param listener - only this one goes, and the topic with it if it was the last, there is no handler, and `follow` was never called without a listener
   */
  unfollow (topic: string, listener?: TopicListener): void

  /**
   * The names of the topics that are restricted by this node's lists, in order.
   */
  restricted (): string[]

  /**
   * The topics that this node follows, in order.
   */
  following (): string[]

  /**
   * The topics that a node follows, as its status says, in order; none if nothing is known of it.
   */
  followedBy (nodeId: NodeId): string[]

  /**
   * The nodes that follow a topic, this one included if it does, in order.
   *
   * @throws InvalidTopicError
   */
  followers (topic: string): NodeId[]

  /**
   * Sends data to all followers of a topic, the node itself included if it follows. It need not. Ends when the data was
   * handed to the neighbours' streams: an author that waits for it is as fast as they are; or when the followers that were asked for have confirmed.
   *
   * @param data - at most 1,044,480 bytes
   * @throws InvalidTopicError
   * @throws MessageTooLargeError
   * @throws TopicForbiddenError if the topic is restricted, and its list of publishers does not name this node
   * @throws TooManyTopicsError if it is reliable, and 96 other topics are
   * @throws PublishQueueFullError if 64 MiB wait to be sent, or 8,192 messages to be confirmed
   * @throws NotConfirmedError if not enough followers confirm in time; it says which did
   * @throws NotStartedError if the node is not started
   */
  publish (topic: string, data: Uint8Array, options?: PublishOptions): Promise<PublishResult>

  /**
   * Sends data to some followers of a topic, each of which confirms. They get it as any other message to the topic, but it is numbered apart: others miss nothing.
   *
   * @param nodeIds - 1 to 1,000; the node itself may be among them
   * @param data - at most 1,044,480 bytes
   * @param options - `acks` is `all` unless it is given
   * @throws as {@link publish}; NotConfirmedError as well for a node that does not follow the topic
   */
  publishTo (topic: string, nodeIds: readonly NodeId[], data: Uint8Array, options?: ConfirmOptions): Promise<PublishResult>

  /**
   * Sends data to all other nodes. The node itself does not get it.
   *
   * @param data - at most 1,044,480 bytes
   * @throws MessageTooLargeError
   * @throws PublishQueueFullError if 64 MiB wait to be sent, or 8,192 messages to be confirmed
   * @throws NotConfirmedError if not enough nodes confirm in time; it says which did
   * @throws NotStartedError if the node is not started
   */
  broadcast (data: Uint8Array, options?: ConfirmOptions): Promise<PublishResult>

  /**
   * Asks one follower of a topic, chosen at random or by preference, and the next one if it fails, until one answers. The node itself is
   * one of them if it follows the topic and has a handler.
   *
   * @param data - at most 1,044,480 bytes
   * @throws InvalidTopicError
   * @throws MessageTooLargeError
   * @throws NoFollowerError if no follower answers in time; its cause is the last failure
   * @throws NotStartedError if the node is not started
   */
  request (topic: string, data: Uint8Array, options?: TopicRequestOptions): Promise<Uint8Array>

  /**
   * Answers requests to a topic that the node follows.
   *
   * @throws NotFollowingError if it does not
   * @throws HandlerExistsError if the topic has a handler
   */
  handle (topic: string, handler: TopicHandler): void

  /**
   * Stops answering requests to a topic. Without effect if it has no handler.
   */
  unhandle (topic: string): void
}
