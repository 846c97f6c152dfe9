import { ANNOUNCE_EVERYONE, ANNOUNCE_FANOUT, FRUITLESS_LIST_INTERVAL, INTERVAL_JITTER, LIST_INTERVAL, REOPEN_FIRST, REOPEN_MAX } from './constants.ts'

/**
 * A neighbour as a timed announcement sees it.
 */
export interface Candidate {
  /**
   * When the last timed announcement went to it.
   */
  announcedAt: number
}

/**
 * An interval, made longer or shorter at random.
 *
 * @param random - 0 to 1, as Math.random gives
 */
export function jittered (interval: number, random: () => number): number {
  return Math.round(interval * (1 + INTERVAL_JITTER * (2 * random() - 1)))
}

/**
 * Milliseconds before a stream is opened again: doubling, capped, at random between half and whole.
 *
 * @param failures - in a row, 1 for the first
 */
export function reopenDelay (failures: number, random: () => number): number {
  return Math.round(Math.min(REOPEN_MAX, REOPEN_FIRST * 2 ** (failures - 1)) * (0.5 + random() / 2))
}

/**
 * Which neighbours a timed announcement goes to: those that have waited for too long, longest first, then others at random.
 */
export function pickNeighbours <T extends Candidate> (candidates: readonly T[], now: number, random: () => number): T[] {
  const overdue = candidates.filter(candidate => now - candidate.announcedAt >= ANNOUNCE_EVERYONE).sort((a, b) => a.announcedAt - b.announcedAt)
  const picked = overdue.slice(0, ANNOUNCE_FANOUT)
  const others = candidates.filter(candidate => !picked.includes(candidate))

  while (picked.length < ANNOUNCE_FANOUT && others.length > 0) {
    picked.push(...others.splice(Math.min(others.length - 1, Math.floor(random() * others.length)), 1))
  }

  return picked
}

/**
 * Decides when a digest that differs is answered with a list.
 */
export class ListSchedule {
  private sentAt = -Infinity
  private sentFor = ''

  /**
   * Whether to send a list now: not more often than once per {@link LIST_INTERVAL}, and rarely when neither side has changed
   * since the last one.
   *
   * @param ours - digest of the own table
   * @param theirs - digest that the neighbour announced
   */
  due (ours: string, theirs: string, now: number): boolean {
    const pair = `${ours} ${theirs}`
    const wait = pair === this.sentFor ? FRUITLESS_LIST_INTERVAL : LIST_INTERVAL

    if (ours === theirs || now - this.sentAt < wait) {
      return false
    }

    this.sentAt = now
    this.sentFor = pair

    return true
  }
}

/**
 * A token bucket: so many at a stretch, then so many per second.
 */
export class TokenBucket {
  private readonly burst: number
  private readonly perSecond: number
  private tokens: number
  private filledAt?: number

  constructor (burst: number, perSecond: number) {
    this.burst = burst
    this.perSecond = perSecond
    this.tokens = burst
  }

  /**
   * Takes tokens, if there are any: the last taker may go below zero, and all wait until that is made up for.
   */
  take (count: number, now: number): boolean {
    this.fill(now)

    if (this.tokens <= 0) {
      return false
    }

    this.tokens -= count

    return true
  }

  /**
   * Milliseconds until there is a token.
   */
  wait (now: number): number {
    this.fill(now)

    return this.tokens > 0 ? 0 : Math.ceil((1 - this.tokens) * 1_000 / this.perSecond)
  }

  private fill (now: number): void {
    this.tokens = Math.min(this.burst, this.tokens + Math.max(0, now - (this.filledAt ?? now)) * this.perSecond / 1_000)
    this.filledAt = now
  }
}
