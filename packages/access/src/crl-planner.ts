import { MAX_CRL_LEAD, supersedes } from '@fisco-libp2p/identity'
import { LRUCache } from 'lru-cache'
import { CRL_PENALTY, CRL_RETRY, MAX_PENALTIES, MAX_SETTLED, VERIFY_BURST, VERIFY_INTERVAL } from './constants.ts'
import type { Notice } from './notices.ts'
import type { CrlPosition, NodeId } from '@fisco-libp2p/identity'

/**
 * A CRL that is worth fetching, and from whom.
 */
export interface CrlQuestion {
  from: NodeId
  notice: Notice
}

/**
 * What the planner asks about the state of this node.
 */
export interface PlannerInit {
  /**
   * Whether CRLs of this issuer can be verified here.
   */
  knows (issuer: string): boolean

  /**
   * The highest number and the latest time of the CRLs of an issuer that were held.
   */
  latest (issuer: string): CrlPosition | undefined
}

/**
 * When a neighbour may be asked again for CRLs of an issuer, and how often in a row it did not answer.
 */
interface Penalty {
  until: number
  failures: number
}

/**
 * How a question ended:
 *
 * - `taken`: the CRL is held now
 * - `useless`: it is no CRL of that issuer, or not a newer one although its notice says so; nobody who is honest tells of it
 * - `outdated`: it is not newer than one that came another way meanwhile
 * - `lied`: the answer, or the number or time in it, was not what the notice says
 * - `failed`: there was no answer
 */
export type CrlOutcome = 'taken' | 'useless' | 'outdated' | 'lied' | 'failed'

/**
 * Decides which CRLs are fetched, from whom and when (docs/PROTOCOLS.md, "Taking trust back"). Anybody who is certified can tell of any number of CRLs: each is fetched
 * once, one at a time for each issuer, and few are verified in a time. The newest one is fetched first, so that true but old ones, of which there may be many, do not
 * stand before it; and who brings one that is none, or not what was told, is not asked for that issuer's for a while, so that it does not stand in the way of those who
 * bring true ones.
 *
 * Times are milliseconds of one clock that only goes forward; `wallTime` is unix milliseconds.
 */
export class CrlPlanner {
  readonly #init: PlannerInit
  readonly #settled = new LRUCache<string, true>({ max: MAX_SETTLED })
  readonly #penalties = new LRUCache<string, Penalty>({ max: MAX_PENALTIES })
  readonly #inFlight = new Set<string>()
  readonly #tokens = new Map<string, { left: number, at: number }>()

  constructor (init: PlannerInit) {
    this.#init = init
  }

  /**
   * The questions to be asked now, at most one for each issuer; they count as asked.
   *
   * @param told - the notices of each neighbour
   * @returns also when it is worth to come back, Infinity if nothing waits
   */
  plan (told: ReadonlyArray<{ from: NodeId, notices: readonly Notice[] }>, now: number, wallTime: number): { questions: CrlQuestion[], nextAt: number } {
    const best = new Map<string, CrlQuestion>()
    let nextAt = Infinity

    for (const { from, notices } of told) {
      for (const notice of notices) {
        if (!this.#isWanted(notice)) {
          continue
        }

        const at = Math.max(this.#penalties.get(penaltyKey(from, notice.issuer))?.until ?? 0, this.#allowedAt(notice.issuer, now), now + notice.thisUpdate - MAX_CRL_LEAD - wallTime)

        if (at > now) {
          nextAt = Math.min(nextAt, at)
        } else if (supersedes(notice, best.get(notice.issuer)?.notice)) {
          best.set(notice.issuer, { from, notice })
        }
      }
    }

    best.forEach((_, issuer) => { this.#inFlight.add(issuer) })

    return { questions: [...best.values()], nextAt }
  }

  /**
   * A question has ended.
   */
  ended ({ from, notice }: CrlQuestion, outcome: CrlOutcome, now: number): void {
    const penalty = penaltyKey(from, notice.issuer)
    const { failures } = this.#penalties.get(penalty) ?? { failures: 0 }

    this.#inFlight.delete(notice.issuer)

    if (outcome === 'taken') {
      this.#spend(notice.issuer, now)
      this.#penalties.delete(penalty)
    } else if (outcome === 'useless' || outcome === 'lied') {
      this.#penalties.set(penalty, { until: now + CRL_PENALTY, failures })
    } else if (outcome === 'failed') {
      // who never answers takes the turn of others each time
      this.#penalties.set(penalty, { until: now + Math.min(CRL_RETRY * 2 ** failures, CRL_PENALTY), failures: failures + 1 })
    }

    if (outcome !== 'lied' && outcome !== 'failed') {
      this.#settled.set(settledKey(notice), true)
    }
  }

  #isWanted (notice: Notice): boolean {
    return !this.#inFlight.has(notice.issuer) && !this.#settled.has(settledKey(notice)) && this.#init.knows(notice.issuer) && supersedes(notice, this.#init.latest(notice.issuer))
  }

  #allowedAt (issuer: string, now: number): number {
    const tokens = this.#tokens.get(issuer)

    return tokens == null || this.#left(tokens, now) >= 1 ? 0 : tokens.at + (1 - tokens.left) * VERIFY_INTERVAL
  }

  #spend (issuer: string, now: number): void {
    const tokens = this.#tokens.get(issuer)
    const left = (tokens == null ? VERIFY_BURST : this.#left(tokens, now)) - 1

    // only issuers of which a CRL was verified get here, and those are few
    this.#tokens.set(issuer, { left, at: now })
  }

  #left ({ left, at }: { left: number, at: number }, now: number): number {
    return Math.min(VERIFY_BURST, left + (now - at) / VERIFY_INTERVAL)
  }
}

function penaltyKey (from: NodeId, issuer: string): string {
  return `${from}/${issuer}`
}

/**
 * With the issuer: somebody may tell of a true CRL under the name of another issuer, so that it would be of no use to anybody.
 */
function settledKey ({ issuer, hash }: Notice): string {
  return `${issuer}/${hash}`
}
