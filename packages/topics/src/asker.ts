import { InvalidParametersError } from '@libp2p/interface'
import { REQUEST_NAME } from './constants.ts'
import { NoFollowerError, NotFollowingError } from './errors.ts'
import { askFollowers, decodeRequest, encodeRequest, shuffle } from './request.ts'
import { checkTime } from './settings.ts'
import type { Preference, TopicRequestContext, TopicRequestOptions } from './api.ts'
import type { DirectLike } from './components.ts'
import type { Followings } from './followings.ts'
import type { TopicsInit } from './init.ts'
import type { TopicsMetrics } from './metrics.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What {@link Asker} works with.
 */
export interface AskerInit {
  self: NodeId
  settings: Required<TopicsInit>
  metrics: TopicsMetrics
  followings: Followings

  /**
   * The agency of a node, and the round trip time to it in milliseconds, where they are known.
   */
  agencyOf (nodeId: NodeId): string | undefined
  rttOf (nodeId: NodeId): number | undefined
}

const PREFERENCES: readonly Preference[] = ['agency', 'rtt']

/**
 * Requests to one follower of a topic, those of this node and those to it.
 */
export class Asker {
  private readonly init: AskerInit
  private direct?: DirectLike

  constructor (init: AskerInit) {
    this.init = init
  }

  start (direct: DirectLike | undefined): void {
    this.direct = direct
    direct?.handle(REQUEST_NAME, async (bytes, { from, signal }) => {
      const { topic, data } = decodeRequest(bytes)

      return this.answer(data, { topic, from, signal })
    })
  }

  stop (): void {
    this.direct?.unhandle(REQUEST_NAME)
    this.direct = undefined
  }

  /**
   * @param followers - who may be asked, this node included
   * @param shutdown - aborts when the node stops
   * @throws NoFollowerError
   */
  async request (topic: string, data: Uint8Array, followers: readonly NodeId[], shutdown: AbortSignal, options: TopicRequestOptions): Promise<Uint8Array> {
    const { self, settings, metrics, followings } = this.init
    const canAnswer = followings.handlerOf(topic) != null
    const timeout = checkTime('timeout', options.timeout ?? settings.requestTimeout)
    const tryTimeout = checkTime('tryTimeout', options.tryTimeout ?? settings.tryTimeout)
    const candidates = this.order(followers.filter(nodeId => nodeId !== self || canAnswer), checkPreferences(options.prefer ?? []))
    const signals = [shutdown, ...(options.signal == null ? [] : [options.signal])]
    // the caller may use its buffer again
    const copy = new Uint8Array(data)
    const message = encodeRequest(topic, copy)

    try {
      const answer = await askFollowers(candidates, async (follower, signal) => {
        return follower === self ? this.answer(copy, { topic, from: self, signal }) : this.ask(follower, message, tryTimeout, signal)
      }, { topic, timeout, tryTimeout, signals })

      metrics.requested('answered')

      return answer
    } catch (err) {
      metrics.requested('failed')
      throw err
    }
  }

  /**
   * The one to ask first, first.
   */
  private order (followers: readonly NodeId[], preferences: readonly Preference[]): NodeId[] {
    const { self, settings, agencyOf, rttOf } = this.init
    const own = agencyOf(self)
    const costs: Record<Preference, (nodeId: NodeId) => number> = {
      agency: nodeId => own != null && agencyOf(nodeId) === own ? 0 : 1,
      rtt: nodeId => nodeId === self ? 0 : rttOf(nodeId) ?? Number.MAX_VALUE
    }

    // sorting keeps the order of equals
    return shuffle(followers, settings.random).sort((a, b) => {
      return preferences.map(preference => costs[preference](a) - costs[preference](b)).find(difference => difference !== 0) ?? 0
    })
  }

  private async ask (follower: NodeId, message: Uint8Array, timeout: number, signal: AbortSignal): Promise<Uint8Array> {
    if (this.direct == null) {
      throw new NoFollowerError('This node has no service `direct`, so it cannot ask others: compose it with direct()')
    }

    return this.direct.request(follower, REQUEST_NAME, message, { signal, timeout })
  }

  private async answer (data: Uint8Array, context: TopicRequestContext): Promise<Uint8Array> {
    const handler = this.init.followings.handlerOf(context.topic)

    if (handler == null) {
      throw new NotFollowingError('The node does not answer requests to this topic')
    }

    return handler(data, context)
  }
}

function checkPreferences (prefer: Preference | readonly Preference[]): readonly Preference[] {
  const preferences = typeof prefer === 'string' ? [prefer] : prefer
  const unknown = preferences.find(preference => !PREFERENCES.includes(preference))

  if (unknown != null) {
    throw new InvalidParametersError(`topics: prefer is ${PREFERENCES.join(' or ')}, or a list of them, not ${JSON.stringify(unknown)}`)
  }

  return preferences
}
