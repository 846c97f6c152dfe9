import { inTurn, ratio, summary } from '../figure.ts'
import { round } from '../stats.ts'
import type { Figure, Values } from '../figure.ts'

/**
 * Requests of 256 bytes one at a time, while four streams of bytes are pulled from the same peer as fast as it can: on lanes of their own, and all on one.
 */
export const lane: Figure = async ({ rounds, scale, credentials }) => {
  const milliseconds = 2_000 * scale
  const { node } = await inTurn(['node'], credentials('secp256k1'), rounds, async pair => {
    const idle = await pair.task('mixed', { milliseconds, urgent: 'consensus' })
    const unloaded = await pair.task('mixed', { milliseconds, bulk: 'bulk' })
    const lanes = await pair.task('mixed', { milliseconds, urgent: 'consensus', bulk: 'bulk' })
    const without = await pair.task('mixed', { milliseconds, urgent: 'default', bulk: 'default' })

    return {
      'idle p99us': idle.p99us,
      p50us: lanes.p50us,
      p99us: lanes.p99us,
      'without lanes p99us': without.p99us,
      'unloaded MiB/s': unloaded.mibPerSecond,
      'MiB/s': lanes.mibPerSecond,
      'without lanes MiB/s': without.mibPerSecond
    }
  })
  const pick = (key: string): Values[] => node.map(values => ({ value: values[key] }))
  const toIdle = ratio(pick('p99us'), pick('idle p99us'), 'value')
  const kept = ratio(pick('MiB/s'), pick('unloaded MiB/s'), 'value')
  const { 'without lanes p99us': p99us, 'without lanes MiB/s': mibPerSecond, ...ours } = summary(node)

  return {
    ours,
    rivals: { 'without lanes': { p99us, 'MiB/s': mibPerSecond } },
    ratios: { 'p99 / idle': toIdle, 'bulk of unloaded': kept, 'p99 / without lanes': round(ours.p99us / p99us) },
    goal: { 'p99 / idle': '<= 3', 'bulk of unloaded': '>= 0.5' },
    aim: { 'p99 / idle': '1.5' },
    met: toIdle <= 3 && kept >= 0.5
  }
}
