import { Property, runsOf } from './checker.ts'
import type { CheckInit, PropertyResult } from './checker.ts'
import type { LogEntry } from './node-process.ts'

/**
 * Gauges that a run must have to be judged, those at its beginning that are left out (code is compiled, peers are found), and how many at
 * each end are compared. One comes each second.
 */
const MIN_GAUGES = 40
const WARM_UP = 10
const COMPARED = 10

/**
 * What may come on top: a leak of 1 MiB a minute is found within ten minutes, what a garbage collection leaves is not. Timers and
 * sockets come and go with dials.
 */
const HEAP_SLACK = 10 * 1024 * 1024
const TIMER_SLACK = 30

/**
 * Heap, timers and sockets of each run that is long enough: no more at its end than at its beginning.
 */
export function checkUse ({ logs }: CheckInit): PropertyResult[] {
  const heap = new Property('the heap is flat')
  const timers = new Property('timers are flat')
  const sockets = new Property('one socket for each member at the end')

  for (const log of logs) {
    for (const run of runsOf(log)) {
      const gauges = run.filter(({ event }) => event === 'gauge')

      if (gauges.length >= MIN_GAUGES) {
        const [first, last] = [gauges.slice(WARM_UP, WARM_UP + COMPARED), gauges.slice(-COMPARED)]
        const [heapBefore, heapAfter] = [median(first, 'heapUsed'), median(last, 'heapUsed')]
        const [timersBefore, timersAfter] = [median(first, 'timers'), median(last, 'timers')]

        heap.expect(heapAfter <= heapBefore * 1.25 + HEAP_SLACK, () => `${log.name}: from ${heapBefore} to ${heapAfter} bytes in ${gauges.length} s`)
        timers.expect(timersAfter <= timersBefore + TIMER_SLACK, () => `${log.name}: from ${timersBefore} to ${timersAfter} timers in ${gauges.length} s`)
      }
    }

    const last = log.entries.findLast(({ event }) => event === 'gauge')
    sockets.expect(last != null && Number(last.sockets) <= (last.members as string[]).length, () => `${log.name} has ${String(last?.sockets)} sockets for ${String((last?.members as string[] | undefined)?.length)} members`)
  }

  return [heap.result, timers.result, sockets.result]
}

function median (gauges: readonly LogEntry[], field: string): number {
  const values = gauges.map(gauge => Number(gauge[field])).sort((a, b) => a - b)

  return values[Math.floor(values.length / 2)]
}
