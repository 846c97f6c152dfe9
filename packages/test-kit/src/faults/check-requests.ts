import { Property, runsOf } from './checker.ts'
import type { CheckInit, PropertyResult } from './checker.ts'
import type { LogEntry } from './node-process.ts'

/**
 * How long, in milliseconds, a request may take until it ends: its timeout, and the longest time for which a process is stopped.
 */
const LONGEST = 35_000

/**
 * How long, in milliseconds, after a link went down its requests may take to end.
 */
const AFTER_DOWN = 1_000

/**
 * Each request ends once; those in flight when their link goes down end then; each one that was answered was handled, once.
 */
export function checkRequests ({ logs }: CheckInit): PropertyResult[] {
  const once = new Property('every request ends exactly once')
  const atDown = new Property('every request in flight at a peer:down ends with it')
  const handledOnce = new Property('every request that was answered was handled exactly once')
  const handled = new Map<unknown, number>()

  for (const { entries } of logs) {
    for (const { event, id } of entries) {
      if (event === 'request:handled') {
        handled.set(id, (handled.get(id) ?? 0) + 1)
      }
    }
  }

  for (const log of logs) {
    for (const run of runsOf(log)) {
      const open = new Map<unknown, LogEntry>()
      const downs: Array<{ time: number, left: LogEntry[] }> = []

      for (const entry of run) {
        const { event, id, time } = entry

        if (event === 'request:sent') {
          open.set(id, entry)
        } else if (event === 'request:ended') {
          once.expect(open.delete(id), () => `${log.name}: request ${String(id)} ended twice`)
          handledOnce.expect(entry.outcome !== 'answered' || handled.get(id) === 1, () => `${log.name}: request ${String(id)} was answered and handled ${handled.get(id) ?? 0} times`)
        } else if (event === 'peer:down') {
          downs.push({ time, left: [...open.values()].filter(({ to }) => to === entry.nodeId) })
        }
      }

      const end = run.at(-1)?.time ?? 0

      for (const { time, left } of downs.filter(({ time }) => time + AFTER_DOWN < end)) {
        const late = left.filter(({ id }) => endOf(run, id) > time + AFTER_DOWN)
        atDown.expect(late.length === 0, () => `${log.name}: ${late.length} requests went on after their link went down at ${time}, as ${String(late[0]?.id)}`)
      }

      for (const { id, time } of open.values()) {
        once.expect(end - time < LONGEST, () => `${log.name}: request ${String(id)} never ended, ${end - time} ms after it was sent`)
      }
    }
  }

  return [once.result, atDown.result, handledOnce.result]
}

function endOf (run: readonly LogEntry[], id: unknown): number {
  return run.find(entry => entry.event === 'request:ended' && entry.id === id)?.time ?? Infinity
}
