import type { NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, TypedEventTarget } from '@libp2p/interface'

/**
 * Settings of `topics()`. All times in milliseconds, 1 to 3,600,000.
 */
export interface TopicsInit {
  /**
   * How long a request takes at most, tries at all followers together.
   *
   * @default 10000
   */
  requestTimeout?: number

  /**
   * How long a request waits for one follower before it asks the next.
   *
   * @default 3000
   */
  tryTimeout?: number

  /**
   * How long a message waits for the status record of an author that is not known yet.
   *
   * @default 2000
   */
  holdTimeout?: number

  /**
   * How often gossipsub's streams are looked at.
   *
   * @default 1000
   */
  watchdogInterval?: number

  /**
   * How long a connected peer may be without such a stream before it is repaired.
   *
   * @default 3000
   */
  watchdogGrace?: number

  /**
   * Picks the follower that is asked first: 0 to below 1.
   *
   * @default Math.random
   */
  random? (): number
}

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
}

/**
 * Events of {@link Topics}.
 */
export interface TopicsEvents {
  /**
   * A message to a topic that the node follows, by whomever it is; once each.
   */
  'topic:message': CustomEvent<TopicMessage>

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
   * @throws InvalidTopicError
   * @throws TooManyTopicsError at 256 topics, or 16,384 bytes of names
   */
  follow (topic: string, listener?: TopicListener): void

  /**
   * Stops following a topic; its listeners and its handler go. Without effect if it is not followed.
   */
  unfollow (topic: string): void

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
   * handed to the neighbours' streams: an author that waits for it is as fast as they are.
   *
   * @param data - at most 1,044,480 bytes
   * @throws InvalidTopicError
   * @throws MessageTooLargeError
   * @throws PublishQueueFullError if 64 MiB wait to be sent
   * @throws NotStartedError if the node is not started
   */
  publish (topic: string, data: Uint8Array, options?: AbortOptions): Promise<PublishResult>

  /**
   * Sends data to all other nodes. The node itself does not get it.
   *
   * @param data - at most 1,044,480 bytes
   * @throws MessageTooLargeError
   * @throws PublishQueueFullError if 64 MiB wait to be sent
   * @throws NotStartedError if the node is not started
   */
  broadcast (data: Uint8Array, options?: AbortOptions): Promise<PublishResult>

  /**
   * Asks one follower of a topic, chosen at random, and the next one if it fails, until one answers. The node itself is
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
