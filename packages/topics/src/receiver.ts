import { MAX_INCARNATION_LEAD } from '@fisco-libp2p/identity'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { AuthorKeys } from './author-keys.ts'
import { MAX_VERIFYING, MESSAGE_VERSION } from './constants.ts'
import { decodeEnvelope, verifyEnvelope, verifyEnvelopeOffThread } from './envelope.ts'
import { HoldQueue } from './hold.ts'
import { ReplayTable } from './window.ts'
import type { Envelope, ReceivedEnvelope } from './envelope.ts'
import type { Question } from './fetch.ts'
import type { Freshness } from './window.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * What became of a message that was received.
 */
export type Outcome =
  | 'accepted'
  | 'malformed'
  | 'wrong-topic'
  | 'bad-signature'
  | 'unsupported-version'
  | 'future'
  | 'own'
  | 'duplicate'
  | 'stale'
  | 'unknown-author'
  | 'hold-full'
  | 'offender'
  | 'forbidden'

/**
 * What gossipsub is told. Only what a relay could have seen for itself is rejected: it forwards what it accepted.
 */
export const VERDICTS: Readonly<Record<Outcome, TopicValidatorResult>> = {
  accepted: TopicValidatorResult.Accept,
  malformed: TopicValidatorResult.Reject,
  'wrong-topic': TopicValidatorResult.Reject,
  'bad-signature': TopicValidatorResult.Reject,
  'unsupported-version': TopicValidatorResult.Ignore,
  // clocks differ: for the relay it was not
  future: TopicValidatorResult.Ignore,
  own: TopicValidatorResult.Ignore,
  duplicate: TopicValidatorResult.Ignore,
  stale: TopicValidatorResult.Ignore,
  'unknown-author': TopicValidatorResult.Ignore,
  'hold-full': TopicValidatorResult.Ignore,
  offender: TopicValidatorResult.Ignore,
  // who may publish is a list of each node's own: a relay may have another one
  forbidden: TopicValidatorResult.Ignore
}

/**
 * A judged message: `envelope` is there where the outcome is `accepted`.
 */
export interface Judgement {
  outcome: Outcome
  envelope?: Envelope

  /**
   * Who the message says wrote it, where it could be read.
   */
  author?: NodeId
}

/**
 * What a {@link Receiver} works with.
 */
export interface ReceiverInit {
  /**
   * The node itself.
   */
  self: NodeId
  networkId: Uint8Array

  /**
   * Incarnation in the status record of a node; undefined if there is no record: the node is no member.
   */
  incarnationOf (author: NodeId): number | undefined

  /**
   * Called before each verification of a signature.
   */
  onVerify? (): void

  /**
   * How long a message waits for its author's status record, milliseconds.
   *
   * @default 2000
   */
  holdTimeout?: number

  /**
   * @default Date.now
   */
  now? (): number
}

/**
 * Judges what is received: each message once, however many copies of it come, and on whatever way.
 */
export class Receiver {
  private readonly keys = new AuthorKeys()
  private readonly replays = new ReplayTable()
  private readonly hold: HoldQueue<() => void>
  private readonly init: ReceiverInit
  private readonly now: () => number
  private timer?: NodeJS.Timeout
  private verifying = 0

  constructor (init: ReceiverInit) {
    this.init = init
    this.now = init.now ?? Date.now
    this.hold = new HoldQueue({ timeout: init.holdTimeout })
  }

  /**
   * Messages that wait for their author's record.
   */
  get held (): number {
    return this.hold.size
  }

  /**
   * Authors and topics of which a replay window is kept.
   */
  get windows (): number {
    return this.replays.size
  }

  /**
   * @param from - the neighbour that it came from
   * @param check - says what is wrong with a message on this way, to this node, if anything is
   * @returns a promise only if the message has to wait
   */
  judge (bytes: Uint8Array, from: string, check: (message: ReceivedEnvelope) => Outcome | undefined): Judgement | Promise<Judgement> {
    const envelope = this.read(bytes, Infinity)

    if (envelope == null) {
      return { outcome: 'malformed' }
    }

    const { author } = envelope

    if (envelope.version !== MESSAGE_VERSION) {
      return { outcome: 'unsupported-version' }
    }

    if (envelope.incarnation > this.now() + MAX_INCARNATION_LEAD) {
      return { outcome: 'future', author }
    }

    const fault = check(envelope)

    if (fault != null) {
      return { outcome: fault, author }
    }

    if (author === this.init.self) {
      return { outcome: 'own', author }
    }

    if (this.init.incarnationOf(author) == null) {
      return this.wait(envelope, from, bytes.byteLength)
    }

    return this.judgeKnown(envelope)
  }

  /**
   * Judges a message that was asked for, because it was missed: it may be older than the replay window.
   *
   * @returns undefined if it is not one of those, or badly signed
   */
  async judgeMissed (bytes: Uint8Array, { topic, author, incarnation, from, to }: Question): Promise<Envelope | undefined> {
    const envelope = this.read(bytes)
    const isAsked = envelope?.version === MESSAGE_VERSION && envelope.topic === topic && envelope.author === author && envelope.incarnation === incarnation &&
      envelope.sequence >= from && envelope.sequence <= to

    return envelope != null && isAsked && await this.verify(envelope) ? envelope : undefined
  }

  /**
   * Whether a message was signed by the node that it names; whether it is new is not asked.
   */
  async isGenuine (bytes: Uint8Array): Promise<boolean> {
    const envelope = this.read(bytes)

    return envelope?.version === MESSAGE_VERSION && this.verify(envelope)
  }

  private read (bytes: Uint8Array, now = this.now()): ReceivedEnvelope | undefined {
    try {
      return decodeEnvelope(bytes, now)
    } catch {
      return undefined
    }
  }

  /**
   * The status record of a node arrived: judges what waited for it.
   */
  release (author: NodeId): void {
    this.hold.release(author).forEach(proceed => { proceed() })
    this.arm()
  }

  /**
   * Gives up on everything that waits.
   */
  stop (): void {
    this.hold.clear().forEach(proceed => { proceed() })
    this.arm()
  }

  private async wait (envelope: ReceivedEnvelope, from: string, bytes: number): Promise<Judgement> {
    const { author } = envelope
    const { promise, resolve } = Promise.withResolvers<void>()

    if (!this.hold.add(author, from, resolve, bytes, this.now())) {
      return { outcome: 'hold-full', author }
    }

    this.arm()
    await promise

    // the record may have come, or gone, in the meantime
    return this.init.incarnationOf(author) == null ? { outcome: 'unknown-author', author } : this.judgeKnown(envelope)
  }

  private judgeKnown (envelope: ReceivedEnvelope): Judgement | Promise<Judgement> {
    const { author } = envelope
    const freshness = this.freshness(envelope)

    // before the signature is looked at: of a message that comes again, nothing is computed
    if (freshness !== 'new') {
      return { outcome: freshness, author }
    }

    const good = this.verify(envelope)

    return typeof good === 'boolean' ? this.conclude(envelope, good) : good.then(good => this.conclude(envelope, good))
  }

  private conclude (envelope: ReceivedEnvelope, good: boolean): Judgement {
    const { author } = envelope

    if (!good) {
      return { outcome: 'bad-signature', author }
    }

    // another copy may have been verified at the same time
    const freshness = this.freshness(envelope)

    if (freshness !== 'new') {
      return { outcome: freshness, author }
    }

    this.replays.add(envelope)

    return { outcome: 'accepted', author, envelope }
  }

  private freshness (envelope: ReceivedEnvelope): Freshness {
    return this.replays.check(envelope, this.init.incarnationOf(envelope.author) ?? 0)
  }

  private verify (envelope: ReceivedEnvelope): boolean | Promise<boolean> {
    this.init.onVerify?.()

    try {
      const key = this.keys.get(envelope.author)

      if (this.verifying >= MAX_VERIFYING) {
        return verifyEnvelope(envelope, key, this.init.networkId)
      }

      const good = verifyEnvelopeOffThread(envelope, key, this.init.networkId)

      return typeof good === 'boolean' ? good : this.count(good)
    } catch {
      // the node ID spells no public key
      return false
    }
  }

  private async count (good: Promise<boolean>): Promise<boolean> {
    this.verifying++

    return good.finally(() => { this.verifying-- })
  }

  /**
   * One timer for all that waits.
   */
  private arm (): void {
    const deadline = this.hold.deadline

    clearTimeout(this.timer)
    this.timer = undefined

    if (deadline != null) {
      this.timer = setTimeout(() => {
        this.hold.expire(this.now()).forEach(proceed => { proceed() })
        this.arm()
      }, Math.max(1, deadline - this.now()))
    }
  }
}
