import type { Outcome } from './receiver.ts'
import type { Repair } from './stream-watch.ts'
import type { CounterGroup, Counter, Metrics } from '@libp2p/interface'

/**
 * What the gauges read.
 */
export interface TopicsGauges {
  followed (): number
  held (): number
  waitingBytes (): number
  windows (): number
  historyBytes (): number
  unordered (): { readonly messages: number, readonly bytes: number }
  unconfirmed (): number
}

/**
 * The metrics of this package. Without a metrics service every method does nothing.
 */
export class TopicsMetrics {
  private readonly receivedTotal?: CounterGroup<Outcome>
  private readonly publishedTotal?: CounterGroup<'multicast' | 'broadcast'>
  private readonly publishedBytes?: Counter
  private readonly verificationsTotal?: Counter
  private readonly requestsTotal?: CounterGroup<'answered' | 'failed'>
  private readonly sentTotal?: CounterGroup<'sent' | 'failed' | 'dropped'>
  private readonly repairsTotal?: CounterGroup<Repair>
  private readonly fetchedTotal?: Counter
  private readonly lostTotal?: Counter

  constructor (metrics: Metrics | undefined, gauges: TopicsGauges) {
    this.receivedTotal = metrics?.registerCounterGroup('fisco_topics_received_messages_total', {
      label: 'outcome',
      help: 'Messages that gossipsub received, by what became of them'
    })
    this.publishedTotal = metrics?.registerCounterGroup('fisco_topics_published_messages_total', {
      label: 'kind',
      help: 'Messages that this node published'
    })
    this.publishedBytes = metrics?.registerCounter('fisco_topics_published_bytes_total', {
      help: 'Bytes of data in the messages that this node published'
    })
    this.verificationsTotal = metrics?.registerCounter('fisco_topics_verifications_total', {
      help: 'Signatures of messages that were verified'
    })
    this.requestsTotal = metrics?.registerCounterGroup('fisco_topics_requests_total', {
      label: 'result',
      help: 'Requests to one follower of a topic'
    })
    this.sentTotal = metrics?.registerCounterGroup('fisco_topics_sent_messages_total', {
      label: 'result',
      help: 'Messages for neighbours, own and passed on, by what became of them; dropped is what a stalled neighbour has no room for'
    })
    this.repairsTotal = metrics?.registerCounterGroup('fisco_topics_stream_repairs_total', {
      label: 'repair',
      help: 'Gossip streams that were found dead and repaired'
    })
    this.fetchedTotal = metrics?.registerCounter('fisco_topics_fetched_messages_total', {
      help: 'Messages of reliable topics that were missed, and fetched'
    })
    this.lostTotal = metrics?.registerCounter('fisco_topics_lost_messages_total', {
      help: 'Messages of reliable topics that nobody keeps any more'
    })
    metrics?.registerMetric('fisco_topics_history_bytes', {
      help: 'Bytes of messages of reliable topics that are kept for others',
      calculate: () => gauges.historyBytes()
    })
    metrics?.registerMetric('fisco_topics_unordered_messages', {
      help: 'Messages of reliable topics that wait for those before them',
      calculate: () => gauges.unordered().messages
    })
    metrics?.registerMetric('fisco_topics_unordered_bytes', {
      help: 'Bytes of messages of reliable topics that wait for those before them',
      calculate: () => gauges.unordered().bytes
    })
    metrics?.registerMetric('fisco_topics_unconfirmed_messages', {
      help: 'Published messages that wait for confirmations',
      calculate: () => gauges.unconfirmed()
    })
    metrics?.registerMetric('fisco_topics_followed_topics', {
      help: 'Topics that this node follows',
      calculate: () => gauges.followed()
    })
    metrics?.registerMetric('fisco_topics_held_messages', {
      help: 'Messages that wait for the status record of their author',
      calculate: () => gauges.held()
    })
    metrics?.registerMetric('fisco_topics_waiting_bytes', {
      help: 'Messages that wait to be sent, own and passed on',
      calculate: () => gauges.waitingBytes()
    })
    metrics?.registerMetric('fisco_topics_replay_windows', {
      help: 'Authors and topics of which the sequence numbers seen are kept',
      calculate: () => gauges.windows()
    })
  }

  received (outcome: Outcome): void {
    this.receivedTotal?.increment({ [outcome]: true })
  }

  published (kind: 'multicast' | 'broadcast', bytes: number): void {
    this.publishedTotal?.increment({ [kind]: true })
    this.publishedBytes?.increment(bytes)
  }

  verified (): void {
    this.verificationsTotal?.increment()
  }

  requested (result: 'answered' | 'failed'): void {
    this.requestsTotal?.increment({ [result]: true })
  }

  sent (result: 'sent' | 'failed' | 'dropped'): void {
    this.sentTotal?.increment({ [result]: true })
  }

  repaired (repair: Repair): void {
    this.repairsTotal?.increment({ [repair]: true })
  }

  fetched (): void {
    this.fetchedTotal?.increment()
  }

  lost (messages: number): void {
    this.lostTotal?.increment(messages)
  }
}
