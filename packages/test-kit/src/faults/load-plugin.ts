import { randomUUID } from 'node:crypto'
import gauge from './gauge-plugin.ts'
import type { FiscoNode } from '@fisco-libp2p/node'

/**
 * How often, in milliseconds, a request goes to one of the peers, and how many may be under way.
 */
const REQUEST_INTERVAL = 100
const MAX_UNDER_WAY = 64
const REQUEST_TIMEOUT = 10_000

/**
 * A plugin for `fisco-p2p start --plugin`: it sends a request to a random peer ten times a second and logs how each one ends, logs
 * each one that it answers before it does, and logs once a second what the process uses. What it logs is what `checkLogs()` reads.
 */
export default function load (node: FiscoNode, context: { emit (event: string, detail: object): void, signal: AbortSignal }): void {
  const { emit, signal } = context
  const { direct, peers } = node.services
  let underWay = 0

  gauge(node, context)

  direct.handle('load', (data, { from }) => {
    emit('request:handled', { id: Buffer.from(data).toString(), from })

    return data
  })

  const ask = async (nodeId: string): Promise<void> => {
    const id = randomUUID()
    underWay++
    emit('request:sent', { id, to: nodeId })

    try {
      await direct.request(nodeId, 'load', Buffer.from(id), { timeout: REQUEST_TIMEOUT })
      emit('request:ended', { id, to: nodeId, outcome: 'answered' })
    } catch (err) {
      emit('request:ended', { id, to: nodeId, outcome: 'failed', error: err.name })
    } finally {
      underWay--
    }
  }

  const requests = setInterval(() => {
    const members = peers.members()

    if (members.length > 0 && underWay < MAX_UNDER_WAY) {
      // it never rejects: how it ended is what is logged
      ask(members[Math.floor(Math.random() * members.length)].nodeId).catch(() => {})
    }
  }, REQUEST_INTERVAL)

  signal.addEventListener('abort', () => {
    clearInterval(requests)
  })
}
