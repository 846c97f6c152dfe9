import { both, GO_TO_OURS, goDials, OURS_TO_GO, oursDials } from './bench.ts'
import { equal, markOf, pattern, sha256, within } from './expect.ts'
import { FOLLOWS_PRICES, hasEntry, oursHas } from './status.ts'
import type { Case } from '../row.ts'
import type { Bench } from './bench.ts'
import type { NodeRecord } from './status.ts'
import type { TopicMessage } from '@fisco-libp2p/topics'

/**
 * Nodes beside two: more than a list of a range may name, so that ranges are compared.
 */
export const CROWD = 12

/**
 * More than two nodes: what the one in the middle passes on.
 */
export function networkCases (bench: Bench): Case[] {
  return [
    {
      pair: OURS_TO_GO,
      case: 'ours - go - ours: go passes on status and messages',
      run: async () => {
        const [first, last] = await Promise.all([bench.identity(), bench.identity(2)])
        await using go = await bench.startGo()
        await using nodes = new AsyncDisposableStack()
        const [a, b] = await Promise.all([first, last].map(async identity => nodes.adopt(await bench.startOurs(identity), async node => node.stop())))
        const heard = Promise.withResolvers<TopicMessage>()
        b.services.topics.follow('prices', message => { heard.resolve(message) })
        await go.command('follow', { name: 'prices' })
        await oursDials(a, go)
        await oursDials(b, go)
        await oursHas(a, last.nodeId, 'fisco/topics', FOLLOWS_PRICES)
        await oursHas(a, last.nodeId, 'fisco/neighbours', markOf(go.nodeId))
        await go.event('status', record => hasEntry(record, first.nodeId, 'fisco/neighbours', markOf(go.nodeId)))
        await a.services.topics.publish('prices', pattern(100_000))
        const message = await within('the message', heard.promise)
        equal('author', message.author, first.nodeId)
        equal('data', sha256(message.data), sha256(pattern(100_000)))
      }
    },
    {
      pair: GO_TO_OURS,
      case: 'go - ours - go: ours passes on status and messages',
      run: async () => {
        const identity = await bench.identity()
        await using a = await bench.startGo()
        await using b = await bench.startGo(undefined, undefined, 2)
        await using nodes = new AsyncDisposableStack()
        const ours = nodes.adopt(await bench.startOurs(identity), async node => node.stop())
        ours.services.topics.follow('prices', () => {})
        await b.command('follow', { name: 'prices' })
        await goDials(a, ours)
        await goDials(b, ours)
        await a.event('status', record => hasEntry(record, b.nodeId, 'fisco/topics', FOLLOWS_PRICES))
        await a.event('status', record => hasEntry(record, b.nodeId, 'fisco/neighbours', markOf(identity.nodeId)))
        await oursHas(ours, a.nodeId, 'fisco/neighbours', markOf(identity.nodeId))
        await a.command('publish', { name: 'prices', size: 100_000 })
        const message = await b.event('message')
        equal('author', message.author, a.nodeId)
        equal('data', message.sha256, sha256(pattern(100_000)))
      }
    },
    ...both((pair, hub) => ({
      pair,
      case: `a table of ${CROWD + 2} nodes, of which ${hub === 'ours' ? 'go' : 'ours'} learns at once when it comes`,
      run: async () => {
        await using nodes = new AsyncDisposableStack()
        const crowd = await Promise.all(Array.from({ length: CROWD }, async (_, i) => nodes.use(await bench.startGo(undefined, undefined, i + 2))))
        const ours = nodes.adopt(await bench.startOurs(await bench.identity()), async node => node.stop())
        const go = nodes.use(await bench.startGo())
        await Promise.all(crowd.map(async one => hub === 'ours' ? goDials(one, ours) : one.command('dial', { addr: go.address })))

        for (const { nodeId } of crowd) {
          await (hub === 'ours' ? oursHas(ours, nodeId) : go.event('status', record => (record.record as NodeRecord).nodeId === nodeId))
        }

        const begin = performance.now()
        await goDials(go, ours)

        for (const { nodeId } of crowd) {
          await (hub === 'ours' ? go.event('status', record => (record.record as NodeRecord).nodeId === nodeId) : oursHas(ours, nodeId))
        }

        return `${Math.round(performance.now() - begin)} ms`
      }
    }))
  ]
}
