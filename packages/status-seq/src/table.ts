import { HOP_AGE, HOPS_PER_AGE } from './constants.ts'
import { compareVersions, equivocates } from './merge.ts'
import { digestOf, EVERYTHING, firstFrom, within } from './ranges.ts'
import type { NodeVersion, Version } from './merge.ts'
import type { Range } from './ranges.ts'
import type { SealedRecord } from './record.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What became of a record that was put to the table.
 *
 * - `taken`: it is newer than the one before, if any
 * - `known`: it is the one that the table has
 * - `older`: the table has a newer one
 * - `aged`: its owner has left the network too long ago
 * - `table-full`: there is no room for another node
 */
export type Outcome = 'taken' | 'known' | 'older' | 'aged' | 'table-full'

/**
 * What the table answers.
 */
export interface Taken {
  outcome: Outcome

  /**
   * The record that was there before.
   */
  previous?: SealedRecord

  /**
   * The one of two different records with the same numbers that was not kept, seen for the first time.
   */
  equivocation?: SealedRecord
}

/**
 * Limits of a {@link StatusTable}.
 */
export interface TableInit {
  /**
   * Most nodes, the own one included.
   */
  maxNodes: number

  /**
   * Milliseconds after which the record of a node that is not known to be in the network is dropped.
   */
  maxAge: number
}

interface Row {
  sealed: SealedRecord

  /**
   * When, by this node's clock, the owner was last known to be in the network.
   */
  evidentAt: number
  equivocated: boolean
}

/**
 * The newest record of every node that this one knows. It has no clock: callers say what time it is, in milliseconds of a
 * clock that only moves forward.
 */
export class StatusTable {
  private readonly rows = new Map<NodeId, Row>()
  private readonly buried = new Map<NodeId, { version: Version, until: number }>()
  private readonly init: TableInit

  /**
   * By ascending node ID; the nodes change rarely, their records often.
   */
  #sorted?: SealedRecord[]
  #digest?: string

  constructor (init: TableInit) {
    this.init = init
  }

  get size (): number {
    return this.rows.size
  }

  get (nodeId: NodeId): SealedRecord | undefined {
    return this.rows.get(nodeId)?.sealed
  }

  /**
   * The records of a range, by ascending node ID.
   */
  records (range: Range = EVERYTHING): readonly SealedRecord[] {
    this.#sorted ??= [...this.rows.values()].map(row => row.sealed).sort(byNodeId)

    return range === EVERYTHING ? this.#sorted : within(this.#sorted, range)
  }

  /**
   * How many records lie in a range.
   */
  count ({ from, to }: Range): number {
    const all = this.records()

    return Math.max(0, (to == null ? all.length : firstFrom(all, to)) - firstFrom(all, from))
  }

  /**
   * Stands for all that is known.
   */
  digest (): string {
    this.#digest ??= digestOf(this.records())

    return this.#digest
  }

  /**
   * Puts a proven record to the table.
   *
   * @param age - milliseconds since the owner was last known to be in the network
   */
  take (sealed: SealedRecord, age: number, now: number): Taken {
    const row = this.rows.get(sealed.nodeId)

    if (row != null) {
      return this.merge(row, sealed, now - age)
    }

    if (age >= this.init.maxAge || this.isBuried(sealed, now)) {
      return { outcome: 'aged' }
    }

    if (this.rows.size >= this.init.maxNodes) {
      return { outcome: 'table-full' }
    }

    this.buried.delete(sealed.nodeId)
    this.rows.set(sealed.nodeId, { sealed, evidentAt: now - age, equivocated: false })
    this.changed()

    return { outcome: 'taken' }
  }

  /**
   * Milliseconds since a node was last known to be in the network; at most `maxAge`.
   */
  age (nodeId: NodeId, now: number): number {
    const row = this.rows.get(nodeId)

    return row == null ? this.init.maxAge : Math.min(this.init.maxAge, Math.max(0, Math.floor(now - row.evidentAt)))
  }

  /**
   * The records of nodes that were last known to be in the network so many milliseconds ago, or earlier.
   */
  aged (age: number, now: number): SealedRecord[] {
    return this.select(row => now - row.evidentAt >= age)
  }

  /**
   * The records whose chain has expired.
   *
   * @param time - unix milliseconds
   */
  expired (time: number): SealedRecord[] {
    return this.select(row => time > row.sealed.validUntil)
  }

  /**
   * A node is in the network now.
   */
  witness (nodeId: NodeId, now: number): void {
    const row = this.rows.get(nodeId)

    if (row != null) {
      row.evidentAt = now
    }
  }

  /**
   * Whether a version was dropped for its age a short while ago. Others drop it a little later, and would give it back.
   */
  isBuried (version: NodeVersion, now: number): boolean {
    const grave = this.buried.get(version.nodeId)

    return grave != null && now < grave.until && compareVersions(version, grave.version) <= 0
  }

  remove (nodeId: NodeId): SealedRecord | undefined {
    const row = this.rows.get(nodeId)

    if (this.rows.delete(nodeId)) {
      this.changed()
    }

    return row?.sealed
  }

  /**
   * Removes a record for its age: until `maxAge` from now, only a newer one of that node is taken.
   */
  bury (nodeId: NodeId, now: number): SealedRecord | undefined {
    const sealed = this.remove(nodeId)

    if (sealed != null) {
      this.buried.delete(nodeId)
      this.buried.set(nodeId, { version: { incarnation: sealed.incarnation, seq: sealed.seq, hash: sealed.hash }, until: now + this.init.maxAge })
    }

    // the oldest graves come first
    for (const [nodeId, { until }] of this.buried) {
      if (now < until && this.buried.size <= this.init.maxNodes) {
        break
      }

      this.buried.delete(nodeId)
    }

    return sealed
  }

  clear (): void {
    this.rows.clear()
    this.buried.clear()
    this.changed()
  }

  /**
   * Only something newer that the owner signed is younger: the record that is known already, handed round and back, is not.
   */
  private merge (row: Row, sealed: SealedRecord, evidentAt: number): Taken {
    const order = compareVersions(sealed, row.sealed)
    const evidence = equivocates(sealed, row.sealed) && !row.equivocated
    const previous = row.sealed

    row.equivocated ||= evidence

    if (order <= 0) {
      return { outcome: order === 0 ? 'known' : 'older', previous, equivocation: evidence ? sealed : undefined }
    }

    row.equivocated = equivocates(sealed, previous)
    row.evidentAt = Math.max(row.evidentAt, evidentAt)
    row.sealed = sealed
    this.replaced(sealed)

    return { outcome: 'taken', previous, equivocation: evidence ? previous : undefined }
  }

  private select (is: (row: Row) => boolean): SealedRecord[] {
    const selected: SealedRecord[] = []

    for (const row of this.rows.values()) {
      if (is(row)) {
        selected.push(row.sealed)
      }
    }

    return selected
  }

  private changed (): void {
    this.#sorted = undefined
    this.#digest = undefined
  }

  /**
   * Puts a newer record in the place of an older one.
   */
  private replaced (sealed: SealedRecord): void {
    this.#sorted?.splice(firstFrom(this.#sorted, sealed.nodeId), 1, sealed)

    this.#digest = undefined
  }
}

/**
 * How old a record is for the one that receives it.
 *
 * @param age - as the sender says
 * @param direct - whether the sender is the owner itself
 */
export function ageOnArrival (age: number, direct: boolean, maxAge: number): number {
  return direct ? 0 : Math.min(maxAge, age + Math.min(HOP_AGE, maxAge / HOPS_PER_AGE))
}

function byNodeId (a: SealedRecord, b: SealedRecord): number {
  return a.nodeId < b.nodeId ? -1 : a.nodeId > b.nodeId ? 1 : 0
}
