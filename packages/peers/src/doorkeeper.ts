import { hasRoom, surplus } from './room.ts'
import type { Link, Links } from './links.ts'
import type { PeersMetrics } from './metrics.ts'
import type { RoomInit } from './room.ts'
import type { Member } from './status.ts'
import type { HandshakeVerification } from '@fisco-libp2p/identity'

/**
 * Says who does not find room now: while the node stops nobody, else those that are not configured when there are too many.
 */
export class Doorkeeper {
  readonly #limits: RoomInit
  readonly #links: Links
  readonly #describe: (link: Link) => Member
  readonly #isConfigured: (peer: string) => boolean
  readonly #metrics?: PeersMetrics
  #draining = false

  constructor (limits: RoomInit, links: Links, describe: (link: Link) => Member, isConfigured: (peer: string) => boolean, metrics?: PeersMetrics) {
    this.#limits = limits
    this.#links = links
    this.#describe = describe
    this.#isConfigured = isConfigured
    this.#metrics = metrics
  }

  open (): void {
    this.#draining = false
  }

  /**
   * Tells all who are connected that this node stops, and from now on all who come.
   */
  async takeLeave (): Promise<void> {
    this.#draining = true

    await Promise.all([...this.#links.values()].map(async link => {
      link.ending ??= 'stopped'
      await this.#links.sayGoodbye(link, 'draining')
    }))
  }

  readonly onVerified = ({ detail: { direction, peerId, refuse } }: CustomEvent<HandshakeVerification>): void => {
    const peer = peerId.toString()

    if (this.#draining) {
      refuse('draining', 'this node stops: dial it again later')
    } else if (direction === 'inbound' && this.#links.get(peer) == null && !this.#isConfigured(peer) && !hasRoom(this.#limits, this.#occupants())) {
      this.#metrics?.overloaded.increment()
      refuse('overloaded', 'this node has no room for nodes that it is not configured with: dial it again later, or have it configured there ([p2p] node.N)')
    }
  }

  /**
   * Configured peers may come at any time, so others may have to go.
   */
  async makeRoom (): Promise<void> {
    const leaving = surplus(this.#limits, this.#occupants()).filter(({ link }) => link.ending == null)

    await Promise.all(leaving.map(async ({ link }) => {
      this.#metrics?.overloaded.increment()
      await this.#links.sayGoodbye(link, 'overloaded')
      await this.#links.close(link, 'overloaded')
    }))
  }

  #occupants (): Array<Member & { link: Link }> {
    return [...this.#links.values()].map(link => ({ ...this.#describe(link), link }))
  }
}
