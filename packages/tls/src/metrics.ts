import type { CounterGroup, Metrics } from '@libp2p/interface'

/**
 * Metrics of this package.
 */
export interface TlsMetrics {
  /**
   * Handshakes by how they ended: `accepted`, or the rule of the refusal or failure. The set of labels is closed.
   */
  handshakes: CounterGroup
}

/**
 * Registers them, where the node has metrics.
 */
export function registerMetrics (metrics?: Metrics): TlsMetrics | undefined {
  if (metrics == null) {
    return undefined
  }

  return {
    handshakes: metrics.registerCounterGroup('fisco_tls_handshakes_total', { label: 'outcome', help: 'TLS handshakes by outcome: accepted, or the rule that ended them' })
  }
}
