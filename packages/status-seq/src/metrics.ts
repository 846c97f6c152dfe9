import { RECORD_REFUSALS } from './errors.ts'
import type { RecordRefusal } from './errors.ts'
import type { StatusMessage } from './message.ts'
import type { Metrics } from '@libp2p/interface'

/**
 * Everything that this package counts.
 */
export interface StatusMetrics {
  sent(message: StatusMessage): void
  received(message: StatusMessage): void
  taken(): void
  refused(rule: RecordRefusal): void
  misbehaved(): void
  equivocated(): void
  superseded(): void
}

/**
 * Registers the package's metrics, once per node; does nothing where the node has none.
 *
 * @param nodes - how many nodes' records are known
 * @param neighbours - how many peers are connected
 */
export function registerMetrics (metrics: Metrics | undefined, nodes: () => number, neighbours: () => number): StatusMetrics {
  metrics?.registerMetric('fisco_status_seq_nodes', { help: 'Nodes whose status is known, this one included', calculate: nodes })
  metrics?.registerMetric('fisco_status_seq_neighbours', { help: 'Connected peers that status is exchanged with', calculate: neighbours })

  const messages = metrics?.registerCounterGroup('fisco_status_seq_messages_total', { label: 'kind', help: 'Status messages sent and received, by what they carry' })
  const records = metrics?.registerCounterGroup('fisco_status_seq_records_total', { label: 'outcome', help: 'Status records that were news, by what became of them' })
  const events = metrics?.registerCounterGroup('fisco_status_seq_incidents_total', { label: 'kind', help: 'Malformed or forged data, equivocations, and newer records of this node' })

  const count = (direction: string, message: StatusMessage): void => {
    const counts: Record<string, number> = {}

    counts[`${direction}_announce`] = message.announce == null ? 0 : 1
    counts[`${direction}_request`] = message.request == null ? 0 : 1
    counts[`${direction}_list`] = message.lists?.length ?? 0
    counts[`${direction}_compare`] = message.compares?.length ?? 0

    counts[`${direction}_records`] = message.records?.length ?? 0
    messages?.increment(counts)
  }

  // the label has a value for each rule from the beginning, so that a graph of it begins at zero
  records?.increment(Object.fromEntries(['taken', ...RECORD_REFUSALS].map(outcome => [outcome, 0])))

  return {
    sent: message => { count('sent', message) },
    received: message => { count('received', message) },
    taken: () => { records?.increment({ taken: 1 }) },
    refused: rule => { records?.increment({ [rule]: 1 }) },
    misbehaved: () => { events?.increment({ misbehaviour: 1 }) },
    equivocated: () => { events?.increment({ equivocation: 1 }) },
    superseded: () => { events?.increment({ superseded: 1 }) }
  }
}
