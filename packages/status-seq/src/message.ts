import { fromString, toString } from 'uint8arrays'
import { DIGEST_BYTES, HASH_BYTES, MAX_REQUESTED } from './constants.ts'
import { MalformedStatusError } from './errors.ts'
import * as pb from './pb/messages.ts'
import { inRange, rangesOf } from './ranges.ts'
import { decodeWith, toCount, toNodeId } from './record.ts'
import type { NodeVersion } from './merge.ts'
import type { Part, Range } from './ranges.ts'
import type { SignedRecord } from './record.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * A record on its way, and how old the news is. Without certificates: with the chain that the receiver has seen before.
 */
export interface TravellingRecord extends SignedRecord {
  /**
   * Milliseconds since the owner was last known to be in the network, as far as the sender knows.
   */
  age: number
}

/**
 * The number of the sender's own record, and the digest of its whole table.
 */
export interface Announce {
  incarnation: number
  seq: number

  /**
   * Lower-case hex.
   */
  digest: string
}

/**
 * Everything that the sender has in a range.
 */
export interface List extends Range {
  numbers: readonly NodeVersion[]
}

/**
 * Digests of what the sender has in ranges that adjoin each other.
 */
export interface Compare {
  from: string
  parts: readonly Part[]
}

/**
 * What one frame says. A frame of a later version may say nothing that this one knows.
 */
export interface StatusMessage {
  announce?: Announce
  lists?: readonly List[]
  request?: readonly NodeId[]
  records?: readonly TravellingRecord[]
  compares?: readonly Compare[]
}

/**
 * Encodes a message: the body of a frame.
 */
export function encodeMessage (message: StatusMessage): Uint8Array {
  const { announce, lists = [], request, records, compares = [] } = message

  return pb.StatusMessage.encode({
    announce: announce == null ? undefined : { incarnation: BigInt(announce.incarnation), seq: BigInt(announce.seq), digest: fromHex(announce.digest) },
    lists: lists.map(({ from, to, numbers }) => ({ from: fromHex(from), to: to == null ? undefined : fromHex(to), numbers: numbers.map(toNumber) })),
    request: request == null ? undefined : { nodeIds: request.map(fromHex) },
    records: records == null ? undefined : { records: records.map(toSignedRecord) },
    compares: compares.map(({ from, parts }) => ({
      from: fromHex(from),
      parts: parts.map(({ digest, to }) => ({ digest: fromHex(digest), to: to == null ? undefined : fromHex(to) }))
    }))
  })
}

/**
 * Decodes the body of a frame. Total: any bytes give a message or an error. Records in it are not looked into yet.
 *
 * @throws MalformedStatusError
 */
export function decodeMessage (bytes: Uint8Array): StatusMessage {
  const { announce, lists, request, records, compares } = decodeWith(() => pb.StatusMessage.decode(bytes))

  return {
    announce: announce == null ? undefined : decodeAnnounce(announce),
    lists: lists.length === 0 ? undefined : lists.map(decodeList),
    request: request?.nodeIds.map(toNodeId),
    records: records?.records.map(fromSignedRecord),
    compares: compares.length === 0 ? undefined : compares.map(decodeCompare)
  }
}

/**
 * As many of these node IDs as fit into one request.
 */
export function nextRequest (wanted: Iterable<NodeId>): NodeId[] {
  return [...wanted].slice(0, MAX_REQUESTED)
}

function decodeAnnounce ({ incarnation, seq, digest }: pb.Announce): Announce {
  return { incarnation: toCount(incarnation, 'incarnation'), seq: toCount(seq, 'seq'), digest: toHex(digest, DIGEST_BYTES, 'A digest') }
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

function decodeCompare (compare: pb.Compare): Compare {
  const decoded: Compare = {
    from: toString(compare.from, 'hex'),
    parts: compare.parts.map(({ digest, to }) => ({ digest: toHex(digest, DIGEST_BYTES, 'A digest'), to: to == null ? undefined : toString(to, 'hex') }))
  }

  const ranges = rangesOf(decoded)

  if (ranges.length === 0 || ranges.some(({ from, to }, i) => to == null ? i < ranges.length - 1 : to <= from)) {
    throw new MalformedStatusError('A comparison has no parts, or parts that do not ascend')
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
    hash: toHex(number.hash, HASH_BYTES, 'A hash')
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

function toHex (bytes: Uint8Array, length: number, what: string): string {
  if (bytes.byteLength !== length) {
    throw new MalformedStatusError(`${what} has ${bytes.byteLength} bytes instead of ${length}`)
  }

  return toString(bytes, 'hex')
}

function fromHex (text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(fromString(text, 'hex'))
}
