import type { CrlOutcome } from './crl-planner.ts'
import type { CounterGroup, Metrics } from '@libp2p/interface'

/**
 * What the gauges read.
 */
export interface AccessGauges {
  heldCrls (): number

  /**
   * Seconds until this node's certificates end; negative when they have.
   */
  secondsLeft (): number

  /**
   * The same of the node, this one included, whose certificates end first.
   */
  leastSecondsLeft (): number

  /**
   * Seconds by which the neighbours' clocks are ahead.
   */
  clockOffset (): number
}

/**
 * The metrics of this package. Without a metrics service every method does nothing.
 */
export class AccessMetrics {
  readonly #closed?: CounterGroup
  readonly #crls?: CounterGroup<CrlOutcome>

  constructor (metrics: Metrics | undefined, gauges: AccessGauges) {
    this.#closed = metrics?.registerCounterGroup('fisco_access_closed_links_total', {
      label: 'rule',
      help: 'Links that were closed because their other end may not be connected any more'
    })
    this.#crls = metrics?.registerCounterGroup('fisco_access_crl_requests_total', {
      label: 'outcome',
      help: 'CRLs that neighbours were asked for'
    })
    metrics?.registerMetric('fisco_access_held_crls', {
      help: 'Issuers of which a CRL is held',
      calculate: () => gauges.heldCrls()
    })
    metrics?.registerMetric('fisco_access_certificate_seconds_left', {
      help: 'Seconds until the first certificate of this node\'s chain ends',
      calculate: () => gauges.secondsLeft()
    })
    metrics?.registerMetric('fisco_access_network_certificate_seconds_left', {
      help: 'Seconds until the first certificate of any node of the network ends',
      calculate: () => gauges.leastSecondsLeft()
    })
    metrics?.registerMetric('fisco_access_clock_offset_seconds', {
      help: 'By how much the clocks of the neighbours are ahead of this one: their median',
      calculate: () => gauges.clockOffset()
    })
  }

  closed (rule: string): void {
    this.#closed?.increment({ [rule]: true })
  }

  crl (outcome: CrlOutcome): void {
    this.#crls?.increment({ [outcome]: true })
  }
}
