import { ErrorCode } from './errors.ts'
import type { FrameRule } from './errors.ts'
import type { Traffic } from './traffic.ts'
import type { Counter, CounterGroup, Histogram, Metrics } from '@libp2p/interface'

/**
 * How requests and notifications of this node end.
 */
type Outcome = 'ok' | 'not-connected' | 'no-handler' | 'failed' | 'too-large' | 'timeout' | 'aborted' | 'lost' | 'refused' | 'queue-full' | 'protocol' | 'other'

const OUTCOMES: Record<string, Outcome> = {
  NotConnectedError: 'not-connected',
  NoSuchHandlerError: 'no-handler',
  HandlerFailedError: 'failed',
  MessageTooLargeError: 'too-large',
  RequestTimeoutError: 'timeout',
  AbortError: 'aborted',
  ConnectionLostError: 'lost',
  TooManyRequestsError: 'refused',
  QueueFullError: 'queue-full',
  InvalidFrameError: 'protocol'
}

/**
 * How calls of others end at this node.
 */
const SERVED: Record<number, string> = {
  [ErrorCode.NO_SUCH_HANDLER]: 'no-handler',
  [ErrorCode.HANDLER_FAILED]: 'failed',
  [ErrorCode.REQUEST_TOO_LARGE]: 'too-large',
  [ErrorCode.ANSWER_TOO_LARGE]: 'answer-too-large',
  [ErrorCode.TIMEOUT]: 'timeout',
  [ErrorCode.CANCELLED]: 'cancelled',
  [ErrorCode.TOO_MANY_REQUESTS]: 'refused'
}

/**
 * What {@link DirectMetrics} reads when it is asked.
 */
export interface Gauges {
  /**
   * Requests that wait for an answer.
   */
  inFlight(): number

  /**
   * What went to and fro, with all peers.
   */
  traffic(): Traffic
}

/**
 * All metrics of the package. Without a registry it does nothing.
 */
export class DirectMetrics {
  readonly #requests?: CounterGroup
  readonly #served?: CounterGroup
  readonly #seconds?: Histogram
  readonly #lateAnswers?: Counter
  readonly #frameErrors?: CounterGroup

  constructor (gauges: Gauges, metrics?: Metrics) {
    this.#requests = metrics?.registerCounterGroup('fisco_direct_requests_total', {
      label: 'outcome',
      help: 'Requests and notifications of this node, by outcome'
    })
    this.#served = metrics?.registerCounterGroup('fisco_direct_served_total', {
      label: 'outcome',
      help: 'Requests and notifications that this node handled, by outcome'
    })
    this.#seconds = metrics?.registerHistogram('fisco_direct_request_seconds', {
      help: 'Time from a request to its answer',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    })
    this.#lateAnswers = metrics?.registerCounter('fisco_direct_late_answers_total', {
      help: 'Answers that came when nobody waited for them any more'
    })
    this.#frameErrors = metrics?.registerCounterGroup('fisco_direct_frame_errors_total', {
      label: 'rule',
      help: 'Streams closed because the peer broke a rule of the protocol, by rule'
    })

    for (const direction of ['sent', 'received'] as const) {
      for (const unit of ['messages', 'bytes'] as const) {
        metrics?.registerCounterGroup(`fisco_direct_${direction}_${unit}_total`, {
          label: 'handler',
          help: unit === 'bytes' ? `Bytes in the messages ${direction}, by handler` : `Requests, notifications, answers and pieces of streaming exchanges ${direction}, by handler`,
          calculate: () => Object.fromEntries(Array.from(gauges.traffic(), ([name, counts]) => [name, counts[direction][unit]]))
        })
      }
    }

    metrics?.registerMetric('fisco_direct_in_flight_requests', {
      help: 'Requests of this node that wait for an answer',
      calculate: gauges.inFlight
    })
  }

  /**
   * A request or notification of this node has ended.
   */
  settled (err: Error | undefined, seconds: number): void {
    this.#requests?.increment({ [err == null ? 'ok' : OUTCOMES[err.name] ?? 'other']: true })

    if (err == null) {
      this.#seconds?.observe(seconds)
    }
  }

  /**
   * A call of another node has ended.
   *
   * @param code - see `ErrorCode`; undefined if it was handled
   */
  served (code?: number): void {
    this.#served?.increment({ [code == null ? 'ok' : SERVED[code] ?? 'other']: true })
  }

  lateAnswer (): void {
    this.#lateAnswers?.increment()
  }

  frameError (rule: FrameRule): void {
    this.#frameErrors?.increment({ [rule]: true })
  }
}
