import { isNodeId, MAX_INCARNATION_LEAD, verifyFields, verifyFieldsOffThread } from '@fisco-libp2p/identity'
import { fromString, toString } from 'uint8arrays'
import { MAX_AUTHOR_BYTES, MAX_MESSAGE_BYTES, MESSAGE_VERSION } from './constants.ts'
import { MalformedMessageError } from './errors.ts'
import { SignedMessage } from './pb/messages.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { KeyObject } from 'node:crypto'

/**
 * A message as its author signed it.
 */
export interface Envelope {
  author: NodeId

  /**
   * The author's incarnation, unix milliseconds.
   */
  incarnation: number

  /**
   * Which message of this author, in this incarnation, to this topic: 1 to 2^53 - 1.
   */
  sequence: number

  /**
   * The gossipsub topic that it was signed for.
   */
  topic: string

  data: Uint8Array
}

/**
 * An {@link Envelope} off the wire, whose signature was not looked at yet.
 */
export interface ReceivedEnvelope extends Envelope {
  /**
   * Version of the format. Of other versions than {@link MESSAGE_VERSION} nothing else is known, so the other fields
   * are as the decoder found them.
   */
  version: number

  signature: Uint8Array
}

/**
 * Signs a message and encodes it (docs/PROTOCOLS.md, "Topics").
 *
 * @param sign - signs fields for the purpose `topic` and {@link MESSAGE_VERSION}
 */
export function encodeEnvelope (envelope: Envelope, sign: (fields: readonly Uint8Array[]) => Uint8Array): Uint8Array {
  return SignedMessage.encode({
    version: MESSAGE_VERSION,
    author: fromString(envelope.author, 'hex'),
    incarnation: envelope.incarnation,
    sequence: envelope.sequence,
    topic: envelope.topic,
    data: new Uint8Array(envelope.data),
    signature: new Uint8Array(sign(signedFields(envelope)))
  })
}

/**
 * Reads a message. Every number and length is checked; the signature is not.
 *
 * @param now - unix milliseconds: incarnations further in the future than a clock can be wrong are refused
 * @throws MalformedMessageError for any bytes that are no message
 */
export function decodeEnvelope (bytes: Uint8Array, now: number): ReceivedEnvelope {
  if (bytes.byteLength > MAX_MESSAGE_BYTES) {
    throw new MalformedMessageError(`${bytes.byteLength} bytes; a message has at most ${MAX_MESSAGE_BYTES}`)
  }

  const message = decode(bytes)
  const { version, incarnation, sequence, topic, data, signature } = message

  // before they are turned into text: a field may be as long as the message
  check(message.author.byteLength <= MAX_AUTHOR_BYTES, 'its author is no node ID')

  const author = toString(message.author, 'hex')

  if (version === MESSAGE_VERSION) {
    check(isNodeId(author), 'its author is no node ID')
    check(Number.isSafeInteger(incarnation) && incarnation > 0, 'its incarnation is out of range')
    check(incarnation <= now + MAX_INCARNATION_LEAD, 'its incarnation lies in the future')
    check(Number.isSafeInteger(sequence) && sequence > 0, 'its sequence number is out of range')
  }

  return { version, author, incarnation, sequence, topic, data, signature }
}

/**
 * Whether a message was signed by the node that it names, in this network.
 */
export function verifyEnvelope (envelope: ReceivedEnvelope, key: KeyObject, networkId: Uint8Array): boolean {
  return verifyFields(key, { purpose: 'topic', version: envelope.version, networkId }, signedFields(envelope), envelope.signature)
}

/**
 * As {@link verifyEnvelope}, on another thread where it takes long.
 */
export function verifyEnvelopeOffThread (envelope: ReceivedEnvelope, key: KeyObject, networkId: Uint8Array): boolean | Promise<boolean> {
  return verifyFieldsOffThread(key, { purpose: 'topic', version: envelope.version, networkId }, signedFields(envelope), envelope.signature)
}

function signedFields (envelope: Envelope): Uint8Array[] {
  return [
    Buffer.from(envelope.topic),
    fromString(envelope.author, 'hex'),
    uint64(envelope.incarnation),
    uint64(envelope.sequence),
    envelope.data
  ]
}

function decode (bytes: Uint8Array): SignedMessage {
  try {
    return SignedMessage.decode(bytes)
  } catch (err) {
    throw new MalformedMessageError(`no protobuf of a signed message: ${err.message}`)
  }
}

function check (condition: boolean, what: string): void {
  if (!condition) {
    throw new MalformedMessageError(what)
  }
}

function uint64 (value: number): Uint8Array {
  const bytes = Buffer.alloc(8)

  bytes.writeBigUInt64BE(BigInt(value))

  return bytes
}
