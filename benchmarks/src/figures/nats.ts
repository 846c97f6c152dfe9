import { natsVersion } from '../contenders/nats.ts'
import { inTurn, summary } from '../figure.ts'
import type { FigureContext, FigureResult, Values } from '../figure.ts'
import type { Pair } from '../pair.ts'

/**
 * What NATS gives, and our node in turn with it, where `nats-server` is installed. On a chain of their own, with Ed25519 keys: the server has no
 * secp256k1.
 *
 * @param ratios - of our values and NATS's, round by round
 */
export async function besideNats (
  { rounds, credentials }: FigureContext, measure: (pair: Pair) => Promise<Values>, ratios: (ours: Values[], theirs: Values[]) => Values
): Promise<Pick<FigureResult, 'rivals' | 'ratios'>> {
  if (natsVersion() == null) {
    return { rivals: {}, ratios: {} }
  }

  const { node, nats } = await inTurn(['node', 'nats'], credentials('ed25519'), rounds, measure)

  return { rivals: { nats: summary(nats), 'ours with Ed25519, as NATS': summary(node) }, ratios: ratios(node, nats) }
}
