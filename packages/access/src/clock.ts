import { setImmediate } from 'node:timers/promises'
import { CLOCK_ASK_INTERVAL, CLOCK_QUOTA, CLOCK_REQUEST, CLOCK_TIMEOUT, MAX_CLOCK_SKEW } from './constants.ts'
import { nodeIdOf } from './node-id-of.ts'
import type { DirectLike } from './components.ts'
import type { ClockSkew } from './control.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Connection, Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'

/**
 * What {@link Clocks} is made of.
 */
export interface ClocksInit {
  direct: DirectLike
  events: TypedEventTarget<Libp2pEvents>
  getConnections (): Connection[]

  /**
   * Unix milliseconds.
   */
  now (): number

  /**
   * This node's clock differs from those of its neighbours by more than before, or does no longer.
   */
  onSkew (skew: ClockSkew): void
}

/**
 * Compares this node's clock with those of its neighbours. One neighbour may lie; so what counts is the median of all.
 */
export class Clocks {
  readonly #init: ClocksInit
  readonly #offsets = new Map<NodeId, number>()
  #stopping = new AbortController()
  readonly #asking = new Set<Promise<void>>()
  #timer?: NodeJS.Timeout
  #skewed = false

  constructor (init: ClocksInit) {
    this.#init = init
  }

  /**
   * By how many milliseconds the clock of each neighbour is ahead of this node's, as far as it was asked.
   */
  get offsets (): ReadonlyMap<NodeId, number> {
    return this.#offsets
  }

  /**
   * How this node's clock stands to them; undefined if no neighbour has answered.
   */
  get skew (): ClockSkew | undefined {
    const sorted = [...this.#offsets.values()].sort((a, b) => a - b)
    const offset = sorted[Math.floor((sorted.length - 1) / 2)]

    return sorted.length === 0 ? undefined : { offset, neighbours: sorted.length, skewed: Math.abs(offset) > MAX_CLOCK_SKEW }
  }

  start (): void {
    const { direct, events } = this.#init

    this.#stopping = new AbortController()
    direct.handle(CLOCK_REQUEST, async () => timeBytes(this.#init.now()), { maxMessageSize: 8, quota: CLOCK_QUOTA })
    events.addEventListener('peer:connect', this.#onConnect)
    events.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#timer = setInterval(() => { this.#askAll() }, CLOCK_ASK_INTERVAL)
    this.#timer.unref()
    this.#askAll()
  }

  async stop (): Promise<void> {
    const { direct, events } = this.#init

    direct.unhandle(CLOCK_REQUEST)
    events.removeEventListener('peer:connect', this.#onConnect)
    events.removeEventListener('peer:disconnect', this.#onDisconnect)
    clearInterval(this.#timer)
    this.#stopping.abort()
    await Promise.all(this.#asking)
    this.#offsets.clear()
  }

  readonly #onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#ask(detail)
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#offsets.delete(nodeIdOf(detail) ?? '')
  }

  #askAll (): void {
    new Map(this.#init.getConnections().map(({ remotePeer }) => [remotePeer.toString(), remotePeer])).forEach(peerId => { this.#ask(peerId) })
  }

  #ask (peerId: PeerId): void {
    const nodeId = nodeIdOf(peerId)

    if (nodeId == null) {
      return
    }

    const asking = this.#measure(nodeId).catch(() => {
      // a node without this protocol, or one that is gone: nothing is known of its clock
    }).finally(() => { this.#asking.delete(asking) })

    this.#asking.add(asking)
  }

  async #measure (nodeId: NodeId): Promise<void> {
    // `direct` hears of a new connection in the same turn of the event loop, and perhaps later
    await setImmediate()
    const asked = performance.now()
    const answer = await this.#init.direct.request(nodeId, CLOCK_REQUEST, new Uint8Array(), { timeout: CLOCK_TIMEOUT, signal: this.#stopping.signal })
    const tripTime = performance.now() - asked
    const theirs = Number(new DataView(answer.buffer, answer.byteOffset, answer.byteLength).getBigUint64(0))

    // answered in the middle of the round trip, as far as anybody knows
    this.#offsets.set(nodeId, Math.round(theirs + tripTime / 2 - this.#init.now()))
    this.#judge()
  }

  #judge (): void {
    const { skew } = this

    if (skew != null && skew.skewed !== this.#skewed) {
      this.#skewed = skew.skewed
      this.#init.onSkew(skew)
    }
  }
}

function timeBytes (milliseconds: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.floor(milliseconds)))

  return bytes
}
