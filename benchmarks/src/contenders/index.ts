import { node, plugins } from './fisco.ts'
import { libp2pNoise, libp2pPlaintext } from './libp2p-noise.ts'
import { nats } from './nats.ts'
import { rawTls } from './raw-tls.ts'
import type { Contender } from '../contender.ts'

/**
 * All that can be measured, by the names that stand in reports.
 */
export const CONTENDERS = {
  node,
  plugins,
  'raw-tls': rawTls,
  'libp2p-noise': libp2pNoise,
  'libp2p-plaintext': libp2pPlaintext,
  nats
} satisfies Record<string, Contender>

export type ContenderName = keyof typeof CONTENDERS
