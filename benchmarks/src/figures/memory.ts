import { ratio, summary } from '../figure.ts'
import { Pair } from '../pair.ts'
import { round } from '../stats.ts'
import type { Credentials } from '../contender.ts'
import type { Figure, Values } from '../figure.ts'

const NAMES = ['plugins', 'libp2p-noise', 'libp2p-plaintext'] as const
const CONNECTIONS = 200

/**
 * OpenSSL's share of a connection with secp256k1 keys, in KiB.
 */
const OPENSSL_SHARE = 70

/**
 * What an idle connection takes at the side that listens, which has 200 of them. Each round has processes of its own.
 */
export const memory: Figure = async ({ rounds, scale, credentials, progress }) => {
  const [listening, dialling, ...members] = credentials('secp256k1').slice(0, 2 + Math.ceil(CONNECTIONS * scale))
  const results: Record<typeof NAMES[number], Values[]> = { plugins: [], 'libp2p-noise': [], 'libp2p-plaintext': [] }

  for (let i = 0; i < rounds; i++) {
    for (const name of NAMES) {
      results[name].push(await perConnection(name, [listening, dialling], members))
    }

    progress(`memory: round ${i + 1} of ${rounds}`)
  }

  const { plugins, 'libp2p-noise': noise, 'libp2p-plaintext': plaintext } = results
  const heap = ratio(plugins, noise, 'heapKiB')
  const more = round(summary(plugins).rssKiB - summary(noise).rssKiB)

  return {
    ours: summary(plugins),
    rivals: { 'libp2p-noise': summary(noise), 'libp2p-plaintext': summary(plaintext) },
    ratios: { 'heap / noise': heap, 'RSS above noise, KiB': more },
    goal: { 'heap / noise': '<= 1', 'RSS above noise, KiB': `<= ${OPENSSL_SHARE}` },
    aim: { 'RSS above noise, KiB': '0' },
    met: heap <= 1 && more <= OPENSSL_SHARE
  }
}

async function perConnection (name: typeof NAMES[number], credentials: Credentials[], members: Credentials[]): Promise<Values> {
  await using pair = await Pair.start(name, credentials)
  // what only the first connection takes is not counted
  await pair.dial(1)
  const before = await pair.listenerUsage()
  await pair.crowd(members)
  const after = await pair.listenerUsage()
  const share = (bytes: number): number => bytes / 1024 / members.length

  return { rssKiB: share(after.rss - before.rss), heapKiB: share(after.heapUsed - before.heapUsed) }
}
