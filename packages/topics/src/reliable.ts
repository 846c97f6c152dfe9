import { Feed } from './feed.ts'
import { LastWords } from './last-words.ts'
import { Recovery, tailIn } from './recovery.ts'
import { tailsOf } from './tails.ts'
import { WaitingRoom } from './waiting-room.ts'
import type { DirectLike, StatusRecordLike, TopicsComponents } from './components.ts'
import type { FeedSink, Received } from './feed.ts'
import type { RecoveryInit } from './recovery.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Feeds of which what is missing is fetched at a time, in all and of one author: one that lets its followers wait for what it says that there is must not keep them from
 * asking others.
 */
const MAX_FETCHING = 8
const MAX_FETCHING_OF_AUTHOR = 2

/**
 * What {@link Reliable} works with.
 */
export interface ReliableInit extends RecoveryInit, FeedSink {
  events: TopicsComponents['events']
}

/**
 * Topics of which nothing may be lost, by their gossipsub topics: puts the messages of each author in order, notices which are missing, by their numbers and by the tails in
 * status, and has them fetched; of an author that is gone, by what others have heard of it.
 */
export class Reliable {
  private readonly init: ReliableInit
  private readonly topics = new Map<string, Map<NodeId, Feed>>()
  private readonly room = new WaitingRoom()
  private readonly fetching = new Set<Feed>()
  private readonly lastWords: LastWords
  private recovery?: Recovery
  private shutdown = new AbortController()
  private timer?: NodeJS.Timeout

  constructor (init: ReliableInit) {
    this.init = init
    this.lastWords = new LastWords({
      ...init,
      feeds: () => this.feeds(),
      feedOf: (topic, author) => this.topics.get(topic)?.get(author),
      fetch: async (feed, source, to) => { await this.recovery?.ask(source, { topic: feed.topic, author: feed.author, incarnation: feed.incarnation, from: feed.next ?? 1, to }, feed) }
    })
  }

  /**
   * Messages that wait for others, and their bytes.
   */
  get waiting (): WaitingRoom['taken'] {
    return this.room.taken
  }

  /**
   * @param direct - without it nothing can be fetched
   */
  start (direct: DirectLike | undefined): void {
    this.shutdown = new AbortController()
    this.recovery = direct == null ? undefined : new Recovery(this.init, direct, this.shutdown.signal)
    this.lastWords.start(direct)
    this.init.events.addEventListener('connection:open', this.onConnectionOpen)
    this.topics.forEach((_, topic) => { this.meetAll(topic) })
    this.arm()
  }

  stop (): void {
    this.init.events.removeEventListener('connection:open', this.onConnectionOpen)
    this.lastWords.stop()
    this.recovery = undefined
    this.shutdown.abort()
    clearTimeout(this.timer)
    this.timer = undefined
  }

  has (topic: string): boolean {
    return this.topics.has(topic)
  }

  follow (topic: string): void {
    if (!this.topics.has(topic)) {
      this.topics.set(topic, new Map())
      this.meetAll(topic)
    }
  }

  unfollow (topic: string): void {
    this.topics.get(topic)?.forEach(feed => { feed.close() })
    this.topics.delete(topic)
    this.arm()
  }

  /**
   * Takes a message of a topic that is followed so.
   */
  accept (received: Received): void {
    const { topic, author } = received.envelope
    const record = this.init.topology.recordOf(author)
    const feed = record == null ? undefined : this.meet(topic, record)

    if (feed != null) {
      this.change([feed], (feed, now) => { feed.accept(received, tailIn(record, received.envelope), now) })
    }
  }

  /**
   * The status of a node has changed.
   */
  onStatus (record: StatusRecordLike): void {
    const feeds = [...this.topics.keys()].flatMap(topic => this.meet(topic, record) ?? [])

    this.change(feeds, (feed, now) => { feed.look(record.incarnation, tailsOf(record).get(feed.topic), now) })
  }

  /**
   * The status of a node is no longer kept.
   */
  onGone (author: NodeId): void {
    for (const feeds of this.topics.values()) {
      const feed = feeds.get(author)

      feed?.giveUp()
      feed?.close()
      feeds.delete(author)
    }
  }

  /**
   * A node was connected: it may have what could not be fetched.
   */
  private readonly onConnectionOpen = (): void => {
    this.feeds().forEach(feed => { feed.hasten(performance.now()) })
    this.arm()
  }

  /**
   * The feed of an author; undefined of this node itself, and of topics that are not followed so.
   */
  private meet (topic: string, record: StatusRecordLike): Feed | undefined {
    const { nodeId, incarnation } = record
    const feeds = this.topics.get(topic)
    let feed = feeds?.get(nodeId)

    if (feeds != null && feed == null && nodeId !== this.init.self) {
      feed = new Feed(topic, nodeId, incarnation, tailsOf(record).get(topic), this.init, this.room.of(nodeId))
      feeds.set(nodeId, feed)
    }

    return feed
  }

  /**
   * Those who are known now.
   */
  private meetAll (topic: string): void {
    this.init.topology.records.forEach(record => { this.meet(topic, record) })
  }

  private change (feeds: readonly Feed[], change: (feed: Feed, now: number) => void): void {
    const dues = feeds.map(({ due }) => due)
    const now = performance.now()

    feeds.forEach(feed => { change(feed, now) })

    // once for all of them: it looks at all that there are
    if (feeds.some(({ due }, i) => due !== dues[i])) {
      this.arm()
    }
  }

  private feeds (): Feed[] {
    return [...this.topics.values()].flatMap(feeds => [...feeds.values()])
  }

  /**
   * One timer for all feeds.
   */
  private arm (): void {
    clearTimeout(this.timer)
    this.timer = undefined

    if (this.recovery != null && this.fetching.size < MAX_FETCHING) {
      const due = this.feeds().reduce((min, feed) => this.mayAct(feed) ? Math.min(min, feed.due) : min, Infinity)

      if (due !== Infinity) {
        this.timer = setTimeout(() => { this.act() }, Math.max(1, due - performance.now()))
      }
    }
  }

  private act (): void {
    const now = performance.now()

    for (const feed of this.feeds().filter(({ due }) => due <= now).sort((a, b) => a.due - b.due)) {
      if (feed.next == null) {
        feed.begin(now)
      } else if (this.mayAct(feed) && this.fetching.size < MAX_FETCHING) {
        this.fetch(feed).catch(err => { this.init.log.error('missed messages could not be fetched - %e', err) })
      }
    }

    this.arm()
  }

  /**
   * Whether a feed is not busy, nor its author with too many.
   */
  private mayAct (feed: Feed): boolean {
    return feed.next == null || (!this.fetching.has(feed) && [...this.fetching].filter(({ author }) => author === feed.author).length < MAX_FETCHING_OF_AUTHOR)
  }

  private async fetch (feed: Feed): Promise<void> {
    const { next, handed } = feed
    let hasAnswered = false

    this.fetching.add(feed)

    try {
      hasAnswered = await this.recovery?.run(feed) ?? false
    } finally {
      this.fetching.delete(feed)
      feed.asked({ next, handed }, hasAnswered, performance.now())
      this.arm()
    }
  }
}
