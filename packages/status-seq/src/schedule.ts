import { ANNOUNCE_EVERYONE, ANNOUNCE_FANOUT, FIRST_PAUSE, FRUITLESS_REPAIR_INTERVAL, INTERVAL_JITTER, REPAIR_INTERVAL, LONGEST_PAUSE, MAX_OVERDUE, REOPEN_FIRST, REOPEN_MAX } from './constants.ts'

/**
 * A neighbour as a timed announcement sees it.
 */
export interface Candidate {
  /**
   * When both were last compared by a timed announcement.
   */
  comparedAt: number
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
 * Which neighbours a timed announcement goes to: those that have waited for too long, longest first, and then others at random.
 */
export function pickNeighbours <T extends Candidate> (candidates: readonly T[], now: number, random: () => number): T[] {
  const overdue = candidates.filter(candidate => now - candidate.comparedAt >= ANNOUNCE_EVERYONE).sort((a, b) => a.comparedAt - b.comparedAt)
  const picked = overdue.slice(0, MAX_OVERDUE)
  const others = candidates.filter(candidate => now - candidate.comparedAt < ANNOUNCE_EVERYONE)

  while (picked.length < ANNOUNCE_FANOUT && others.length > 0) {
    picked.push(...others.splice(Math.min(others.length - 1, Math.floor(random() * others.length)), 1))
  }

  return picked
}

/**
 * When announcements are due: soon after news, and then less and less often as long as there are none.
 */
export class AnnouncePace {
  readonly #interval: number
  readonly #random: () => number
  #pause: number
  #due = -Infinity

  /**
   * @param interval - milliseconds
   */
  constructor (interval: number, random: () => number) {
    this.#interval = interval
    this.#random = random
    this.#pause = interval * FIRST_PAUSE
  }

  get due (): number {
    return this.#due
  }

  /**
   * The table has changed. What is due earlier stays so: whoever hears news all the time announces at the highest rate.
   */
  news (now: number): void {
    this.#pause = this.#interval * FIRST_PAUSE
    this.#due = Math.min(this.#due, now + jittered(this.#pause, this.#random))
  }

  /**
   * An announcement was made.
   */
  made (now: number): void {
    this.#due = now + jittered(this.#pause, this.#random)
    this.#pause = Math.min(2 * this.#pause, this.#interval * LONGEST_PAUSE)
  }
}

/**
 * Decides when a digest that differs is followed up.
 */
export class RepairSchedule {
  private at = -Infinity
  private pair = ''
  private pause = REPAIR_INTERVAL

  /**
   * Whether to compare both tables now: not more often than once per {@link REPAIR_INTERVAL}, and less and less often while neither side
   * changes.
   *
   * @param ours - digest of the own table
   * @param theirs - digest that the neighbour announced
   */
  due (ours: string, theirs: string, now: number): boolean {
    const pair = `${ours} ${theirs}`
    const isNew = pair !== this.pair

    if (ours === theirs || now - this.at < (isNew ? REPAIR_INTERVAL : this.pause)) {
      return false
    }

    this.pause = isNew ? REPAIR_INTERVAL : Math.min(2 * this.pause, FRUITLESS_REPAIR_INTERVAL)
    this.at = now
    this.pair = pair

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
