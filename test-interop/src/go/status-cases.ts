import { both, GO_TO_OURS, goDials, OURS_TO_GO, oursDials } from './bench.ts'
import { equal, markOf } from './expect.ts'
import { hasEntry, oursHas, statusAtGo } from './status.ts'
import type { Case } from '../row.ts'
import type { Bench } from './bench.ts'

/**
 * Status, and what a restart does to it.
 */
export function statusCases (bench: Bench): Case[] {
  const height = (value: number): Uint8Array => Uint8Array.of(0, 0, 0, value)

  return [
    ...both((pair, dialler) => ({
      pair,
      case: 'status of each at the other, and its changes',
      run: async () => bench.withPair({ dialler }, async ({ ours, identity, go }) => {
        ours.services.statusSeq.set('height', height(1))
        await go.event('status', record => hasEntry(record, identity.nodeId, 'height', '00000001'))
        ours.services.statusSeq.set('height', height(2))
        await go.event('status', record => hasEntry(record, identity.nodeId, 'height', '00000002'))
        await go.command('set-status', { name: 'height', data: '0000002a' })
        await oursHas(ours, go.nodeId, 'height', '0000002a')
        await oursHas(ours, go.nodeId, 'fisco/neighbours', markOf(identity.nodeId))
        await go.event('status', record => hasEntry(record, identity.nodeId, 'fisco/neighbours', markOf(go.nodeId)))
      })
    })),
    {
      pair: GO_TO_OURS,
      case: 'status after a restart of go: the incarnation is higher',
      run: async () => {
        const identity = await bench.identity()
        const ours = await bench.startOurs(identity)
        const state = bench.statePath()

        try {
          let before = 0

          for (const value of ['01', '02']) {
            await using go = await bench.startGo(undefined, state)
            equal('incarnation grows', go.incarnation > before, true)
            before = go.incarnation
            await goDials(go, ours)
            await go.command('set-status', { name: 'height', data: value })
            await oursHas(ours, go.nodeId, 'height', value)
            equal('incarnation at ours', ours.services.statusSeq.get(go.nodeId)?.incarnation, go.incarnation)
          }
        } finally {
          await ours.stop()
        }
      }
    },
    {
      pair: OURS_TO_GO,
      case: 'status after a restart of ours: the incarnation is higher',
      run: async () => {
        const identity = await bench.identity()
        await using go = await bench.startGo()

        for (const value of [1, 2]) {
          const ours = await bench.startOurs(identity)

          try {
            const mark = go.mark
            await oursDials(ours, go)
            ours.services.statusSeq.set('height', height(value))
            await go.event('status', record => hasEntry(record, identity.nodeId, 'height', `0000000${value}`), mark)
          } finally {
            await ours.stop()
          }
        }

        const incarnations = new Set((await statusAtGo(go, identity.nodeId)).map(({ incarnation }) => incarnation))
        equal('records of ours', incarnations.size, 1)
      }
    }
  ]
}
