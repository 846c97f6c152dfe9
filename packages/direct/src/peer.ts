import { Bandwidth } from './bandwidth.ts'
import { Inbox } from './inbox.ts'
import { Traffic } from './traffic.ts'
import type { InboxLimits } from './inbox.ts'
import type { Lane } from './lane.ts'
import type { Link } from './link.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Connection } from '@libp2p/interface'

/**
 * What is under way between this node and another one on a lane, over all connections.
 */
export interface PeerLane {
  /**
   * What the other one has asked for.
   */
  readonly inbox: Inbox

  /**
   * Requests of this node that wait for an answer.
   */
  inFlight: number
}

/**
 * One node that is, or was, connected.
 */
export class Peer {
  readonly nodeId: NodeId
  readonly links = new Map<Connection, Link>()

  /**
   * The one that exchanges are begun on.
   */
  current?: Link

  /**
   * What went to and fro.
   */
  readonly traffic = new Traffic()

  /**
   * How fast bytes may go to it, if there is a limit.
   */
  readonly bandwidth?: Bandwidth

  readonly #limits: InboxLimits
  readonly #lanes = new Map<Lane, PeerLane>()

  /**
   * @param limits - of each lane
   * @param bytesPerSecond - of all lanes
   */
  constructor (nodeId: NodeId, limits: InboxLimits, bytesPerSecond?: number) {
    this.nodeId = nodeId
    this.#limits = limits
    this.bandwidth = bytesPerSecond == null ? undefined : new Bandwidth(bytesPerSecond)
  }

  /**
   * Requests to it that wait for an answer.
   */
  get inFlight (): number {
    return [...this.#lanes.values()].reduce((sum, { inFlight }) => sum + inFlight, 0)
  }

  /**
   * Whether nothing that it has asked for is left.
   */
  get isIdle (): boolean {
    return [...this.#lanes.values()].every(({ inbox }) => inbox.isIdle)
  }

  lane (lane: Lane): PeerLane {
    let state = this.#lanes.get(lane)

    if (state == null) {
      state = { inbox: new Inbox(this.#limits), inFlight: 0 }
      this.#lanes.set(lane, state)
    }

    return state
  }
}
