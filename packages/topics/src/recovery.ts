import { setImmediate } from 'node:timers/promises'
import { FETCH_NAME, FETCH_TIMEOUT, MAX_SOURCES } from './constants.ts'
import { decodeAnswer, encodeQuestion } from './fetch.ts'
import { shuffle } from './request.ts'
import { tailsOf } from './tails.ts'
import type { DirectLike, StatusRecordLike } from './components.ts'
import type { Envelope } from './envelope.ts'
import type { Feed } from './feed.ts'
import type { Question } from './fetch.ts'
import type { Tail } from './tails.ts'
import type { Topology } from './topology.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Logger } from '@libp2p/interface'

/**
 * Messages of an answer that are judged in one turn of the event loop.
 */
const MESSAGES_PER_TURN = 32

/**
 * What {@link Recovery} works with. Topics are those of gossipsub.
 */
export interface RecoveryInit {
  self: NodeId
  log: Logger
  random (): number
  topology: Pick<Topology, 'recordOf' | 'records' | 'neighbours' | 'neighboursOf'>

  /**
   * Judges a message that was asked for.
   *
   * @returns undefined if it is not what was asked for, or badly signed
   */
  judge (bytes: Uint8Array, question: Question): Promise<Envelope | undefined>
  onFetched (): void
}

/**
 * Fetches what is missing of a feed, from its author or from other followers.
 */
export class Recovery {
  private readonly init: RecoveryInit
  private readonly direct: DirectLike
  private readonly signal: AbortSignal

  constructor (init: RecoveryInit, direct: DirectLike, signal: AbortSignal) {
    this.init = init
    this.direct = direct
    this.signal = signal
  }

  /**
   * Asks the author, and others if it cannot be asked or does not have all. What its author was asked for and does not give, and none of the others has, is left out.
   *
   * @returns whether anybody answered
   */
  async run (feed: Feed): Promise<boolean> {
    const { author, topic, incarnation } = feed
    const { topology, random } = this.init
    const others = shuffle(topology.neighboursOf(topic).filter(nodeId => nodeId !== author), random).slice(0, MAX_SOURCES)
    let lacked: number | undefined
    let answers = 0

    for (const source of [...topology.neighbours().has(author) ? [author] : [], ...others]) {
      if (feed.missing == null || feed.incarnation !== incarnation || this.signal.aborted) {
        return answers > 0
      }

      const asked = feed.missing
      const hasAnswered = await this.ask(source, { topic, author, incarnation, ...asked }, feed)

      answers += Number(hasAnswered)

      if (source === author && hasAnswered) {
        // an author that gives is asked for more, before it makes anybody ask others
        if (feed.missing?.from !== asked.from) {
          return true
        }

        lacked = asked.from
      }
    }

    // what it has of the rest is here by now
    if (lacked != null && feed.missing?.from === lacked && feed.incarnation === incarnation) {
      feed.leave(feed.missing, tailIn(topology.recordOf(author), feed)?.oldest ?? 0)
    }

    return answers > 0
  }

  /**
   * Asks one node.
   *
   * @returns whether it answered, and as it should
   */
  async ask (source: NodeId, question: Question, feed: Feed): Promise<boolean> {
    const { log } = this.init
    let next = question.from

    try {
      const { messages } = decodeAnswer(await this.direct.request(source, FETCH_NAME, encodeQuestion(question), { timeout: FETCH_TIMEOUT, signal: this.signal }))

      for (const [i, bytes] of messages.entries()) {
        // an answer brings hundreds, and none of them need be worth its verification
        if (i % MESSAGES_PER_TURN === MESSAGES_PER_TURN - 1) {
          await setImmediate()
        }

        const envelope = await this.init.judge(bytes, { ...question, from: next })

        next = (envelope?.sequence ?? 0) + 1

        if (envelope == null) {
          log('node %s answers with messages that were not asked for', source)

          return false
        }

        this.init.onFetched()
        // a later incarnation that came in the meantime makes no use of it
        feed.accept({ envelope, bytes }, tailIn(this.init.topology.recordOf(question.author), question), performance.now())
      }

      return true
    } catch (err) {
      log('node %s could not be asked for missed messages - %e', source, err)

      return false
    }
  }
}

/**
 * The tail that a record tells of a topic, if it belongs to an incarnation.
 */
export function tailIn (record: StatusRecordLike | undefined, { topic, incarnation }: { topic: string, incarnation: number }): Tail | undefined {
  return record?.incarnation === incarnation ? tailsOf(record).get(topic) : undefined
}
