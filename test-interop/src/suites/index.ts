import { compliance } from './compliance.ts'
import { fiscoCertificates } from './fisco-certificates.ts'
import { goLibp2p } from './go-libp2p.ts'
import { jsLibp2p } from './js-libp2p.ts'
import { mixedNetwork } from './mixed-network.ts'
import { npmPack } from './npm-pack.ts'
import { openssl } from './openssl.ts'
import type { Suite } from '../row.ts'

/**
 * All references, in the order in which they are tried.
 */
export const suites: readonly Suite[] = [
  openssl,
  fiscoCertificates,
  jsLibp2p,
  compliance,
  npmPack,
  goLibp2p,
  mixedNetwork
]
