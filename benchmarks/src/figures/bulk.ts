import { inTurn, ratio, summary } from '../figure.ts'
import type { Figure } from '../figure.ts'

const TOTAL = 512 * 2 ** 20

/**
 * 512 MiB in bodies of 1 MiB, and in bodies of 64 KiB.
 */
export const bulk: Figure = async ({ rounds, scale, credentials }) => {
  const results = await inTurn(['node', 'raw-tls', 'libp2p-noise'], credentials('secp256k1'), rounds, async pair => {
    const bytes = TOTAL * scale
    const [large, small] = [await pair.task('bulk', { bytes, size: 2 ** 20 }), await pair.task('bulk', { bytes, size: 2 ** 16 })]

    return { '1 MiB': large.mibPerSecond, '64 KiB': small.mibPerSecond }
  })
  const { node, 'raw-tls': raw, 'libp2p-noise': noise } = results
  const [large, small, noiseLarge, noiseSmall] = [ratio(node, raw, '1 MiB'), ratio(node, raw, '64 KiB'), ratio(node, noise, '1 MiB'), ratio(node, noise, '64 KiB')]

  return {
    ours: summary(node),
    rivals: { 'raw-tls': summary(raw), 'libp2p-noise': summary(noise) },
    ratios: { '1 MiB of raw TLS': large, '64 KiB of raw TLS': small, '1 MiB times noise': noiseLarge, '64 KiB times noise': noiseSmall },
    goal: { '1 MiB of raw TLS': '>= 0.5', '64 KiB of raw TLS': '>= 0.4', '1 MiB times noise': '>= 2', '64 KiB times noise': '>= 2' },
    aim: { '1 MiB of raw TLS': '0.8' },
    met: large >= 0.5 && small >= 0.4 && noiseLarge >= 2 && noiseSmall >= 2
  }
}
