import { BROADCAST_TOPIC } from '@fisco-libp2p/topics'
import { pEvent } from 'p-event'
import { GO_TO_OURS, OURS_TO_GO } from './bench.ts'
import { equal, pattern, sha256, WAIT } from './expect.ts'
import { FOLLOWS_PRICES, hasEntry, oursHas, published, subscribed } from './status.ts'
import type { Case } from '../row.ts'
import type { Bench } from './bench.ts'
import type { BroadcastMessage, TopicMessage } from '@fisco-libp2p/topics'

/**
 * Multicast and broadcast.
 */
export function topicCases (bench: Bench): Case[] {
  const ways = [{ way: 'by unicast', goArgs: [] }, { way: 'by gossipsub alone', goArgs: ['-gossip-only'] }]

  return ways.flatMap(({ way, goArgs }) => [
    {
      pair: OURS_TO_GO,
      case: `multicast and broadcast, ${way}`,
      run: async () => bench.withPair({ goArgs }, async ({ ours, identity, go }) => {
        await go.command('follow', { name: 'prices' })
        await oursHas(ours, go.nodeId, 'fisco/topics', goArgs.length === 0 ? FOLLOWS_PRICES : '0a06707269636573')
        await subscribed(ours, go)

        for (const [size, topic] of [[10, 'fisco/prices'], [500_000, 'fisco/prices'], [10, BROADCAST_TOPIC]] as const) {
          const mark = go.mark
          await published(() => topic === BROADCAST_TOPIC ? ours.services.topics.broadcast(pattern(size)) : ours.services.topics.publish('prices', pattern(size)))
          const message = await go.event('message', line => line.topic === topic, mark)
          equal('author', message.author, identity.nodeId)
          equal('data', message.sha256, sha256(pattern(size)))
        }
      })
    },
    {
      pair: GO_TO_OURS,
      case: `multicast and broadcast, ${way}`,
      run: async () => bench.withPair({ goArgs, dialler: 'go' }, async ({ ours, identity, go }) => {
        const messages: Array<TopicMessage | BroadcastMessage> = []
        const arrivals = new EventTarget()
        const take = (message: TopicMessage | BroadcastMessage): void => {
          messages.push(message)
          arrivals.dispatchEvent(new Event('message'))
        }

        ours.services.topics.follow('prices', take)
        ours.services.topics.addEventListener('broadcast:message', ({ detail }) => { take(detail) })
        await go.event('status', record => hasEntry(record, identity.nodeId, 'fisco/topics', FOLLOWS_PRICES))
        await oursHas(ours, go.nodeId, 'fisco/topics', goArgs.length === 0 ? '1001' : '')
        await subscribed(ours, go)

        for (const [size, cmd] of [[10, 'publish'], [500_000, 'publish'], [10, 'broadcast']] as const) {
          const arrival = messages.length > 0 ? undefined : pEvent(arrivals, 'message', { timeout: WAIT })
          await go.command(cmd, { name: 'prices', size })
          await arrival
          const message = messages.shift()
          equal('author', message?.author, go.nodeId)
          equal('data', sha256(message?.data ?? new Uint8Array()), sha256(pattern(size)))
        }
      })
    }
  ])
}
