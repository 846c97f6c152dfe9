import { BoundedMap } from '@fisco-libp2p/identity'
import { DELIVER_NAME, DELIVER_TIMEOUT, FETCH_NAME, FETCH_QUOTA, GIVEN_BYTES_BURST, GIVEN_BYTES_PER_SECOND, MAX_FETCHED_BYTES, MAX_FORWARDING, MAX_FORWARDING_OF_NEIGHBOUR, MAX_GIVEN_TO, MAX_PARCEL_BYTES } from './constants.ts'
import { TopicForbiddenError } from './errors.ts'
import { answerQuestion, decodeQuestion } from './fetch.ts'
import { decodeParcel, encodeParcel, signReceipt } from './parcel.ts'
import type { DirectLike } from './components.ts'
import type { History } from './history.ts'
import type { Outcome } from './receiver.ts'
import type { Restrictions } from './restrictions.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'

/**
 * What {@link Parcels} work with.
 */
export interface ParcelsInit {
  identity: Identity
  history: History
  restrictions: Restrictions

  /**
   * Takes a message that was brought to this node.
   *
   * @returns `accepted` or `duplicate` if the node has it now
   */
  take (message: Uint8Array, from: NodeId): Promise<Outcome>
}

/**
 * What this node does for others: confirms what is brought to it, passes on what goes to one behind it, and gives what was missed.
 */
export class Parcels {
  private readonly init: ParcelsInit
  private forwarding = 0

  // how many of them come from a neighbour, and how many go to it
  private readonly neighbours = new Map<string, number>()
  // what may be given to a neighbour, in bytes, and when that was so
  private readonly given = new BoundedMap<NodeId, { left: number, at: number }>(MAX_GIVEN_TO)
  private direct?: DirectLike

  constructor (init: ParcelsInit) {
    this.init = init
  }

  start (direct: DirectLike | undefined): void {
    this.direct = direct
    direct?.handle(DELIVER_NAME, async (bytes, { from, signal }) => this.deliver(bytes, from, signal), { maxMessageSize: MAX_PARCEL_BYTES })
    direct?.handle(FETCH_NAME, async (bytes, { from }) => this.give(bytes, from), { quota: FETCH_QUOTA })
  }

  stop (): void {
    this.direct?.unhandle(DELIVER_NAME)
    this.direct?.unhandle(FETCH_NAME)
    this.direct = undefined
  }

  private async deliver (bytes: Uint8Array, from: NodeId, signal: AbortSignal): Promise<Uint8Array> {
    const { route: [next, ...route], message } = decodeParcel(bytes)

    if (next != null) {
      return this.forward({ from, next, route, message }, signal)
    }

    const outcome = await this.init.take(message, from)

    if (outcome !== 'accepted' && outcome !== 'duplicate') {
      throw new Error(`it refuses the message: ${outcome}`)
    }

    return signReceipt(this.init.identity, message)
  }

  private async forward ({ from, next, route, message }: { from: NodeId, next: NodeId, route: NodeId[], message: Uint8Array }, signal: AbortSignal): Promise<Uint8Array> {
    const all = [from, this.init.identity.nodeId, next, ...route]

    if (new Set(all).size < all.length) {
      throw new Error('its route goes in a circle')
    }

    if (this.direct == null || this.forwarding >= MAX_FORWARDING || [`from ${from}`, `to ${next}`].some(key => (this.neighbours.get(key) ?? 0) >= MAX_FORWARDING_OF_NEIGHBOUR)) {
      throw new Error('a node on the way is busy')
    }

    this.count(from, next, 1)

    try {
      return await this.direct.request(next, DELIVER_NAME, encodeParcel({ route, message }), { signal, timeout: DELIVER_TIMEOUT })
    } finally {
      this.count(from, next, -1)
    }
  }

  /**
   * One neighbour can let this node wait, as sender or as receiver, but not take all places with that.
   */
  private count (from: NodeId, next: NodeId, by: 1 | -1): void {
    this.forwarding += by

    for (const key of [`from ${from}`, `to ${next}`]) {
      const count = (this.neighbours.get(key) ?? 0) + by

      count > 0 ? this.neighbours.set(key, count) : this.neighbours.delete(key)
    }
  }

  private async give (bytes: Uint8Array, from: NodeId): Promise<Uint8Array> {
    const question = decodeQuestion(bytes)

    if (!this.init.restrictions.mayFollow(question.topic, from)) {
      throw new TopicForbiddenError('The topic is restricted, and its list of followers does not name the node that asks')
    }

    const now = performance.now()
    const { left, at } = this.given.get(from) ?? { left: GIVEN_BYTES_BURST, at: now }
    const room = Math.min(GIVEN_BYTES_BURST, left + (now - at) * GIVEN_BYTES_PER_SECOND / 1_000)
    // one message at least: who asks gets on, but no faster than that
    const answer = answerQuestion(question, this.init.history, Math.min(MAX_FETCHED_BYTES, Math.max(0, room)))

    this.given.set(from, { left: room - answer.byteLength, at: now })

    return answer
  }
}
