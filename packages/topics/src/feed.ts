import { FETCH_GRACE, MAX_BEGIN_ATTEMPTS, MAX_FETCH_DELAY, MAX_FRUITLESS } from './constants.ts'
import { Sequencer } from './sequencer.ts'
import { WaitingRoom } from './waiting-room.ts'
import type { TopicGap } from './api.ts'
import type { Envelope } from './envelope.ts'
import type { Missing } from './sequencer.ts'
import type { Tail } from './tails.ts'
import type { Seats } from './waiting-room.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * A message with the bytes in which it came.
 */
export interface Received {
  envelope: Envelope
  bytes: Uint8Array
}

/**
 * Where a {@link Feed} leads.
 */
export interface FeedSink {
  /**
   * Called with each message, in order.
   */
  onMessage (received: Received): void

  /**
   * Called where messages are left out, before those that follow them.
   */
  onGap (gap: TopicGap): void
}

/**
 * The messages of one author to one topic, in order. Takes the time as an argument, in milliseconds of a clock that does not go back.
 */
export class Feed {
  readonly topic: string
  readonly author: NodeId
  incarnation: number

  /**
   * When something has to be done: to begin, or to fetch what is missing.
   */
  due = Infinity

  private readonly sink: FeedSink
  private readonly seats: Seats
  private sequencer: Sequencer<Received>
  private isClosed = false
  private attempts = 0
  private denials = 0

  // how often others were asked for nothing but to leave out what the author says that there is, less what has come
  private fruitless = 0

  /**
   * How many messages were handed on.
   */
  handed = 0

  // nothing was handed on yet: what is left out now was perhaps never meant to be kept
  private isFresh = true

  /**
   * @param tail - what the author had published when it was met first: it begins behind that
   * @param seats - where messages of the author wait
   */
  constructor (topic: string, author: NodeId, incarnation: number, tail: Tail | undefined, sink: FeedSink, seats: Seats = new WaitingRoom().of(author)) {
    this.topic = topic
    this.author = author
    this.incarnation = incarnation
    this.sink = sink
    this.seats = seats
    this.sequencer = new Sequencer(seats)

    if (tail != null) {
      this.sequencer.begin(tail.last + 1)
      this.isFresh = false
    }
  }

  get next (): number | undefined {
    return this.sequencer.next
  }

  /**
   * The number up to which all was handed on, or left out; undefined as long as it is not known where to begin.
   */
  get last (): number | undefined {
    return this.next == null ? undefined : this.next - 1
  }

  get waiting (): number {
    return this.sequencer.waiting
  }

  get missing (): Missing | undefined {
    return this.sequencer.missing
  }

  /**
   * Whether the author says again and again that there is what nobody has: it costs an author one word to have all followers ask each other for it.
   */
  get isFruitless (): boolean {
    return this.fruitless >= MAX_FRUITLESS
  }

  /**
   * @param tail - of the author, in the message's incarnation, if it tells one
   */
  accept (received: Received, tail: Tail | undefined, now: number): void {
    const { envelope: { incarnation, sequence }, bytes } = received

    if (this.isClosed || incarnation < this.incarnation) {
      return
    }

    this.renew(incarnation)
    this.hand(this.sequencer.accept(sequence, received, bytes.byteLength))
    this.look(incarnation, tail, now)
  }

  /**
   * The author's status says something.
   */
  look (incarnation: number, tail: Tail | undefined, now: number): void {
    if (incarnation < this.incarnation) {
      return
    }

    this.renew(incarnation)

    if (tail != null) {
      this.hand(this.sequencer.begin(tail.oldest))
      this.sequencer.announce(tail.last)

      if (this.isFresh) {
        this.skipTo(tail.oldest)
      }
    }

    this.plan(now)
  }

  /**
   * A message has come, and no tail that tells whether others before it are kept: that is asked then.
   */
  begin (now: number): void {
    this.hand(this.sequencer.begin(1))
    this.due = Infinity
    this.plan(now)
  }

  /**
   * What was missing was asked for.
   *
   * @param before - what was to come next before that, and how much had come
   * @param hasAnswered - whether anybody answered: silence denies nothing
   */
  asked (before: { next: number | undefined, handed: number }, hasAnswered: boolean, now: number): void {
    const isBetter = this.next !== before.next

    this.fruitless += Number(isBetter && this.handed === before.handed)

    this.attempts = isBetter ? 0 : this.attempts + 1
    this.denials = isBetter || this.missing == null ? 0 : this.denials + Number(hasAnswered)

    // nobody who can be asked knows of them, so it begins with what has come
    if (this.isFresh && this.missing != null && this.denials >= MAX_BEGIN_ATTEMPTS) {
      this.skipTo(this.missing.to + 1)
    }

    this.due = this.missing == null ? Infinity : now + (this.isFruitless ? MAX_FETCH_DELAY : isBetter ? 0 : Math.min(MAX_FETCH_DELAY, FETCH_GRACE * 2 ** Math.min(this.attempts, 10)))
  }

  /**
   * What is missing may be there now.
   */
  hasten (now: number): void {
    if (this.missing != null) {
      this.attempts = 0
      this.due = Math.min(this.due, now + FETCH_GRACE)
    }
  }

  /**
   * Leaves out what is missing and is not to be had; once that was asked for often enough, all below a number, as far as nothing waits there.
   */
  leave ({ to }: Missing, oldest: number): void {
    this.skipTo(Math.max(to + 1, this.isFruitless ? Math.min(oldest, this.sequencer.ahead) : 0))
  }

  /**
   * Leaves out what is missing below a number.
   */
  skipTo (next: number): void {
    const from = this.next ?? 1

    if (next > from) {
      const items = this.sequencer.skipTo(next)

      this.leaveOut({ from, to: next - 1 })
      this.hand(items)
    }
  }

  /**
   * Hands on what is here, and leaves out what is not.
   */
  giveUp (): void {
    for (const { left, items } of this.sequencer.drain()) {
      this.leaveOut(left)
      this.hand(items)
    }
  }

  /**
   * Takes nothing any more, an answer that is under way included; nothing is missing either, or it would be asked for and lost.
   */
  close (): void {
    this.isClosed = true
    this.sequencer.clear()
    this.sequencer = new Sequencer(this.seats)
  }

  private leaveOut (left: Missing | undefined): void {
    const { topic, author, incarnation } = this

    if (left != null && !this.isFresh) {
      this.sink.onGap({ topic, author, incarnation, ...left })
    }
  }

  /**
   * An author that has started anew has nothing left of what it published before.
   */
  private renew (incarnation: number): void {
    if (incarnation > this.incarnation) {
      this.giveUp()
      this.incarnation = incarnation
      this.sequencer = new Sequencer(this.seats)
      this.isFresh = true
      this.attempts = 0
      this.denials = 0
      this.due = Infinity
    }
  }

  private plan (now: number): void {
    if (this.next == null) {
      this.due = this.waiting > 0 ? Math.min(this.due, now + FETCH_GRACE) : Infinity
    } else if (this.missing == null) {
      this.due = Infinity
      this.attempts = 0
    } else if (!this.isFruitless) {
      this.due = Math.min(this.due, now + FETCH_GRACE)
    } else if (this.due === Infinity) {
      this.due = now + MAX_FETCH_DELAY
    }
  }

  private hand (items: Received[]): void {
    this.isFresh &&= items.length === 0
    this.handed += items.length
    this.fruitless = Math.max(0, this.fruitless - items.length)
    items.forEach(received => { this.sink.onMessage(received) })
  }
}
