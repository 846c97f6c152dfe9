import { fromString, toString } from 'uint8arrays'
import { FRAME_FILL_BYTES, HASH_BYTES, MAX_NUMBERS, MAX_REQUESTED } from './constants.ts'
import { MalformedStatusError } from './errors.ts'
import * as pb from './pb/messages.ts'
import { decodeWith, toCount, toNodeId } from './record.ts'
import type { NodeVersion } from './merge.ts'
import type { SignedRecord } from './record.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * A record on its way, and how old the news is.
 */
export interface TravellingRecord extends SignedRecord {
  /**
   * Milliseconds since the owner signed it, as far as the sender knows.
   */
  age: number
}

/**
 * Numbers that the sender has; `digest` stands for its whole table.
 */
export interface Announce {
  numbers: NodeVersion[]

  /**
   * Lower-case hex.
   */
  digest: string
}

/**
 * Everything that the sender has of a range of node IDs.
 */
export interface List {
  /**
   * The first node ID of the range, in hex; empty: from the beginning.
   */
  from: string

  /**
   * The first node ID after the range; undefined: to the end.
   */
  to?: string
  numbers: NodeVersion[]
}

/**
 * What one frame says. A frame of a later version may say nothing that this one knows.
 */
export interface StatusMessage {
  announce?: Announce
  list?: List
  request?: NodeId[]
  records?: TravellingRecord[]
}

/**
 * Bytes of a number besides the node ID: hash, two numbers and tags, rounded up.
 */
const NUMBER_OVERHEAD = 64

/**
 * Encodes a message: the body of a frame.
 */
export function encodeMessage (message: StatusMessage): Uint8Array {
  const { announce, list, request, records } = message

  return pb.StatusMessage.encode({
    announce: announce == null ? undefined : { numbers: announce.numbers.map(toNumber), digest: fromHex(announce.digest) },
    list: list == null ? undefined : { from: fromHex(list.from), to: list.to == null ? undefined : fromHex(list.to), numbers: list.numbers.map(toNumber) },
    request: request == null ? undefined : { nodeIds: request.map(fromHex) },
    records: records == null ? undefined : { records: records.map(toSignedRecord) }
  })
}

/**
 * Decodes the body of a frame. Total: any bytes give a message or an error. Records in it are not looked into yet.
 *
 * @throws MalformedStatusError
 */
export function decodeMessage (bytes: Uint8Array): StatusMessage {
  const { announce, list, request, records } = decodeWith(() => pb.StatusMessage.decode(bytes))

  return {
    announce: announce == null ? undefined : { numbers: announce.numbers.map(fromNumber), digest: toHash(announce.digest, 'A digest') },
    list: list == null ? undefined : decodeList(list),
    request: request?.nodeIds.map(toNodeId),
    records: records?.records.map(fromSignedRecord)
  }
}

/**
 * Cuts the numbers from `from` on into the next list that fits into a frame.
 *
 * @param numbers - of the whole table, by ascending node ID
 * @param from - where the last list ended
 */
export function nextList (numbers: readonly NodeVersion[], from: string): List {
  const rest = numbers.filter(number => number.nodeId >= from)
  let bytes = 0
  let count = 0

  while (count < rest.length && count < MAX_NUMBERS && bytes < FRAME_FILL_BYTES) {
    bytes += rest[count].nodeId.length / 2 + NUMBER_OVERHEAD
    count++
  }

  return { from, to: rest[count]?.nodeId, numbers: rest.slice(0, count) }
}

/**
 * Whether a list speaks of a node ID: if it does not name it, its sender does not know it.
 */
export function inRange (list: List, nodeId: NodeId): boolean {
  return nodeId >= list.from && (list.to == null || nodeId < list.to)
}

/**
 * As many of these node IDs as fit into one request.
 */
export function nextRequest (wanted: Iterable<NodeId>): NodeId[] {
  return [...wanted].slice(0, MAX_REQUESTED)
}

function decodeList (list: pb.List): List {
  const decoded: List = {
    from: toString(list.from, 'hex'),
    to: list.to == null ? undefined : toString(list.to, 'hex'),
    numbers: list.numbers.map(fromNumber)
  }

  if (decoded.numbers.some(number => !inRange(decoded, number.nodeId))) {
    throw new MalformedStatusError('A list names a node outside of its own range')
  }

  return decoded
}

function toNumber (version: NodeVersion): pb.Number {
  return {
    nodeId: fromHex(version.nodeId),
    incarnation: BigInt(version.incarnation),
    seq: BigInt(version.seq),
    hash: fromHex(version.hash)
  }
}

function fromNumber (number: pb.Number): NodeVersion {
  return {
    nodeId: toNodeId(number.nodeId),
    incarnation: toCount(number.incarnation, 'incarnation'),
    seq: toCount(number.seq, 'seq'),
    hash: toHash(number.hash, 'A hash')
  }
}

function toSignedRecord (record: TravellingRecord): pb.SignedRecord {
  return {
    record: new Uint8Array(record.bytes),
    signature: new Uint8Array(record.signature),
    chain: record.chain.map(der => new Uint8Array(der)),
    age: BigInt(record.age)
  }
}

/**
 * Copies: what is kept of a frame must not keep the whole frame in memory.
 */
function fromSignedRecord (message: pb.SignedRecord): TravellingRecord {
  return {
    bytes: new Uint8Array(message.record),
    signature: new Uint8Array(message.signature),
    chain: message.chain.map(der => new Uint8Array(der)),
    age: message.age > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(message.age)
  }
}

function toHash (bytes: Uint8Array, what: string): string {
  if (bytes.byteLength !== HASH_BYTES) {
    throw new MalformedStatusError(`${what} has ${bytes.byteLength} bytes instead of ${HASH_BYTES}`)
  }

  return toString(bytes, 'hex')
}

function fromHex (text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(fromString(text, 'hex'))
}
