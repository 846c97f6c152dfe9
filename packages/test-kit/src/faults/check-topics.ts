import { Property } from './checker.ts'
import type { NodeLog, PropertyResult } from './checker.ts'

/**
 * The ways in which messages of the topics plugin travel.
 */
export const TOPIC_WAYS = ['reliable', 'confirmed', 'broadcast'] as const

/**
 * One of them.
 */
export type TopicWay = typeof TOPIC_WAYS[number]

/**
 * What became of the messages of one way.
 */
export interface TopicTally {
  /**
   * Messages that were sent, and deliveries that there should be.
   */
  sent: number
  expected: number
  lost: number
  doubled: number

  /**
   * Deliveries before one with a lower number of the same author.
   */
  disordered: number
  failed: number
}

/**
 * Counts what nodes logged under the topics plugin.
 *
 * @param authors - whose messages count; of one that was killed, what it had not handed over yet is lost
 * @param followers - who should have got them
 */
export function tallyTopics (authors: readonly NodeLog[], followers: readonly NodeLog[]): Record<TopicWay, TopicTally> {
  const [reliable, confirmed, broadcast] = TOPIC_WAYS.map(way => tally(way, authors, followers))

  return { reliable, confirmed, broadcast }
}

/**
 * Judges them: all but broadcasts arrive, everything arrives once, and reliable messages arrive in the order of their authors.
 */
export function checkTopics (authors: readonly NodeLog[], followers: readonly NodeLog[]): PropertyResult[] {
  const nothingLost = new Property('no reliable or confirmed message is lost')
  const once = new Property('every message is delivered at most once')
  const inOrder = new Property('reliable messages come in the order of their authors')
  const allSent = new Property('every message could be sent')
  const tallies = tallyTopics(authors, followers)

  for (const way of TOPIC_WAYS) {
    const { sent, lost, doubled, failed, disordered } = tallies[way]
    way === 'broadcast' || nothingLost.expect(lost === 0 && sent > 0, () => `${lost} deliveries of ${sent} ${way} messages are missing`)
    once.expect(doubled === 0, () => `${doubled} deliveries of ${way} messages are second ones`)
    allSent.expect(failed === 0, () => `${failed} ${way} messages failed`)
    way !== 'reliable' || inOrder.expect(disordered === 0, () => `${disordered} deliveries came before one with a lower number`)
  }

  return [nothingLost, once, inOrder, allSent].map(({ result }) => result)
}

function tally (way: TopicWay, authors: readonly NodeLog[], followers: readonly NodeLog[]): TopicTally {
  const sent = authors.flatMap(({ nodeId, entries }) => entries.filter(({ event, topic }) => event === 'topic:sent' && topic === way).map(({ id, sequence }) => ({ nodeId, key: `${id} ${sequence}` })))
  const failed = authors.reduce((sum, { entries }) => sum + entries.filter(({ event, topic }) => event === 'topic:failed' && topic === way).length, 0)
  const result: TopicTally = { sent: sent.length, expected: 0, lost: 0, doubled: 0, disordered: 0, failed }

  for (const { nodeId, entries } of followers) {
    const counts = new Map<string, number>()
    const last = new Map<unknown, number>()

    for (const { event, topic, id, sequence } of entries) {
      if (event === 'topic:got' && topic === way) {
        counts.set(`${id} ${sequence}`, (counts.get(`${id} ${sequence}`) ?? 0) + 1)
        result.disordered += Number(sequence) < (last.get(id) ?? 0) ? 1 : 0
        last.set(id, Number(sequence))
      }
    }

    const others = sent.filter(message => message.nodeId !== nodeId)
    result.expected += others.length
    result.lost += others.filter(({ key }) => !counts.has(key)).length
    result.doubled += [...counts.values()].filter(count => count > 1).length
  }

  return result
}
