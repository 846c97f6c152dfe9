import { fromString, toString } from 'uint8arrays'
import { MAX_AUTHOR_BYTES, MAX_FETCHED, MAX_FETCHED_BYTES } from './constants.ts'
import { MalformedMessageError } from './errors.ts'
import { FetchRequest, FetchResponse } from './pb/messages.ts'
import type { History } from './history.ts'
import type { Missing } from './sequencer.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Which messages are missing.
 */
export interface Question extends Missing {
  /**
   * The gossipsub topic.
   */
  topic: string
  author: NodeId
  incarnation: number
}

/**
 * What was found.
 */
export interface Answer {
  /**
   * The lowest number that is kept; 0 if none is.
   */
  oldest: number
  messages: Uint8Array[]
}

/**
 * Encodes a question for messages.
 */
export function encodeQuestion ({ topic, author, incarnation, from, to }: Question): Uint8Array {
  return FetchRequest.encode({ topic, author: fromString(author, 'hex'), incarnation, from, to })
}

/**
 * Reads a question.
 *
 * @throws MalformedMessageError for any bytes that are none
 */
export function decodeQuestion (bytes: Uint8Array): Question {
  const { topic, author, incarnation, from, to } = decode(() => FetchRequest.decode(bytes))

  if (author.byteLength > MAX_AUTHOR_BYTES || !Number.isSafeInteger(from) || !Number.isSafeInteger(to) || !Number.isSafeInteger(incarnation)) {
    throw new MalformedMessageError('its numbers are out of range')
  }

  return { topic, author: toString(author, 'hex'), incarnation, from, to }
}

/**
 * Answers a question from what is kept.
 *
 * @param maxBytes - of the messages, if they are more than one
 */
export function answerQuestion ({ from, to, ...author }: Question, history: History, maxBytes: number = MAX_FETCHED_BYTES): Uint8Array {
  const which = { ...author, sequence: from }

  return FetchResponse.encode({ oldest: history.oldest(which) ?? 0, messages: history.get(which, to, MAX_FETCHED, maxBytes).map(message => new Uint8Array(message)) })
}

/**
 * Reads an answer. The messages are not judged.
 *
 * @throws MalformedMessageError for any bytes that are no answer
 */
export function decodeAnswer (bytes: Uint8Array): Answer {
  const { oldest, messages } = decode(() => FetchResponse.decode(bytes, { limits: { messages: MAX_FETCHED } }))

  return { oldest: Number.isSafeInteger(oldest) ? oldest : 0, messages }
}

function decode <T> (read: () => T): T {
  try {
    return read()
  } catch (err) {
    throw new MalformedMessageError(`no protobuf of a question for messages, or of an answer: ${err.message}`)
  }
}
