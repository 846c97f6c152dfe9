import type { DialOutcome } from './failure.ts'
import type { Counter, CounterGroup, Metric, Metrics } from '@libp2p/interface'

/**
 * The metrics of this package.
 */
export interface PeersMetrics {
  /**
   * Members connected now.
   */
  connected: Metric

  /**
   * Dials to configured addresses, by how they ended.
   */
  dials: CounterGroup<DialOutcome>

  /**
   * Connections given up because their peer had a better one.
   */
  duplicates: Counter

  /**
   * Connections cut because nothing was heard on them.
   */
  silent: Counter

  /**
   * Nodes that are not configured and found no room, or had to make it.
   */
  overloaded: Counter
}

/**
 * Registers them; without a metrics component there are none.
 */
export function registerMetrics (metrics?: Metrics): PeersMetrics | undefined {
  return metrics == null
    ? undefined
    : {
        connected: metrics.registerMetric('fisco_peers_connected', {
          help: 'Members connected now'
        }),
        dials: metrics.registerCounterGroup('fisco_peers_dials_total', {
          label: 'outcome',
          help: 'Dials to configured addresses by how they ended'
        }),
        duplicates: metrics.registerCounter('fisco_peers_duplicates_total', {
          help: 'Connections given up because their peer had a better one'
        }),
        silent: metrics.registerCounter('fisco_peers_silent_total', {
          help: 'Connections cut because nothing was heard on them'
        }),
        overloaded: metrics.registerCounter('fisco_peers_overloaded_total', {
          help: 'Nodes that are not configured and found no room, or had to make it'
        })
      }
}
