import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { freePorts, temporaryFolder } from '@fisco-libp2p/test-kit'
import { buildReference, chainOf, lacksGo } from '../go/reference.ts'
import { Load } from '../mixed/load.ts'
import { Member } from '../mixed/member.ts'
import { MixedNetwork } from '../mixed/mixed-network.ts'
import type { Suite } from '../row.ts'

const OF_EACH_KIND = 3

/**
 * Milliseconds between a network that has settled and the next restart, and between an end and the start after it.
 */
const QUIET = { least: 6_000, most: 12_000 }
const AWAY = 3_000

/**
 * How often two nodes are restarted at once, and how often one is killed rather than stopped.
 */
const TWO_AT_ONCE = 0.25
const KILLED = 0.5

/**
 * A network of nodes of ours and of the reference node in Go, in processes of their own, that are restarted at random while they work.
 */
export const mixedNetwork: Suite = {
  name: 'mixed-network',
  lacks: lacksGo,

  async prepare ({ minutes }) {
    const folder = await temporaryFolder()

    try {
      const binary = await buildReference(folder.path)
      const nodes = await chainOf(folder.path, 'chain', 'ed25519', 2 * OF_EACH_KIND)

      return {
        cases: [{
          pair: 'ours + go-libp2p',
          case: `${OF_EACH_KIND} + ${OF_EACH_KIND} nodes, restarted at random for ${minutes} minutes`,
          run: async () => restarts(folder.path, binary, nodes, minutes * 60_000)
        }],
        [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]()
      }
    } catch (err) {
      await folder[Symbol.asyncDispose]()

      throw err
    }
  }
}

/**
 * @returns what was seen
 * @throws Error with what was not as it should be
 */
async function restarts (folder: string, binary: string, nodes: readonly string[], duration: number): Promise<string> {
  const ports = await freePorts(nodes.length)
  const addresses = ports.map(port => `/ip4/127.0.0.1/tcp/${port}/tls`)
  const members: Member[] = nodes.map((conf, i) => new Member({
    name: `${i < OF_EACH_KIND ? 'ours' : 'go'} ${i % OF_EACH_KIND}`,
    kind: i < OF_EACH_KIND ? 'ours' : 'go',
    binary,
    conf,
    state: join(folder, `state-${i}`),
    port: ports[i],
    others: addresses.filter(address => address !== addresses[i])
  }, nodeId => members.find(member => member.settled && member.node.nodeId === nodeId)?.name))
  await using network = new MixedNetwork(members)
  const begin = performance.now()

  for (const member of members) {
    await network.start(member)
  }

  const first = await network.settle()
  const load = new Load(members)
  const settled: number[] = []
  let killed = 0

  const restart = async (member: Member): Promise<void> => {
    const how = Math.random() < KILLED ? 'kill' : 'stop'
    killed += how === 'kill' ? 1 : 0
    await member.end(how)
    await setTimeout(Math.random() * AWAY)
    await network.start(member)
  }

  let restarted = 0
  let failure: Error | undefined

  while (performance.now() - begin < duration && failure == null) {
    await setTimeout(QUIET.least + Math.random() * (QUIET.most - QUIET.least))
    const [victim, second] = members.toSorted(() => Math.random() - 0.5)
    const victims = Math.random() < TWO_AT_ONCE ? [victim, second] : [victim]

    try {
      await Promise.all(victims.map(restart))
      settled.push(await network.settle())
      restarted += victims.length
    } catch (err) {
      failure = err
    }
  }

  const { answered, excused, messages, deliveries, complaints } = await load.stop()
  const all = [...failure == null ? [] : [failure.message], ...complaints, ...members.flatMap(({ complaints }) => complaints)]
  const sorted = settled.toSorted((a, b) => a - b).map(Math.round)
  const seen = `first settled after ${Math.round(first)} ms; ${restarted} restarts (${killed} killed), settled again after ${sorted[sorted.length >> 1]} ms (median), ${sorted.at(-1)} ms (slowest); ` +
    `${answered} requests answered, ${excused} with a node that was starting or ending; ${messages} messages, ${deliveries} deliveries`

  if (all.length > 0) {
    throw new Error(`${all.length} complaints: ${all.slice(0, 20).join(' | ')} (${seen})`)
  }

  return `${seen}, none missing, none twice`
}
