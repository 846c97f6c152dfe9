/**
 * A topic's name breaks a rule: 1 to 128 bytes of UTF-8, no control characters, no white space at either end.
 */
export class InvalidTopicError extends Error {
  static name = 'InvalidTopicError'

  constructor (message = 'Invalid topic') {
    super(message)
    this.name = 'InvalidTopicError'
  }
}

/**
 * The data is larger than a message can be. Nothing was sent.
 */
export class MessageTooLargeError extends Error {
  static name = 'MessageTooLargeError'

  constructor (message = 'Message too large') {
    super(message)
    this.name = 'MessageTooLargeError'
  }
}

/**
 * Too much waits to be sent: the application publishes faster than the network takes it, without waiting for the
 * promises. Nothing was sent.
 */
export class PublishQueueFullError extends Error {
  static name = 'PublishQueueFullError'

  constructor (message = 'Too much waits to be sent') {
    super(message)
    this.name = 'PublishQueueFullError'
  }
}

/**
 * Bytes that are no message of this protocol.
 */
export class MalformedMessageError extends Error {
  static name = 'MalformedMessageError'

  constructor (message = 'Malformed message') {
    super(message)
    this.name = 'MalformedMessageError'
  }
}

/**
 * The node follows as many topics as it can announce.
 */
export class TooManyTopicsError extends Error {
  static name = 'TooManyTopicsError'

  constructor (message = 'Too many topics') {
    super(message)
    this.name = 'TooManyTopicsError'
  }
}

/**
 * The node does not follow the topic, so it cannot answer requests to it.
 */
export class NotFollowingError extends Error {
  static name = 'NotFollowingError'

  constructor (message = 'The node does not follow the topic') {
    super(message)
    this.name = 'NotFollowingError'
  }
}

/**
 * The topic has a handler already.
 */
export class HandlerExistsError extends Error {
  static name = 'HandlerExistsError'

  constructor (message = 'The topic has a handler') {
    super(message)
    this.name = 'HandlerExistsError'
  }
}

/**
 * No follower of the topic answered a request. `cause` is the error of the last one that was asked.
 */
export class NoFollowerError extends Error {
  static name = 'NoFollowerError'

  constructor (message = 'No follower answered', options?: ErrorOptions) {
    super(message, options)
    this.name = 'NoFollowerError'
  }
}

/**
 * The node's pubsub cannot carry this protocol, because it was not composed with `gossipsubDefaults()`.
 */
export class IncompatiblePubsubError extends Error {
  static name = 'IncompatiblePubsubError'

  constructor (message = 'Incompatible pubsub') {
    super(message)
    this.name = 'IncompatiblePubsubError'
  }
}

/**
 * Not as many followers as were asked for have confirmed in time. Those who have got the message keep it.
 */
export class NotConfirmedError extends Error {
  static name = 'NotConfirmedError'

  /**
   * Node IDs of the followers that have confirmed.
   */
  readonly confirmed: readonly string[]

  /**
   * Node IDs of those that have not: they may have it all the same.
   */
  readonly missing: readonly string[]

  constructor (message = 'Not confirmed', { confirmed = [], missing = [], ...options }: ErrorOptions & { confirmed?: readonly string[], missing?: readonly string[] } = {}) {
    super(message, options)
    this.name = 'NotConfirmedError'
    this.confirmed = confirmed
    this.missing = missing
  }
}

/**
 * The topic is restricted, and its list does not name the node: it may not publish to it, or not follow it.
 */
export class TopicForbiddenError extends Error {
  static name = 'TopicForbiddenError'

  constructor (message = 'The topic is restricted') {
    super(message)
    this.name = 'TopicForbiddenError'
  }
}
