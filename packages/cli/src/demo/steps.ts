import { setTimeout as delay } from 'node:timers/promises'
import { isIntruderRefused } from './intruder.ts'
import { RemoteNode } from './remote-node.ts'
import type { DemoNode } from './chain.ts'
import type { Journal } from './journal.ts'
import type { ReportListener } from './remote-node.ts'
import type { DemoReport } from './report.ts'

/**
 * What the steps work with.
 */
export interface Stage {
  nodes: RemoteNode[]
  journal: Journal
  report: DemoReport
  listener: ReportListener
  say (line: string): void
}

const TOPIC = 'prices'

/**
 * How long to look for deliveries that should not come, after all that should have come.
 */
const STRAY_WINDOW = 500
const ms = (since: number): number => Math.round((performance.now() - since) * 10) / 10

/**
 * All start, each finds the others: names and node IDs come from certificates, not from the config.
 */
export async function assemble ({ nodes, journal, report, say }: Stage): Promise<void> {
  const start = performance.now()

  await Promise.all(nodes.map(async node => node.start()))
  await untilMesh(nodes, journal)
  report.nodes = nodes.filter(node => node.connected.size === nodes.length - 1).length
  say(`${report.nodes} nodes connected, each with all others, in ${ms(start)} ms`)
}

export async function unicast ({ nodes, report, say }: Stage): Promise<void> {
  const [from, , to] = nodes
  const { answer, ms } = await from.call('unicast', { nodeId: to.nodeId, text: 'hello' })

  report.unicast = { ok: answer.startsWith(`${to.name} heard "hello" from ${from.nodeId.slice(0, 8)}`), ms: Math.round(ms * 10) / 10 }
  say(`unicast: ${from.name} asked ${to.name}; ${answer}; ${report.unicast.ms} ms`)
}

export async function multicast ({ nodes, journal, report, say }: Stage): Promise<void> {
  const [author, ...others] = nodes
  const followers = others.slice(0, 2)

  await Promise.all(followers.map(async node => node.call('follow', { topic: TOPIC })))
  const known = await author.call('untilFollowers', { topic: TOPIC, count: followers.length })
  const mark = journal.mark()
  await author.call('publish', { topic: TOPIC, text: 'gold 2731' })

  const isThis = (entry: { detail: { author: string } }): boolean => entry.detail.author === author.nodeId
  await journal.until('the multicast at its followers', () => followers.every(node => journal.since(mark, 'topic', entry => isThis(entry) && entry.from === node).length > 0))
  await delay(STRAY_WINDOW)

  const deliveries = journal.since(mark, 'topic', isThis)
  report.multicast = {
    followers: known.followers.length,
    delivered: deliveries.filter(({ from }) => followers.includes(from)).length,
    others: deliveries.filter(({ from }) => !followers.includes(from)).length
  }
  say(`multicast: ${author.name} published to "${TOPIC}"; followers ${followers.map(({ name }) => name).join(', ')} have it, nobody else (${report.multicast.delivered} deliveries)`)
}

export async function broadcast ({ nodes, journal, report, say }: Stage): Promise<void> {
  const author = nodes[nodes.length - 1]
  const others = nodes.filter(node => node !== author)
  const mark = journal.mark()
  const arrived = (node: RemoteNode): number => journal.since(mark, 'broadcast', ({ from, detail }) => from === node && detail.author === author.nodeId).length

  await author.call('broadcast', { text: 'block 1' })
  await journal.until('the broadcast at all others', () => others.every(node => arrived(node) > 0))
  await delay(STRAY_WINDOW)

  report.broadcast = {
    delivered: others.filter(node => arrived(node) > 0).length,
    duplicates: others.reduce((sum, node) => sum + arrived(node) - 1, 0)
  }
  say(`broadcast: ${author.name} to all; ${report.broadcast.delivered} nodes have it, ${report.broadcast.duplicates} duplicates`)
}

export async function status (stage: Stage): Promise<void> {
  const start = performance.now()
  const [owner, ...others] = stage.nodes
  const { seq } = await spread(stage, owner, 'height', '1001')

  stage.report.status = { converged: true, ms: ms(start) }
  stage.say(`status: ${owner.name} set height=1001 (seq ${seq}); ${others.map(({ name }) => name).join(', ')} have it after ${stage.report.status.ms} ms`)
}

/**
 * One is killed as by a power cut. It comes back with a sequence number that began anew, and its status is accepted.
 */
export async function restart (stage: Stage): Promise<void> {
  const { nodes, journal, report, say } = stage
  const [, , , victim] = nodes
  const others = nodes.filter(node => node !== victim)

  for (const height of ['1002', '1003', '1004']) {
    await spread(stage, victim, 'height', height)
  }

  const before = await spread(stage, victim, 'height', '1005')
  await victim.kill()
  await journal.until(`the loss of ${victim.name}`, () => others.every(node => !node.connected.has(victim.nodeId)))
  say(`restart: ${victim.name} was killed (SIGKILL), the others have noticed`)

  const start = performance.now()
  await victim.start()
  await untilMesh(nodes, journal)
  report.restart.reconnected = nodes.every(node => node.connected.size === nodes.length - 1)
  report.restart.ms = ms(start)

  const after = await spread(stage, victim, 'height', '2001')
  report.restart.statusAccepted = after.seq < before.seq && after.incarnation > before.incarnation
  say(`restart: ${victim.name} is back in everybody's list after ${report.restart.ms} ms; its status with seq ${after.seq} replaced the one with seq ${before.seq}`)
}

/**
 * A node with a certificate of another CA knows all addresses and tries to join.
 */
export async function foreignCa (stage: Stage, config: DemoNode): Promise<void> {
  const { nodes, journal, report, listener, say } = stage
  const intruder = new RemoteNode(config.name, config.config, listener)
  const mark = journal.mark()

  try {
    await intruder.start()
    await journal.until('the refusal of the intruder by all', () => nodes.every(node => isIntruderRefused(journal, mark, node)))
    report.refused.foreignCa = journal.since(mark, 'peer:up', ({ from, detail }) => from === intruder || detail.nodeId === intruder.nodeId).length === 0
    const [{ detail }] = journal.since(mark, 'rejected', ({ from }) => nodes.includes(from))
    say(`intruder: refused by all ${nodes.length} nodes; ${nodes[0].name} says: ${detail.rule}`)
  } finally {
    await intruder.stop()
  }
}

async function untilMesh (nodes: RemoteNode[], journal: Journal): Promise<void> {
  await journal.until('links between all nodes', () => nodes.every(node => node.connected.size === nodes.length - 1))
}

/**
 * Has a node set an entry of its status, and waits until all others report that very record.
 */
async function spread ({ nodes, journal }: Stage, owner: RemoteNode, name: string, value: string): Promise<{ seq: number, incarnation: number }> {
  const mark = journal.mark()
  const version = await owner.call('setStatus', { name, value })

  await journal.until(`${name}=${value} of ${owner.name} at all others`, () => nodes.filter(node => node !== owner).every(node => {
    return journal.since(mark, 'status', ({ from, detail }) => from === node && detail.nodeId === owner.nodeId && detail.entries[name] === value).length > 0
  }))

  return version
}
