import { Relay } from '@fisco-libp2p/test-kit'
import { ratio, summary, inTurn } from '../figure.ts'
import { median } from '../stats.ts'
import type { Figure, Values } from '../figure.ts'
import type { Pair } from '../pair.ts'
import type { KeyType } from '@fisco-libp2p/ca'

const NAMES = ['plugins', 'node', 'raw-tls', 'libp2p-noise'] as const

/**
 * Milliseconds that the line takes each way. It cannot delay TCP's own round trip, which is counted as one.
 */
const DELAY = 20
const DIALS = 5
const CPU_DIALS = 40

/**
 * From the dial to the first byte of an answer, in round trips, and the CPU that it takes both ends, for both kinds of keys.
 */
export const connect: Figure = async ({ rounds, scale, credentials }) => {
  const measure = async (keyType: KeyType): Promise<Record<typeof NAMES[number], Values[]>> => {
    return inTurn(NAMES, credentials(keyType), rounds, async pair => ({ ...await roundTrips(pair), ...await cpu(pair, Math.ceil(CPU_DIALS * scale)) }))
  }

  const [fisco, modern] = [await measure('secp256k1'), await measure('ed25519')]
  const trips = { 'round trips, secp256k1': summary(fisco.plugins).roundTrips, 'round trips, ed25519': summary(modern.plugins).roundTrips }
  const toRaw = ratio(fisco.plugins, fisco['raw-tls'], 'cpuMs')
  const toNoise = ratio(fisco.plugins, fisco['libp2p-noise'], 'cpuMs')

  return {
    ours: both(fisco.plugins, modern.plugins),
    rivals: {
      'raw-tls': both(fisco['raw-tls'], modern['raw-tls']),
      'libp2p-noise': both(fisco['libp2p-noise'], modern['libp2p-noise']),
      'our whole node': both(fisco.node, modern.node)
    },
    ratios: { ...trips, 'CPU / raw TLS': toRaw, 'CPU / noise': toNoise },
    goal: { 'round trips, secp256k1': '<= 5.2', 'round trips, ed25519': '<= 5.2', 'CPU / raw TLS': '<= 2.2', 'CPU / noise': '< 1' },
    aim: { 'round trips, secp256k1': '4', 'round trips, ed25519': '3', 'CPU / raw TLS': '1.5' },
    met: Math.max(...Object.values(trips)) <= 5.2 && toRaw <= 2.2 && toNoise < 1
  }
}

async function roundTrips (pair: Pair): Promise<Values> {
  await using relay = await new Relay(pair.port).listen(0)
  relay.delay = DELAY

  return { roundTrips: 1 + median(await pair.dial(DIALS, relay.port)) / (2 * DELAY) }
}

async function cpu (pair: Pair, dials: number): Promise<Values> {
  const before = await pair.cpuMs()
  await pair.dial(dials)

  return { cpuMs: (await pair.cpuMs() - before) / dials }
}

function both (fisco: Values[], modern: Values[]): Values {
  const [a, b] = [summary(fisco), summary(modern)]

  return { 'round trips, secp256k1': a.roundTrips, 'round trips, ed25519': b.roundTrips, 'CPU ms, secp256k1': a.cpuMs, 'CPU ms, ed25519': b.cpuMs }
}
