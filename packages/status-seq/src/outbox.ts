import { ANSWER_BURST, ANSWER_PER_SECOND, CROSSED, FRAME_FILL_BYTES, MAX_REQUESTED, MAX_WANTED_PER_NEIGHBOUR, PUSH_INTERVAL } from './constants.ts'
import { compareVersions } from './merge.ts'
import { nextList, nextRequest } from './message.ts'
import { ListSchedule, TokenBucket } from './schedule.ts'
import type { NodeVersion, Version } from './merge.ts'
import type { StatusMessage, TravellingRecord } from './message.ts'
import type { SealedRecord } from './record.ts'
import type { StatusTable } from './table.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What is to be said to one neighbour, and what it is known to have. Nothing in it is a queue of messages: what has to be
 * said is kept as a state and put into words when the stream has room, so a neighbour that reads slowly costs no memory, and
 * gets the newest of everything.
 */
export class Outbox {
  readonly nodeId: NodeId
  readonly lists = new ListSchedule()

  /**
   * When the last timed announcement was made out for it.
   */
  announcedAt = -Infinity

  private readonly table: StatusTable
  private readonly self: NodeId
  private readonly answers = new TokenBucket(ANSWER_BURST, ANSWER_PER_SECOND)
  private readonly has = new Map<NodeId, Version>()
  private readonly sentAt = new Map<NodeId, number>()
  private readonly wanted = new Set<NodeId>()
  private owed = new Set<NodeId>()
  private batch = new Set<NodeId>()
  private batchAt = -Infinity
  private announceDue = false
  private listFrom?: string

  /**
   * @param nodeId - the neighbour
   * @param self - this node
   */
  constructor (nodeId: NodeId, self: NodeId, table: StatusTable) {
    this.nodeId = nodeId
    this.self = self
    this.table = table
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
   * The neighbour has shown that it has no record of a node of the table.
   */
  lacks (nodeId: NodeId, now: number): void {
    if (!this.crossed(nodeId, now)) {
      this.has.delete(nodeId)
      this.owed.add(nodeId)
    }
  }

  /**
   * A node is no longer in the table.
   */
  forget (nodeId: NodeId): void {
    this.has.delete(nodeId)
    this.sentAt.delete(nodeId)
    this.owed.delete(nodeId)
    this.batch.delete(nodeId)
  }

  /**
   * The neighbour should have the record of a node, unless it has shown that it does.
   */
  push (version: NodeVersion): void {
    if (!this.upToDate(version)) {
      this.owed.add(version.nodeId)
    }
  }

  /**
   * The neighbour asked for records.
   */
  answer (nodeIds: readonly NodeId[], now: number): void {
    for (const nodeId of nodeIds) {
      if (this.table.get(nodeId) != null && this.answers.take(1, now)) {
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
    }
  }

  /**
   * Tell it the own number, and the digest of everything.
   */
  announce (): void {
    this.announceDue = true
  }

  /**
   * Tell it the numbers of everything.
   */
  list (): void {
    this.listFrom = ''
  }

  /**
   * A new stream begins: what was said on the one before may not have arrived. The own record and the digest go first, and the
   * answer to the digest tells the rest.
   */
  greet (): void {
    this.has.clear()
    this.sentAt.clear()
    this.listFrom = undefined
    this.batchAt = -Infinity
    this.owed.add(this.self)
    this.announceDue = true
  }

  /**
   * The next message to send, if there is something to say now.
   */
  next (now: number): StatusMessage | undefined {
    return this.nextRequest() ?? this.nextRecords(now) ?? this.nextAnnounce() ?? this.nextList()
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
      const { nodeId, signature, chain } = sealed

      records.push({ bytes: sealed.bytes, signature, chain, age: nodeId === this.self ? 0 : this.table.age(nodeId, now) })
      this.has.set(nodeId, versionOf(sealed))
      this.sentAt.set(nodeId, now)
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
    if (!this.announceDue) {
      return undefined
    }

    this.announceDue = false

    return { announce: { numbers: this.table.versions().filter(version => version.nodeId === this.self), digest: this.table.digest() } }
  }

  private nextList (): StatusMessage | undefined {
    if (this.listFrom == null) {
      return undefined
    }

    const list = nextList(this.table.versions(), this.listFrom)
    this.listFrom = list.to

    return { list }
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
