import { Property, runsOf } from './checker.ts'
import type { CheckInit, PropertyResult } from './checker.ts'

/**
 * All are connected with all from some time after the last fault on, each by one connection; and of each link a node hears
 * by turns that it is up and that it is down.
 */
export function checkPeers ({ logs, faultsEnd, within }: CheckInit): PropertyResult[] {
  const connected = new Property(`every pair is connected ${within / 1000} s after the last fault, and stays so`)
  const single = new Property('one connection for each pair at the end')
  const alternate = new Property('peer:up and peer:down by turns')

  for (const log of logs) {
    const others = logs.map(({ nodeId }) => nodeId).filter(nodeId => nodeId !== log.nodeId)
    const gauges = log.entries.filter(({ event, time }) => event === 'gauge' && time > faultsEnd + within)

    connected.expect(gauges.length > 0, () => `${log.name} logged nothing after the faults`)

    for (const { members, time } of gauges) {
      const missing = others.filter(nodeId => !(members as string[]).includes(nodeId))
      connected.expect(missing.length === 0, () => `${log.name} lacks ${missing.map(id => id.slice(0, 8)).join(', ')} ${time - faultsEnd} ms after the last fault`)
    }

    single.expect(gauges.at(-1)?.doubled === 0, () => `${log.name} has ${String(gauges.at(-1)?.doubled)} connections too many`)

    for (const run of runsOf(log)) {
      const up = new Set<unknown>()

      for (const { event, nodeId } of run) {
        if (event === 'peer:up') {
          alternate.expect(!up.has(nodeId), () => `${log.name} said twice that ${String(nodeId).slice(0, 8)} is up`)
          up.add(nodeId)
        } else if (event === 'peer:down') {
          alternate.expect(up.delete(nodeId), () => `${log.name} said that ${String(nodeId).slice(0, 8)} is down, which was not up`)
        }
      }
    }
  }

  return [connected.result, single.result, alternate.result]
}
