import { setMaxListeners } from 'main-event'
import { AuthorKeys } from './author-keys.ts'
import { DELIVER_NAME, DELIVER_TIMEOUT, MAX_UNCONFIRMED } from './constants.ts'
import { Courier } from './courier.ts'
import { NotConfirmedError, PublishQueueFullError } from './errors.ts'
import { encodeParcel, verifyReceipt } from './parcel.ts'
import type { DirectLike } from './components.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What {@link Deliveries} work with.
 */
export interface DeliveriesInit {
  networkId: Uint8Array

  /**
   * Over which nodes a message to a topic goes to a node, the last one included.
   *
   * @param topic - a gossipsub topic
   * @throws Error if there is no way
   */
  routeTo (nodeId: NodeId, topic: string): NodeId[]
}

/**
 * A message that is to be confirmed.
 */
export interface DeliveryInit {
  topic: string
  message: Uint8Array
  receivers: readonly NodeId[]

  /**
   * How many of them have to confirm, at most all.
   */
  needed: number

  /**
   * Milliseconds after which nothing is tried any more.
   */
  timeout: number

  /**
   * Any of them ends it earlier.
   */
  signals: readonly AbortSignal[]
}

/**
 * Brings messages to nodes that confirm them, again and again until they do.
 */
export class Deliveries {
  private readonly init: DeliveriesInit
  private readonly couriers = new Map<string, Courier>()
  private readonly keys = new AuthorKeys()
  private unconfirmed = 0
  private direct?: DirectLike

  constructor (init: DeliveriesInit) {
    this.init = init
  }

  /**
   * Messages that were not confirmed yet.
   */
  get waiting (): number {
    return this.unconfirmed
  }

  start (direct: DirectLike | undefined): void {
    this.direct = direct
  }

  stop (): void {
    this.direct = undefined
    // all signals are aborted
    this.couriers.forEach(courier => { courier.tidy() })
    this.couriers.clear()
  }

  /**
   * A node was connected, or has another status.
   */
  hasten (): void {
    this.couriers.forEach(courier => { courier.hasten() })
  }

  /**
   * @throws PublishQueueFullError if too many wait already
   */
  check (): void {
    if (this.unconfirmed >= MAX_UNCONFIRMED) {
      throw new PublishQueueFullError(`${this.unconfirmed} messages wait to be confirmed, at most ${MAX_UNCONFIRMED} may: wait for publish() before the next one`)
    }
  }

  /**
   * @returns who has confirmed, when enough have; the others are brought it as well, as long as there is time
   * @throws NotConfirmedError if time is over first, with those who have; the reason of a signal that aborts
   */
  async deliver ({ topic, message, receivers, needed, timeout, signals }: DeliveryInit): Promise<NodeId[]> {
    const confirmed: NodeId[] = []
    const failures = new Map<NodeId, Error>()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const end = this.limit(timeout, signals, reason => { reject(reason) })
    let dropped = 0
    const look = (): void => {
      if (confirmed.length >= needed) {
        resolve()
        end.enough()
      }

      if (confirmed.length + dropped === receivers.length) {
        end.over()
        // without effect where enough have
        reject(new Error('nobody else follows'))
      }
    }

    for (const nodeId of receivers) {
      this.courierTo(nodeId, topic).add({
        message,
        signal: end.signal,
        confirmed: () => {
          confirmed.push(nodeId)
          failures.delete(nodeId)
          look()
        },
        isSpare: () => confirmed.length >= needed,
        dropped: () => {
          dropped++
          look()
        },
        failed: err => { failures.set(nodeId, err) }
      })
    }

    look()

    try {
      await promise
    } catch (err) {
      signals.forEach(signal => { signal.throwIfAborted() })

      const missing = receivers.filter(nodeId => !confirmed.includes(nodeId))

      throw new NotConfirmedError(`${count(confirmed, receivers)}${err.name === 'TimeoutError' ? ` within ${timeout} ms` : ''}, and ${needed} ${needed === 1 ? 'was' : 'were'} asked for: ${explain(missing, failures)}`, { confirmed, missing, cause: err })
    }

    return [...confirmed]
  }

  /**
   * Aborts a signal when time is over or nobody waits any more, unless all is over before.
   */
  private limit (timeout: number, parents: readonly AbortSignal[], onAbort: (reason: Error) => void): { signal: AbortSignal, enough (): void, over (): void } {
    const controller = new AbortController()
    let isCounted = true
    // nobody waits for it any more
    const enough = (): void => {
      this.unconfirmed -= Number(isCounted)
      isCounted = false
    }

    const over = (): void => {
      clearTimeout(timer)
      parents.forEach(parent => { parent.removeEventListener('abort', abort) })
      enough()
      this.tidy()
    }

    const abort = (event?: Event): void => {
      const reason = event == null ? new DOMException(`Not within ${timeout} ms`, 'TimeoutError') : (event.target as AbortSignal).reason

      controller.abort(reason)
      over()
      onAbort(reason)
    }

    const timer = setTimeout(() => { abort() }, timeout)

    // each request that is under way listens to it
    setMaxListeners(Infinity, controller.signal)
    parents.forEach(parent => { parent.addEventListener('abort', abort, { once: true }) })
    this.unconfirmed++

    return { signal: controller.signal, enough, over }
  }

  private courierTo (nodeId: NodeId, topic: string): Courier {
    const key = `${nodeId} ${topic}`
    let courier = this.couriers.get(key)

    if (courier == null) {
      courier = new Courier(async (message, signal) => this.bring(nodeId, topic, message, signal))
      this.couriers.set(key, courier)
    }

    return courier
  }

  private async bring (nodeId: NodeId, topic: string, message: Uint8Array, signal: AbortSignal): Promise<void> {
    const [first, ...route] = this.init.routeTo(nodeId, topic)

    if (this.direct == null) {
      throw new Error('this node has no unicast')
    }

    const receipt = await this.direct.request(first, DELIVER_NAME, encodeParcel({ route, message }), { signal, timeout: DELIVER_TIMEOUT })

    if (!verifyReceipt(receipt, message, this.keys.get(nodeId), this.init.networkId)) {
      throw new Error('what came back is not signed by it')
    }
  }

  private tidy (): void {
    for (const [key, courier] of this.couriers) {
      courier.tidy()

      if (courier.isIdle) {
        this.couriers.delete(key)
      }
    }
  }
}

function count (confirmed: readonly NodeId[], receivers: readonly NodeId[]): string {
  return receivers.length === 0 ? 'nobody has confirmed' : `${confirmed.length} of ${receivers.length} nodes ${confirmed.length === 1 ? 'has' : 'have'} confirmed`
}

/**
 * The first three, and why.
 */
function explain (missing: readonly NodeId[], failures: ReadonlyMap<NodeId, Error>): string {
  if (missing.length === 0) {
    return 'no other node is known to follow'
  }

  const reasons = missing.slice(0, 3).map(nodeId => `${nodeId.slice(0, 8)}… ${failures.get(nodeId)?.message ?? 'has not answered yet'}`)

  return `${reasons.join('; ')}${missing.length > 3 ? `; and ${missing.length - 3} more` : ''}`
}
