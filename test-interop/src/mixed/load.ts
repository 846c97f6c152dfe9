import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { pattern, sha256 } from '../go/expect.ts'
import type { Member, Session } from './member.ts'

const LANES = 3
const ASK_EVERY = 200
const TELL_EVERY = 500
const LONGEST_REQUEST = 256 * 1024

/**
 * Milliseconds that a message has to be with everybody, and that its author must live on for it to count.
 */
const ARRIVES_WITHIN = 5_000

/**
 * A message to all or to a topic.
 */
interface Told {
  author: Session
  authorName: string
  sha: string
  at: number
}

/**
 * What came of the load.
 */
export interface LoadReport {
  /**
   * Requests between nodes that were known to all and up until the answer.
   */
  answered: number

  /**
   * Other requests, that a restart may have ended: they may fail.
   */
  excused: number

  /**
   * Messages that count, and how often each was due at a member and came.
   */
  messages: number
  deliveries: number

  /**
   * What was not as it should be, in words.
   */
  complaints: string[]
}

/**
 * Has all members ask each other and tell all, and keeps account of what comes of it.
 */
export class Load {
  readonly #members: readonly Member[]
  readonly #stopping = new AbortController()
  readonly #told: Told[] = []
  readonly #report: LoadReport = { answered: 0, excused: 0, messages: 0, deliveries: 0, complaints: [] }
  readonly #loops: Array<Promise<void>>

  constructor (members: readonly Member[]) {
    this.#members = members
    this.#loops = members.flatMap(member => [
      this.#every(ASK_EVERY, async () => this.#ask(member)),
      this.#every(TELL_EVERY, async () => this.#tell(member))
    ])
  }

  /**
   * Ends it, waits for what is under way, and judges all.
   */
  async stop (): Promise<LoadReport> {
    this.#stopping.abort()
    await Promise.all(this.#loops)
    await setTimeout(ARRIVES_WITHIN)
    this.#told.forEach(told => { this.#judge(told) })
    this.#members.forEach(({ name, sessions }) => {
      sessions.forEach(({ heard }) => heard.forEach((times, sha) => {
        if (times > 1) {
          this.#report.complaints.push(`${name} heard ${sha.slice(0, 8)} ${times} times`)
        }
      }))
    })

    return this.#report
  }

  async #every (ms: number, act: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping

    while (!signal.aborted) {
      await Promise.all([act(), setTimeout(ms, undefined, { signal }).catch(() => {})])
    }
  }

  async #ask (from: Member): Promise<void> {
    const others = this.#members.filter(({ session }) => session != null && session !== from.session)
    const to = others[Math.floor(Math.random() * others.length)]
    const sessions = [from.session, to?.session]

    if (sessions.includes(undefined)) {
      return
    }

    const due = from.settled && to.settled
    const size = 1 + Math.floor(LONGEST_REQUEST ** Math.random())
    const lane = Math.floor(Math.random() * LANES)
    // a process that is gone answers nothing
    const answer = await from.node.attempt('request', { peer: to.node.peerId, nodeId: to.node.nodeId, name: 'echo', lane, size }).catch(err => ({ ok: false, error: err.message, sha256: undefined }))
    const good = answer.ok === true && answer.sha256 === sha256(pattern(size))

    if (good && due) {
      this.#report.answered++
    } else if (!due || sessions.some(session => session?.ended != null)) {
      this.#report.excused++
    } else {
      this.#report.complaints.push(`${from.name} asked ${to.name}, ${size} bytes on lane ${lane}: ${String(answer.ok === true ? 'another answer' : answer.error)}`)
    }
  }

  async #tell (from: Member): Promise<void> {
    const { session: author, settled, name } = from

    if (author == null || !settled) {
      return
    }

    const data = randomBytes(16 + Math.floor(Math.random() * 2_000))
    this.#told.push({ author, authorName: name, sha: sha256(data), at: performance.now() })
    const { ok, error } = await author.node.attempt(Math.random() < 0.5 ? 'publish' : 'broadcast', { name: 'prices', data: data.toString('hex') }).catch(err => ({ ok: false, error: err.message }))

    if (ok !== true && author.ended == null) {
      this.#report.complaints.push(`${name} could not tell: ${String(error)}`)
    }
  }

  /**
   * Each member that was known to all when the message was told, and lived on, must have heard it.
   */
  #judge ({ author, authorName, sha, at }: Told): void {
    const livesOn = ({ settled = Infinity, ended = Infinity }: Session): boolean => settled <= at && ended > at + ARRIVES_WITHIN

    if (!livesOn(author)) {
      return
    }

    this.#report.messages++

    for (const { name, sessions } of this.#members) {
      const due = sessions.find(livesOn)

      if (due == null || due === author) {
        continue
      }

      if (due.heard.has(sha)) {
        this.#report.deliveries++
      } else {
        this.#report.complaints.push(`${name} did not hear ${sha.slice(0, 8)} of ${authorName}`)
      }
    }
  }
}
