import { checkLogs, createFaultNetwork, faultSchedule } from '@fisco-libp2p/test-kit'
import { BIN } from '../support/run.ts'
import type { Fault, FaultNetwork, LogEntry, NodeNetwork, PropertyResult } from '@fisco-libp2p/test-kit'

export interface SoakInit {
  minutes: number
  nodes: number
  seed: number

  /**
   * Where the chain and the logs go.
   */
  folder: string
  progress (line: string): void
}

export interface SoakReport {
  environment: { node: string, platform: string, nodes: number, minutes: number }
  seed: number
  schedule: Fault[]
  properties: PropertyResult[]
  figures: { startMs: number, reconnectMs: { count: number, p50: number, p99: number, max: number }, faults: Record<string, number>, requests: { sent: number, answered: number, failed: number }, downs: Record<string, number> }
  ok: boolean
}

/**
 * Milliseconds: how long all may take to find each other at the start and after the last fault (a dead link is found within 15 s, then the
 * longest pause between two dials is 30 s), and how long it is then watched that they stay.
 */
export const START = 60_000
export const WITHIN = 50_000
export const TAIL = 10_000

/**
 * Runs a network of real nodes under load and faults for some minutes, and judges it by its logs.
 */
export async function soak ({ minutes, nodes, seed, folder, progress }: SoakInit): Promise<SoakReport> {
  const schedule = faultSchedule({ seed, nodes, duration: minutes * 60_000 })
  const stopped = new AbortController()
  await using network = await createFaultNetwork({ nodes, folder, bin: BIN })
  const started = Date.now()
  await network.start()
  await network.until('all nodes are connected with all', () => network.isFullMesh(), START)
  const startMs = Date.now() - started
  progress(`${nodes} nodes are connected with each other after ${startMs} ms; ${schedule.length} faults in ${minutes} min follow`)

  await inflictAll(network, schedule, stopped, progress)
  const faultsEnd = Date.now()
  progress(`the last fault is over; all must be connected within ${WITHIN / 1000} s`)
  await pause(WITHIN + TAIL)

  const properties = checkLogs({ logs: network.logs, faultsEnd, within: WITHIN })

  return {
    environment: { node: process.version, platform: `${process.platform}-${process.arch}`, nodes, minutes },
    seed,
    schedule,
    properties,
    figures: {
      startMs,
      reconnectMs: quantiles(reconnects(network)),
      faults: tally(schedule.map(({ kind }) => kind)),
      requests: countRequests(network),
      downs: tally(all(network, 'peer:down').map(({ reason }) => String(reason)))
    },
    ok: properties.every(({ ok }) => ok)
  }
}

async function inflictAll (network: FaultNetwork, schedule: Fault[], stopped: AbortController, progress: (line: string) => void): Promise<void> {
  const start = Date.now()
  // on a busy machine a restart may take longer than planned: the next fault of that node comes after it
  const turns = new Map<number, Promise<void>>()

  try {
    await Promise.all(schedule.map(async fault => {
      const before = turns.get(fault.node)
      const turn = Promise.withResolvers<void>()
      turns.set(fault.node, turn.promise)
      await pause(start + fault.at - Date.now())
      await before

      if (!stopped.signal.aborted) {
        progress(`${(fault.at / 1000).toFixed(1)} s: ${fault.kind} node${fault.node}${fault.lasts > 0 ? ` for ${(fault.lasts / 1000).toFixed(1)} s` : ''}`)
        await network.inflict(fault, stopped.signal)
      }

      turn.resolve()
    }))
  } finally {
    stopped.abort()
  }
}

/**
 * Milliseconds from the moment in which a restarted node listens to the `peer:up` of each other node that was not paused or behind a
 * broken line in the meantime.
 */
function reconnects (network: FaultNetwork): number[] {
  return network.stations.flatMap(({ nodeId, entries }) => {
    const starts = entries.filter(({ event }) => event === 'started').slice(1)

    return starts.flatMap(({ time }) => network.stations.filter(other => other.nodeId !== nodeId).flatMap(other => {
      const disturbed = other.entries.some(({ event, time: at }) => event.startsWith('harness:') && at > time - 30_000 && at < time + 5_000)
      const up = other.entries.find(entry => entry.event === 'peer:up' && entry.nodeId === nodeId && entry.time >= time - 50)

      return disturbed || up == null ? [] : [Math.max(0, up.time - time)]
    }))
  })
}

export function countRequests (network: NodeNetwork<AsyncDisposable>): { sent: number, answered: number, failed: number } {
  const ended = all(network, 'request:ended')

  return {
    sent: all(network, 'request:sent').length,
    answered: ended.filter(({ outcome }) => outcome === 'answered').length,
    failed: ended.filter(({ outcome }) => outcome === 'failed').length
  }
}

export function all (network: NodeNetwork<AsyncDisposable>, event: string): LogEntry[] {
  return network.stations.flatMap(({ entries }) => entries.filter(entry => entry.event === event))
}

export function quantiles (values: number[]): { count: number, p50: number, p99: number, max: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN

  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

function tally (names: string[]): Record<string, number> {
  return Object.fromEntries([...new Set(names)].sort().map(name => [name, names.filter(other => other === name).length]))
}

export async function pause (milliseconds: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, milliseconds))
}
