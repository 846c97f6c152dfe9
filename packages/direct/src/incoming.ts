import { Assembly } from './assembly.ts'
import { MAX_UNFINISHED } from './constants.ts'
import { InvalidFrameError } from './errors.ts'
import { FrameKind } from './frame.ts'
import type { CallFrame, ChunkFrame, CreditFrame, EndFrame, ExchangeFrame, ResponseFrame } from './frame.ts'

/**
 * A request or notification that a peer has begun.
 */
export interface CallHead {
  id: number
  name: string
  isNotification: boolean
  total: number

  /**
   * When the peer stops waiting, in milliseconds on the own clock.
   */
  deadline: number
}

/**
 * Who handles the pieces of streaming exchanges.
 */
export interface PieceEvents {
  /**
   * Whether an exchange is streaming, and what the peer sends on it has not ended.
   */
  isStreaming(id: number): boolean

  /**
   * @throws InvalidFrameError if there is no room for it
   */
  chunk(id: number, data: Uint8Array): void

  /**
   * The peer sends nothing more on it.
   */
  ended(id: number): void

  /**
   * The peer allows more to be sent on it, unless it has ended.
   *
   * @throws InvalidFrameError if that is too much
   */
  credit(id: number, cost: number): void
}

/**
 * Who handles what the peer begins.
 */
export interface CallEvents extends PieceEvents {
  /**
   * A long request or notification begins.
   *
   * @returns false to have it dropped; whoever says so has answered it
   */
  admit(call: CallHead): boolean

  /**
   * A request or notification is complete.
   */
  call(call: CallHead, data: Uint8Array): void

  /**
   * A streaming exchange begins.
   *
   * @throws InvalidFrameError if there are too many
   */
  open(call: CallHead): void

  /**
   * The peer cancels an exchange that it began, unless it was answered already.
   */
  cancelled(id: number): void
}

/**
 * Who waits for the peer's answers.
 */
export interface AnswerEvents extends PieceEvents {
  /**
   * Whether the own side has begun an exchange of this id, however long ago.
   */
  wasBegun(id: number): boolean

  /**
   * An answer begins.
   *
   * @returns false to have it dropped
   */
  expects(id: number, total: number): boolean

  /**
   * An answer is complete.
   */
  response(id: number, data: Uint8Array): void

  /**
   * There is no answer.
   */
  error(id: number, code: number, text: string): void
}

/**
 * The receiving half of the protocol: frames become messages, and every rule about their order is checked here. It does
 * nothing but call back.
 */
export class IncomingFrames {
  readonly #callEvents: CallEvents
  readonly #answerEvents: AnswerEvents

  // exchanges that the peer has begun
  #begun = 0

  // messages of several frames: the peer's own, and its answers
  readonly #calls = new Map<number, Assembly<CallHead>>()
  readonly #answers = new Map<number, Assembly<number>>()

  constructor (calls: CallEvents, answers: AnswerEvents) {
    this.#callEvents = calls
    this.#answerEvents = answers
  }

  /**
   * @param now - in milliseconds
   * @throws InvalidFrameError if the frame must not come now
   */
  receive (frame: ExchangeFrame, now: number): void {
    switch (frame.kind) {
      case FrameKind.CHUNK:
        this.#onChunk(frame)
        break
      case FrameKind.RESPONSE:
        this.#onResponse(frame)
        break
      case FrameKind.ERROR:
        this.#checkBegun(frame.id)
        this.#answers.delete(frame.id)
        this.#answerEvents.error(frame.id, frame.code, frame.text)
        break
      case FrameKind.CANCEL:
        this.#checkPeersOwn(frame.id)
        this.#calls.delete(frame.id)
        this.#callEvents.cancelled(frame.id)
        break
      case FrameKind.OPEN:
        this.#checkNext(frame.id)
        this.#callEvents.open({ id: frame.id, name: frame.name, isNotification: false, total: 0, deadline: now + frame.timeout })
        break
      case FrameKind.END:
        this.#piecesOf(frame).ended(frame.id)
        break
      case FrameKind.CREDIT:
        frame.fromCallee ? this.#checkBegun(frame.id) : this.#checkPeersOwn(frame.id)
        this.#eventsOf(frame).credit(frame.id, frame.cost)
        break
      default:
        this.#onCall(frame, now)
    }
  }

  /**
   * Drops what has arrived of an answer, and what will.
   */
  discardAnswer (id: number): void {
    this.#answers.get(id)?.discard()
  }

  #onCall (frame: CallFrame, now: number): void {
    const { id, kind, name, total, more, timeout } = frame
    this.#checkNext(id)
    const head = { id, name, isNotification: kind === FrameKind.NOTIFICATION, total, deadline: now + timeout }

    if (!more) {
      this.#callEvents.call(head, frame.part.subarray())

      return
    }

    this.#begin(this.#calls, id, new Assembly(head, total), this.#callEvents.admit(head), frame)
  }

  #onResponse (frame: ResponseFrame): void {
    const { id, total, more } = frame
    this.#checkBegun(id)

    if (this.#answerEvents.isStreaming(id)) {
      throw new InvalidFrameError('id', `exchange ${id} is streaming, and has no response`)
    }

    if (this.#answers.has(id)) {
      throw new InvalidFrameError('id', `the answer to exchange ${id} is begun twice`)
    }

    const isExpected = this.#answerEvents.expects(id, total)

    if (more) {
      this.#begin(this.#answers, id, new Assembly(id, total), isExpected, frame)
    } else if (isExpected) {
      this.#answerEvents.response(id, frame.part.subarray())
    }
  }

  #begin <Head> (table: Map<number, Assembly<Head>>, id: number, assembly: Assembly<Head>, isWanted: boolean, frame: CallFrame | ResponseFrame): void {
    if (this.#calls.size + this.#answers.size === MAX_UNFINISHED) {
      throw new InvalidFrameError('unfinished', `more than ${MAX_UNFINISHED} messages are under way at once`)
    }

    if (!isWanted) {
      assembly.discard()
    }

    table.set(id, assembly)
    assembly.add(frame.part, true)
  }

  #onChunk (frame: ChunkFrame): void {
    if (this.#eventsOf(frame).isStreaming(frame.id)) {
      this.#onPiece(frame)
    } else if (frame.fromCallee) {
      const answer = this.#continue(this.#answers, frame)

      if (answer != null) {
        this.#answerEvents.response(answer.head, answer.bytes)
      }
    } else {
      const call = this.#continue(this.#calls, frame)

      if (call != null) {
        this.#callEvents.call(call.head, call.bytes)
      }
    }
  }

  #onPiece (frame: ChunkFrame): void {
    if (frame.more || frame.part.byteLength === 0) {
      throw new InvalidFrameError('part', 'a chunk of a streaming exchange has at least a byte, and nothing that goes on with it')
    }

    this.#eventsOf(frame).chunk(frame.id, frame.part.subarray())
  }

  #eventsOf (frame: ChunkFrame | EndFrame | CreditFrame): PieceEvents {
    return frame.fromCallee ? this.#answerEvents : this.#callEvents
  }

  #piecesOf (frame: EndFrame): PieceEvents {
    const events = this.#eventsOf(frame)

    if (!events.isStreaming(frame.id)) {
      throw new InvalidFrameError('chunk', `nothing of exchange ${frame.id} that could end is under way`)
    }

    return events
  }

  #continue <Head> (table: Map<number, Assembly<Head>>, frame: ChunkFrame): Assembly<Head> | undefined {
    const { id, part, more } = frame
    const assembly = table.get(id)

    if (assembly == null) {
      throw new InvalidFrameError('chunk', `nothing that exchange ${id} could go on with is under way`)
    }

    assembly.add(part, more)

    if (more) {
      return
    }

    table.delete(id)

    return assembly.isDiscarded ? undefined : assembly
  }

  #checkNext (id: number): void {
    const expected = (this.#begun + 1) >>> 0

    if (id !== expected) {
      throw new InvalidFrameError('id', `exchange ${id} is begun where ${expected} is next`)
    }

    this.#begun++
  }

  #checkPeersOwn (id: number): void {
    if (!isPast(id, this.#begun)) {
      throw new InvalidFrameError('id', `a frame of exchange ${id} comes before it has begun`)
    }
  }

  #checkBegun (id: number): void {
    if (!this.#answerEvents.wasBegun(id)) {
      throw new InvalidFrameError('id', `an answer to exchange ${id}, which was not begun`)
    }
  }
}

/**
 * Whether an exchange was begun already.
 *
 * @param id - from a frame
 * @param count - of exchanges begun so far: ids are their numbers, from 1 on, modulo 2^32
 */
export function isPast (id: number, count: number): boolean {
  // once the ids went round, the half of all ids before the latest is the past
  return count > 0xffffffff ? ((count - id) >>> 0) < 0x80000000 : id >= 1 && id <= count
}
