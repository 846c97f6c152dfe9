import { connect, text } from './network.ts'
import type { TestNetwork, TestNode, TestNodeOptions } from './network.ts'
import type { Identity } from '@fisco-libp2p/identity'

export const reliable = { delivery: 'reliable' } as const
export const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)

/**
 * An author that follows nothing, and followers. gossipsub repairs nothing here: it is not there.
 *
 * @param links - who is connected with whom, by index; each with each if not given
 */
export async function createReliable (network: TestNetwork, identities: readonly Identity[], options: TestNodeOptions = {}, links?: ReadonlyArray<readonly [number, number]>): Promise<TestNode[]> {
  const nodes = await Promise.all(identities.map(async (identity, i) => network.add(identity, {
    gossip: { mcacheGossip: 0 },
    ...options,
    prepare: topics => {
      if (i > 0) {
        topics.follow('prices', undefined, reliable)
      }
    }
  })))

  for (const [i, j] of links ?? nodes.flatMap((_, i) => numbers(i, 0).map(j => [i, j] as const))) {
    await connect(nodes[i], nodes[j])
  }

  return nodes
}

/**
 * Publishes numbers as texts.
 */
export async function publish (author: TestNode, count: number, from = 1): Promise<void> {
  for (const i of numbers(count, from)) {
    await author.topics.publish('prices', Buffer.from(`${i}`), reliable)
  }
}

/**
 * The numbers that have come.
 */
export const received = ({ multicasts }: TestNode): number[] => multicasts.map(({ data }) => Number(text(data)))
