import { inTurn, ratio, summary } from '../figure.ts'
import { besideNats } from './nats.ts'
import type { Figure, Values } from '../figure.ts'
import type { Pair } from '../pair.ts'

const NAMES = ['node', 'raw-tls', 'libp2p-noise'] as const
const SIZE = 256

/**
 * A request at a time, of 256 bytes.
 */
export const request: Figure = async context => {
  const { rounds, scale, credentials } = context
  const measure = async (pair: Pair): Promise<Values> => {
    const count = (pair.name === 'libp2p-noise' ? 1_000 : 10_000) * scale

    return pair.task('latency', { count, size: SIZE })
  }

  const results = await inTurn(NAMES, credentials('secp256k1'), rounds, measure)
  const nats = await besideNats(context, measure, (ours, theirs) => ({ 'faster than NATS': ratio(theirs, ours, 'p50us') }))
  const toRaw = ratio(results.node, results['raw-tls'], 'p50us')
  const faster = ratio(results['libp2p-noise'], results.node, 'p50us')

  return {
    ours: summary(results.node),
    rivals: { 'raw-tls': summary(results['raw-tls']), 'libp2p-noise': summary(results['libp2p-noise']), ...nats.rivals },
    ratios: { 'p50 / raw TLS': toRaw, 'faster than a stream per request': faster, ...nats.ratios },
    goal: { 'p50 / raw TLS': '<= 2.2', 'faster than a stream per request': '>= 6' },
    aim: { 'p50 / raw TLS': '1.4' },
    met: toRaw <= 2.2 && faster >= 6
  }
}

/**
 * 64 requests at any time, of 256 bytes.
 */
export const throughput: Figure = async context => {
  const { rounds, scale, credentials } = context
  const measure = async (pair: Pair): Promise<Values> => pair.task('throughput', { milliseconds: 2_000 * scale, inFlight: 64, size: SIZE })
  const results = await inTurn(NAMES, credentials('secp256k1'), rounds, measure)
  const nats = await besideNats(context, measure, (ours, theirs) => ({ 'times NATS': ratio(ours, theirs, 'perSecond') }))
  const toRaw = ratio(results.node, results['raw-tls'], 'perSecond')

  return {
    ours: summary(results.node),
    rivals: { 'raw-tls': summary(results['raw-tls']), 'libp2p-noise': summary(results['libp2p-noise']), ...nats.rivals },
    ratios: { 'of raw TLS': toRaw, 'times a stream per request': ratio(results.node, results['libp2p-noise'], 'perSecond'), ...nats.ratios },
    goal: { 'of raw TLS': '>= 0.6' },
    aim: { 'of raw TLS': '1' },
    met: toRaw >= 0.6
  }
}
