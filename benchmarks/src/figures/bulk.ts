import { inTurn, ratio, summary } from '../figure.ts'
import { besideNats } from './nats.ts'
import type { Figure, Values } from '../figure.ts'
import type { Pair } from '../pair.ts'

const TOTAL = 512 * 2 ** 20

/**
 * 512 MiB in bodies of 1 MiB, and in bodies of 64 KiB.
 */
export const bulk: Figure = async context => {
  const { rounds, scale, credentials } = context
  const measure = async (pair: Pair): Promise<Values> => {
    const bytes = TOTAL * scale
    const [large, small] = [await pair.task('bulk', { bytes, size: 2 ** 20 }), await pair.task('bulk', { bytes, size: 2 ** 16 })]

    return { '1 MiB': large.mibPerSecond, '64 KiB': small.mibPerSecond }
  }

  const results = await inTurn(['node', 'raw-tls', 'libp2p-noise'], credentials('secp256k1'), rounds, measure)
  const nats = await besideNats(context, measure, (ours, theirs) => ({ '1 MiB times NATS': ratio(ours, theirs, '1 MiB'), '64 KiB times NATS': ratio(ours, theirs, '64 KiB') }))
  const { node, 'raw-tls': raw, 'libp2p-noise': noise } = results
  const [large, small, noiseLarge, noiseSmall] = [ratio(node, raw, '1 MiB'), ratio(node, raw, '64 KiB'), ratio(node, noise, '1 MiB'), ratio(node, noise, '64 KiB')]

  return {
    ours: summary(node),
    rivals: { 'raw-tls': summary(raw), 'libp2p-noise': summary(noise), ...nats.rivals },
    ratios: { '1 MiB of raw TLS': large, '64 KiB of raw TLS': small, '1 MiB times noise': noiseLarge, '64 KiB times noise': noiseSmall, ...nats.ratios },
    goal: { '1 MiB of raw TLS': '>= 0.5', '64 KiB of raw TLS': '>= 0.4', '1 MiB times noise': '>= 2', '64 KiB times noise': '>= 2' },
    aim: { '1 MiB of raw TLS': '0.8' },
    met: large >= 0.5 && small >= 0.4 && noiseLarge >= 2 && noiseSmall >= 2
  }
}
