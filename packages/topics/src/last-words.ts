import { HEARD_NAME, MAX_TAILS } from './constants.ts'
import { decodeHeard, encodeHeard } from './heard.ts'
import { tailIn } from './recovery.ts'
import { nodeIdOf } from './topology.ts'
import type { DirectLike, TopicsComponents } from './components.ts'
import type { Feed } from './feed.ts'
import type { HeardOf } from './heard.ts'
import type { Topology } from './topology.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Connection, Logger, PeerId } from '@libp2p/interface'

/**
 * Within how many milliseconds, at random, what was heard of an author who is gone is told: who has heard the same from so many others by then keeps silent. One alone
 * could tell it to silence those who would tell more.
 */
const SPREAD = 250
const ENOUGH_TELLERS = 2

/**
 * Of how many feeds a neighbour that comes is told, and of how many one may say at a time that it has more: an author can have so many.
 */
const MAX_FEEDS = MAX_TAILS

/**
 * What one peer may tell, and the longest of it: a topic's name and a node ID.
 */
const HEARD_QUOTA = { perPeer: 200, perMs: 1_000 }
const MAX_HEARD_BYTES = 2_048

/**
 * What {@link LastWords} work with.
 */
export interface LastWordsInit {
  log: Logger
  random (): number
  events: TopicsComponents['events']
  topology: Pick<Topology, 'neighbours' | 'neighboursOf' | 'recordOf'>

  /**
   * All feeds, and the one of an author on a topic, if the topic is followed reliably.
   */
  feeds (): Feed[]
  feedOf (topic: string, author: NodeId): Feed | undefined

  /**
   * Asks a node for the messages of a feed up to a number.
   */
  fetch (feed: Feed, source: NodeId, to: number): Promise<void>
}

/**
 * What an author published after the last tail that it told, and then was gone, nobody can know to be missing by its status. So who has some of it tells the others, who
 * fetch it from there. What is told is not believed, but asked for: a false word costs one question to who said it.
 */
export class LastWords {
  private readonly init: LastWordsInit

  // what will be told, and who has told the same meanwhile
  private readonly planned = new Map<Feed, { timer: NodeJS.Timeout, tellers: Set<NodeId> }>()

  // who says to have how much of a feed, in the order in which they are asked for it
  private readonly offers = new Map<Feed, Map<NodeId, number>>()
  private direct?: DirectLike

  constructor (init: LastWordsInit) {
    this.init = init
  }

  /**
   * @param direct - without it nothing can be told
   */
  start (direct: DirectLike | undefined): void {
    const { events } = this.init

    this.direct = direct
    direct?.handle(HEARD_NAME, async (bytes, { from }) => { this.hear(decodeHeard(bytes), from) }, { quota: HEARD_QUOTA, maxMessageSize: MAX_HEARD_BYTES })
    events.addEventListener('peer:disconnect', this.onDisconnect)
    events.addEventListener('connection:open', this.onConnectionOpen)
  }

  stop (): void {
    const { events } = this.init

    events.removeEventListener('peer:disconnect', this.onDisconnect)
    events.removeEventListener('connection:open', this.onConnectionOpen)
    this.direct?.unhandle(HEARD_NAME)
    this.direct = undefined
    this.planned.forEach(({ timer }) => { clearTimeout(timer) })
    this.planned.clear()
  }

  /**
   * An author that is connected tells itself what there is.
   */
  private hear ({ topic, author, incarnation, last }: HeardOf, from: NodeId): void {
    const feed = this.init.feedOf(topic, author)

    if (feed == null || feed.incarnation !== incarnation || this.init.topology.neighbours().has(author)) {
      return
    }

    const own = feed.last ?? 0

    if (last >= own) {
      this.isTold(feed, from)
    } else if (this.isUntold(feed)) {
      this.tell(feed, [from])
    }

    if (last > own && [...this.offers.values()].filter(offers => offers.has(from)).length < MAX_FEEDS) {
      this.offer(feed, from, last)
    }
  }

  /**
   * One is asked after the other, each in its turn: who does not answer holds the rest up, and does not shut them out.
   */
  private offer (feed: Feed, from: NodeId, last: number): void {
    const offers = this.offers.get(feed)

    if (offers != null) {
      offers.set(from, last)
    } else {
      const first = new Map([[from, last]])

      this.offers.set(feed, first)
      this.take(feed, first).catch(err => { this.init.log.error('the last words of %s could not be fetched - %e', feed.author, err) })
    }
  }

  private async take (feed: Feed, offers: Map<NodeId, number>): Promise<void> {
    try {
      // those that come meanwhile are at its end
      for (const [source, last] of offers) {
        const before = feed.last

        offers.delete(source)
        await this.fetch(feed, source, last)

        // those behind this node have not heard the source; of a false word they need not hear
        if (feed.last !== before) {
          this.plan(feed)
        }
      }
    } finally {
      this.offers.delete(feed)
    }
  }

  private async fetch (feed: Feed, source: NodeId, last: number): Promise<void> {
    const { incarnation } = feed

    for (let before = -1, own = feed.last ?? 0; own > before && own < last && feed.incarnation === incarnation && this.isKept(feed); own = feed.last ?? 0) {
      before = own
      await this.init.fetch(feed, source, last)
    }
  }

  private readonly onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    const author = nodeIdOf(peer)

    this.init.feeds().filter(feed => feed.author === author).forEach(feed => { this.plan(feed) })
  }

  /**
   * Who was away while an author went has not heard what was told then.
   */
  private readonly onConnectionOpen = ({ detail: { remotePeer } }: CustomEvent<Connection>): void => {
    const { feeds, topology } = this.init
    const neighbours = topology.neighbours()
    const comer = nodeIdOf(remotePeer)

    if (comer != null) {
      feeds().filter(feed => !neighbours.has(feed.author) && this.isUntold(feed) && topology.neighboursOf(feed.topic).includes(comer))
        .slice(0, MAX_FEEDS).forEach(feed => { this.tell(feed, [comer]) })
    }
  }

  /**
   * Whether there is something here that the author's status does not tell of.
   */
  private isUntold (feed: Feed): boolean {
    return feed.last != null && feed.last > (tailIn(this.init.topology.recordOf(feed.author), feed)?.last ?? 0)
  }

  /**
   * Whether the topic is still followed, and this node runs.
   */
  private isKept (feed: Feed): boolean {
    return this.direct != null && this.init.feedOf(feed.topic, feed.author) === feed
  }

  private plan (feed: Feed): void {
    if (this.isKept(feed) && !this.planned.has(feed) && this.isUntold(feed)) {
      const timer = setTimeout(() => {
        this.planned.delete(feed)

        if (this.isKept(feed)) {
          this.tell(feed, this.init.topology.neighboursOf(feed.topic).filter(nodeId => nodeId !== feed.author))
        }
      }, this.init.random() * SPREAD)

      this.planned.set(feed, { timer, tellers: new Set() })
    }
  }

  private isTold (feed: Feed, by: NodeId): void {
    const plan = this.planned.get(feed)

    if (plan != null && plan.tellers.add(by).size >= ENOUGH_TELLERS) {
      clearTimeout(plan.timer)
      this.planned.delete(feed)
    }
  }

  private tell (feed: Feed, to: readonly NodeId[]): void {
    const { topic, author, incarnation, last } = feed

    if (last != null) {
      const heard = encodeHeard({ topic, author, incarnation, last })

      to.forEach(nodeId => {
        this.direct?.notify(nodeId, HEARD_NAME, heard).catch(err => { this.init.log('node %s could not be told what was heard of %s - %e', nodeId, author, err) })
      })
    }
  }
}
