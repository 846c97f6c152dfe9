import { MAX_TOPIC_NAME_BYTES, TARGETED_PREFIX, TOPIC_PREFIX } from './constants.ts'
import { InvalidTopicError } from './errors.ts'

/**
 * What is wrong with a topic's name, or undefined if nothing is.
 */
export function topicNameFault (name: string): string | undefined {
  if (typeof name !== 'string' || name === '') {
    return 'it is empty'
  }

  // before any other look at it: a peer's list may hold megabytes
  if (name.length > MAX_TOPIC_NAME_BYTES || Buffer.byteLength(name) > MAX_TOPIC_NAME_BYTES) {
    return `it is longer than ${MAX_TOPIC_NAME_BYTES} bytes of UTF-8`
  }

  if (!name.isWellFormed()) {
    return 'it holds half of a surrogate pair, which UTF-8 cannot write'
  }

  if (/\p{Cc}/u.test(name)) {
    return 'it holds a control character'
  }

  if (name !== name.trim()) {
    return 'it begins or ends with white space'
  }
}

/**
 * The gossipsub topic that carries a topic.
 *
 * @throws InvalidTopicError if the name breaks a rule
 */
export function gossipTopic (name: string): string {
  const fault = topicNameFault(name)

  if (fault != null) {
    throw new InvalidTopicError(`Topic ${JSON.stringify(String(name).slice(0, MAX_TOPIC_NAME_BYTES))}: ${fault}; a name has 1 to ${MAX_TOPIC_NAME_BYTES} bytes, no control characters and no white space at its ends`)
  }

  return TOPIC_PREFIX + name
}

/**
 * The name of the topic that a gossipsub topic carries; undoes {@link gossipTopic}.
 */
export function topicName (gossip: string): string {
  return gossip.slice(TOPIC_PREFIX.length)
}

/**
 * The gossipsub topic under which messages to some of a topic's followers are numbered and signed: they are no part of what all get.
 */
export function targetedTopic (name: string): string {
  return TARGETED_PREFIX + name
}

/**
 * The gossipsub topic that a signed topic belongs to: of a message to some followers, that of all.
 */
export function plainTopic (topic: string): string {
  return topic.startsWith(TARGETED_PREFIX) ? TOPIC_PREFIX + topic.slice(TARGETED_PREFIX.length) : topic
}
