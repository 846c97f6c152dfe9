import { COMPARE_PARTS, CROSSED, FRAME_FILL_BYTES, LIST_SIZE, MAX_RANGES, MAX_REQUESTED, MAX_WANTED_PER_NEIGHBOUR, PUSH_INTERVAL } from './constants.ts'
import { Memory } from './memory.ts'
import { compareVersions } from './merge.ts'
import { nextRequest } from './message.ts'
import { split } from './ranges.ts'
import { RepairSchedule } from './schedule.ts'
import { Standing } from './standing.ts'
import type { NodeVersion, Version } from './merge.ts'
import type { Compare, List, StatusMessage, TravellingRecord } from './message.ts'
import type { Range } from './ranges.ts'
import type { SealedRecord } from './record.ts'
import type { StatusTable } from './table.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Bytes of a number, and of a part of a comparison, with tags and the longest node ID that is common: rounded up.
 */
const NUMBER_BYTES = 128
const PART_BYTES = 96

/**
 * What is to be said to one neighbour, and what it is known to have. Nothing in it is a queue of messages: what has to be
 * said is kept as a state and put into words when the stream has room, so a neighbour that reads slowly costs no memory, and
 * gets the newest of everything.
 */
export class Outbox {
  readonly nodeId: NodeId
  readonly standing: Standing
  readonly repairs = new RepairSchedule()

  /**
   * When both were last compared by a timed announcement, of this node or of the neighbour.
   */
  comparedAt = -Infinity

  private readonly table: StatusTable
  private readonly self: NodeId
  private readonly onWork: (outbox: Outbox) => void
  private readonly has = new Memory<Version>()
  private readonly sentAt = new Memory<number>()
  private readonly chains = new Memory<SealedRecord['chain']>()
  private readonly wanted = new Set<NodeId>()
  private ranges: Range[] = []
  private owed = new Set<NodeId>()
  private batch = new Set<NodeId>()
  private batchAt = -Infinity
  private announceDue = false

  /**
   * @param nodeId - the neighbour
   * @param self - this node
   * @param onWork - called whenever there is something more to say
   * @param standing - of the neighbour, from its last connection if there was one
   */
  constructor (nodeId: NodeId, self: NodeId, table: StatusTable, onWork: (outbox: Outbox) => void = () => {}, standing: Standing = new Standing()) {
    this.nodeId = nodeId
    this.self = self
    this.table = table
    this.onWork = onWork
    this.standing = standing
  }

  /**
   * The neighbour has shown which version of a record it has. Remembered for nodes of the table only.
   */
  learn (version: NodeVersion, now: number): void {
    const outdated = this.upToDate(version) && this.crossed(version.nodeId, now)

    if (this.table.get(version.nodeId) != null && !outdated) {
      this.has.set(version.nodeId, versionOf(version))
    }
  }

  /**
   * The neighbour has shown that it has the chain of a record.
   */
  learnChain ({ nodeId, chain }: SealedRecord): void {
    this.chains.set(nodeId, chain)
  }

  /**
   * The neighbour has shown that it has no record of a node of the table, or has asked for it. There is a limit to how many it is given.
   */
  lacks (nodeId: NodeId, now: number): void {
    if (!this.crossed(nodeId, now) && this.standing.answers.take(1, now)) {
      this.has.delete(nodeId)
      this.chains.delete(nodeId)
      this.owed.add(nodeId)
      this.onWork(this)
    }
  }

  /**
   * The neighbour has shown that it has all that is in the table, and no more: what it has shown before need not be remembered.
   */
  agrees (now: number): void {
    this.comparedAt = now
    this.has.clear()
  }

  /**
   * A node is no longer in the table.
   */
  forget (nodeId: NodeId): void {
    this.has.delete(nodeId)
    this.sentAt.delete(nodeId)
    this.chains.delete(nodeId)
    this.owed.delete(nodeId)
    this.batch.delete(nodeId)
  }

  /**
   * The neighbour should have the record of a node, unless it has shown that it does.
   */
  push (version: NodeVersion): void {
    if (!this.upToDate(version)) {
      this.owed.add(version.nodeId)
      this.onWork(this)
    }
  }

  /**
   * The neighbour asked for records.
   */
  answer (nodeIds: readonly NodeId[], now: number): void {
    for (const nodeId of nodeIds) {
      if (this.table.get(nodeId) != null) {
        this.lacks(nodeId, now)
      }
    }
  }

  /**
   * Ask the neighbour for the record of a node.
   */
  ask (nodeId: NodeId): void {
    if (this.wanted.size < MAX_WANTED_PER_NEIGHBOUR) {
      this.wanted.add(nodeId)
      this.onWork(this)
    }
  }

  /**
   * Tell it the own number, and the digest of everything.
   */
  announce (): void {
    this.announceDue = true
    this.onWork(this)
  }

  /**
   * Find out in what both differ within a range.
   */
  compare (range: Range): void {
    // once is enough
    if (this.ranges.length < MAX_RANGES && !this.ranges.some(({ from, to }) => from === range.from && to === range.to)) {
      this.ranges.push(range)
      this.onWork(this)
    }
  }

  /**
   * The neighbour has sent digests of ranges, or lists.
   *
   * @param cost - one for each of them, and more for those with many nodes
   * @returns whether they are to be looked at: there is a limit to how much
   */
  mayCompare (cost: number, now: number): boolean {
    return this.standing.comparisons.take(cost, now)
  }

  /**
   * A new stream begins: what was said on the one before may not have arrived. The own record and the digest go first, and the
   * answer to the digest tells the rest.
   */
  greet (): void {
    this.has.clear()
    this.sentAt.clear()
    this.chains.clear()
    this.ranges = []
    this.batchAt = -Infinity
    this.owed.add(this.self)
    this.announce()
  }

  /**
   * The next message to send, if there is something to say now.
   */
  next (now: number): StatusMessage | undefined {
    return this.nextRequest() ?? this.nextRecords(now) ?? this.nextAnnounce() ?? this.nextRanges()
  }

  /**
   * Milliseconds until {@link next} has records that wait only for their time, or undefined if it has none.
   */
  wait (now: number): number | undefined {
    return this.owed.size > 0 ? Math.max(0, this.batchAt + PUSH_INTERVAL - now) : undefined
  }

  private nextRequest (): StatusMessage | undefined {
    if (this.wanted.size === 0) {
      return undefined
    }

    const request = nextRequest(this.wanted)
    request.forEach(nodeId => { this.wanted.delete(nodeId) })

    return { request }
  }

  private nextRecords (now: number): StatusMessage | undefined {
    const records: TravellingRecord[] = []
    let bytes = 0

    for (let sealed = this.nextSealed(now); sealed != null; sealed = this.nextSealed(now)) {
      const { nodeId, signature } = sealed
      const chain = this.chains.get(nodeId) === sealed.chain ? [] : sealed.chain

      records.push({ bytes: sealed.bytes, signature, chain, age: nodeId === this.self ? 0 : this.table.age(nodeId, now) })
      this.has.set(nodeId, versionOf(sealed))
      this.sentAt.set(nodeId, now)
      this.chains.set(nodeId, sealed.chain)
      bytes += sealed.bytes.byteLength + chain.reduce((sum, der) => sum + der.byteLength, signature.byteLength)

      if (bytes >= FRAME_FILL_BYTES || records.length === MAX_REQUESTED) {
        break
      }
    }

    return records.length === 0 ? undefined : { records }
  }

  /**
   * The next record of the batch that is being sent; when it is through and enough time has passed, a new batch begins.
   */
  private nextSealed (now: number): SealedRecord | undefined {
    if (this.batch.size === 0 && this.wait(now) === 0) {
      this.batch = this.owed
      this.owed = new Set()
      this.batchAt = now
    }

    for (const nodeId of this.batch) {
      const sealed = this.table.get(nodeId)

      this.batch.delete(nodeId)

      if (sealed != null && !this.upToDate(sealed)) {
        return sealed
      }
    }

    return undefined
  }

  private nextAnnounce (): StatusMessage | undefined {
    const own = this.table.get(this.self)

    if (!this.announceDue || own == null) {
      return undefined
    }

    this.announceDue = false

    return { announce: { incarnation: own.incarnation, seq: own.seq, digest: this.table.digest() } }
  }

  /**
   * Ranges with few nodes are listed, others cut into parts.
   */
  private nextRanges (): StatusMessage | undefined {
    const lists: List[] = []
    const compares: Compare[] = []
    let bytes = 0

    for (let range = this.ranges.shift(); range != null; range = bytes < FRAME_FILL_BYTES ? this.ranges.shift() : undefined) {
      const records = this.table.records(range)

      if (records.length <= LIST_SIZE) {
        lists.push({ ...range, numbers: records.map(({ nodeId, incarnation, seq, hash }) => ({ nodeId, incarnation, seq, hash })) })
        bytes += records.length * NUMBER_BYTES
      } else {
        compares.push({ from: range.from, parts: split(records, range) })
        bytes += COMPARE_PARTS * PART_BYTES
      }
    }

    return lists.length + compares.length === 0 ? undefined : { lists, compares }
  }

  /**
   * What the neighbour said was said before the record that is on its way to it arrived there.
   */
  private crossed (nodeId: NodeId, now: number): boolean {
    return now - (this.sentAt.get(nodeId) ?? -Infinity) < CROSSED
  }

  private upToDate (version: NodeVersion): boolean {
    const has = this.has.get(version.nodeId)

    return has != null && compareVersions(has, version) >= 0
  }
}

/**
 * Leaves behind the record that a version was taken from: what a neighbour has must not keep old records in memory.
 */
function versionOf ({ incarnation, seq, hash }: Version): Version {
  return { incarnation, seq, hash }
}
