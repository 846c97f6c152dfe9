import { MAX_SOURCES, MAX_WANTED_PER_NEIGHBOUR, REQUEST_TIMEOUT } from './constants.ts'
import { compareVersions } from './merge.ts'
import type { NodeVersion, Version } from './merge.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * A question to send: the record of `nodeId`, to the neighbour `source`.
 */
export interface Question {
  nodeId: NodeId
  source: NodeId
}

interface Want {
  source: NodeId
  deadline: number

  /**
   * Neighbours to ask next, with the version that each of them has.
   */
  others: Map<NodeId, Version>
}

/**
 * Which records are being asked for: one question per owner at a time, to the neighbour that told its number first; when it
 * does not answer in time, to the next that told. What a neighbour claims to have never keeps out what another really has:
 * whatever arrives is merged on its own merits.
 */
export class Fetcher {
  private readonly wants = new Map<NodeId, Want>()
  private readonly asked = new Map<NodeId, number>()
  private readonly maxWants: number

  /**
   * @param maxWants - most owners whose records are asked for at a time
   */
  constructor (maxWants: number) {
    this.maxWants = maxWants
  }

  /**
   * How many owners' records are being asked for.
   */
  get size (): number {
    return this.wants.size
  }

  /**
   * A neighbour told of a version that is newer than the one that is held.
   *
   * @returns whether to ask it now
   */
  told (version: NodeVersion, source: NodeId, now: number): boolean {
    const want = this.wants.get(version.nodeId)

    if (want != null) {
      if (want.source !== source && (want.others.has(source) || want.others.size < MAX_SOURCES)) {
        want.others.set(source, version)
      }

      return false
    }

    if (this.wants.size >= this.maxWants || (this.asked.get(source) ?? 0) >= MAX_WANTED_PER_NEIGHBOUR) {
      return false
    }

    this.wants.set(version.nodeId, { source, deadline: now + REQUEST_TIMEOUT, others: new Map() })
    this.count(source, 1)

    return true
  }

  /**
   * A record of this owner was taken from some neighbour: what others claim beyond it they will be asked for on its own.
   */
  arrived (held: NodeVersion, now: number): Question[] {
    const want = this.wants.get(held.nodeId)

    return want == null ? [] : this.next(held.nodeId, want, held, now)
  }

  /**
   * A neighbour is gone: its questions go to others.
   */
  left (source: NodeId, held: (nodeId: NodeId) => Version | undefined, now: number): Question[] {
    for (const want of this.wants.values()) {
      want.others.delete(source)
    }

    return this.retry(want => want.source === source, held, now)
  }

  /**
   * Questions that were not answered in time, to be asked elsewhere.
   */
  expired (held: (nodeId: NodeId) => Version | undefined, now: number): Question[] {
    return this.retry(want => now >= want.deadline, held, now)
  }

  clear (): void {
    this.wants.clear()
    this.asked.clear()
  }

  private retry (which: (want: Want) => boolean, held: (nodeId: NodeId) => Version | undefined, now: number): Question[] {
    return [...this.wants].filter(([, want]) => which(want)).flatMap(([nodeId, want]) => this.next(nodeId, want, held(nodeId), now))
  }

  private next (nodeId: NodeId, want: Want, held: Version | undefined, now: number): Question[] {
    this.count(want.source, -1)

    for (const [source, version] of want.others) {
      want.others.delete(source)

      if (held == null || compareVersions(version, held) > 0) {
        want.source = source
        want.deadline = now + REQUEST_TIMEOUT
        this.count(source, 1)

        return [{ nodeId, source }]
      }
    }

    this.wants.delete(nodeId)

    return []
  }

  private count (source: NodeId, by: number): void {
    const count = (this.asked.get(source) ?? 0) + by

    if (count > 0) {
      this.asked.set(source, count)
    } else {
      this.asked.delete(source)
    }
  }
}
