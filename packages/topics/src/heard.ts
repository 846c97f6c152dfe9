import { fromString, toString } from 'uint8arrays'
import { MAX_AUTHOR_BYTES } from './constants.ts'
import { MalformedMessageError } from './errors.ts'
import { Heard } from './pb/messages.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Up to where a follower has the messages of an author.
 */
export interface HeardOf {
  /**
   * The gossipsub topic.
   */
  topic: string
  author: NodeId
  incarnation: number
  last: number
}

/**
 * Encodes what a follower has.
 */
export function encodeHeard ({ topic, author, incarnation, last }: HeardOf): Uint8Array {
  return Heard.encode({ topic, author: fromString(author, 'hex'), incarnation, last })
}

/**
 * Reads what a follower has.
 *
 * @throws MalformedMessageError for any bytes that do not say it
 */
export function decodeHeard (bytes: Uint8Array): HeardOf {
  let heard: Required<Heard>

  try {
    heard = Heard.decode(bytes)
  } catch (err) {
    throw new MalformedMessageError(`no protobuf that says what a follower has: ${err.message}`)
  }

  const { topic, author, incarnation, last } = heard

  if (author.byteLength > MAX_AUTHOR_BYTES || !Number.isSafeInteger(incarnation) || !Number.isSafeInteger(last)) {
    throw new MalformedMessageError('its numbers are out of range')
  }

  return { topic, author: toString(author, 'hex'), incarnation, last }
}
