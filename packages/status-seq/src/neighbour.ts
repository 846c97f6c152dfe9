import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { MISBEHAVIOUR_PENALTY, RECORDS_PER_TURN } from './constants.ts'
import { encodeMessage } from './message.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'
import type { StatusMessage } from './message.ts'
import type { Outbox } from './outbox.ts'
import type { Standing } from './standing.ts'
import type { Connection, Logger, Stream } from '@libp2p/interface'

/**
 * What a {@link Neighbour} asks and tells.
 */
export interface NeighbourInit {
  outbox: Outbox
  log: Logger

  /**
   * Milliseconds of a clock that only moves forward.
   */
  now(): number
  random(): number

  /**
   * Takes a message in.
   *
   * @returns how many signatures were verified for it
   * @throws MalformedStatusError or ForgedRecordError
   */
  receive(message: StatusMessage): number
  onSent(message: StatusMessage): void
  onMisbehaviour(err: Error): void
}

/**
 * One connected peer: a stream to write on, a stream to read from, and what is to be said.
 */
export class Neighbour {
  readonly outbox: Outbox
  private readonly init: NeighbourInit
  private readonly writer: Writer
  private readonly stopped = new AbortController()
  private readonly standing: Standing
  private reader?: Reader
  private timer?: ReturnType<typeof setTimeout>

  constructor (init: NeighbourInit) {
    this.init = init
    this.outbox = init.outbox
    this.standing = init.outbox.standing
    this.writer = new Writer({
      log: init.log,
      now: () => init.now(),
      random: () => init.random(),
      next: () => this.next(),
      onOpen: () => { this.outbox.greet() },
      onRoom: () => { this.flush() }
    })
  }

  /**
   * Talks to the peer over this connection.
   */
  use (connection: Connection): void {
    this.writer.use(connection)
  }

  /**
   * Reads from a stream that the peer opened; the one before, if any, is dropped.
   */
  accept (stream: Stream): void {
    if (this.init.now() < this.standing.mutedUntil) {
      stream.abort(new Error('The peer has just sent something malformed'))

      return
    }

    this.reader?.abort(new Error('The peer has opened another stream'))
    this.reader = new Reader(stream, {
      onMessage: async message => this.onMessage(message),
      onMisbehaviour: err => { this.onMisbehaviour(err) }
    })
    this.writer.encourage()
  }

  /**
   * Says what there is to say, now or when its time has come.
   */
  flush (): void {
    this.writer.flush()

    const wait = this.outbox.wait(this.init.now())

    if (wait != null && wait > 0 && this.timer == null && !this.stopped.signal.aborted) {
      this.timer = setTimeout(() => {
        this.timer = undefined
        this.flush()
      }, Math.ceil(wait))
    }
  }

  /**
   * Ends everything with this peer.
   */
  stop (): void {
    this.stopped.abort()
    clearTimeout(this.timer)
    this.writer.stop()
    this.reader?.abort(new Error('Status exchange with this peer has ended'))
  }

  private next (): Uint8Array | undefined {
    const message = this.outbox.next(this.init.now())

    if (message == null) {
      return undefined
    }

    this.init.onSent(message)

    return encodeMessage(message)
  }

  private async onMessage (message: StatusMessage): Promise<void> {
    for (const part of partsOf(message)) {
      if (this.stopped.signal.aborted) {
        return
      }

      const verified = this.init.receive(part)

      if (verified > 0 || part.lists != null || part.compares != null || part.request != null) {
        await this.pause(verified)
      }
    }
  }

  /**
   * What was asked for costs time: others get their turn, and a peer that has too many signatures verified waits.
   */
  private async pause (verified: number): Promise<void> {
    if (verified > 0) {
      this.standing.verifications.take(verified, this.init.now())
    }

    const wait = this.standing.verifications.wait(this.init.now())

    try {
      await (wait > 0 ? delay(wait, undefined, { signal: this.stopped.signal }) : setImmediate(undefined, { signal: this.stopped.signal }))
    } catch {
      // stopped while waiting: there is nothing left to hold back
    }
  }

  private onMisbehaviour (err: Error): void {
    this.standing.mutedUntil = this.init.now() + MISBEHAVIOUR_PENALTY
    this.init.onMisbehaviour(err)
  }
}

/**
 * A message with many records as several with few, the last of which has all that is no record.
 */
function * partsOf (message: StatusMessage): Iterable<StatusMessage> {
  const { records = [] } = message
  let from = 0

  for (; from + RECORDS_PER_TURN < records.length; from += RECORDS_PER_TURN) {
    yield { records: records.slice(from, from + RECORDS_PER_TURN) }
  }

  yield from === 0 ? message : { ...message, records: records.slice(from) }
}
