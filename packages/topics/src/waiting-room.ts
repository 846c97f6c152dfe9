import { MAX_UNORDERED, MAX_UNORDERED_BYTES } from './constants.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Limits of a {@link WaitingRoom}.
 */
export interface WaitingRoomLimits {
  /**
   * @default 16384
   */
  messages?: number

  /**
   * @default 64 MiB
   */
  bytes?: number
}

/**
 * The places of one author in a {@link WaitingRoom}.
 */
export interface Seats {
  /**
   * @returns false if there is no room for a message
   */
  take (bytes: number): boolean

  /**
   * A message waits no longer.
   */
  leave (bytes: number): void
}

interface Taken {
  messages: number
  bytes: number
}

/**
 * What an author may take of what is free.
 */
const SHARE = 1 / 8

/**
 * Room for messages of all reliable topics that wait for those before them. An author may have an eighth of what is free (dynamic thresholds, Choudhury and Hahne 1998): alone
 * a ninth of the whole, and when several take what they can get there is always something left, so that nobody has to be pushed out.
 */
export class WaitingRoom {
  readonly #limits: Required<WaitingRoomLimits>
  readonly #taken: Taken = { messages: 0, bytes: 0 }
  readonly #authors = new Map<NodeId, Taken>()

  constructor ({ messages = MAX_UNORDERED, bytes = MAX_UNORDERED_BYTES }: WaitingRoomLimits = {}) {
    this.#limits = { messages, bytes }
  }

  /**
   * What waits.
   */
  get taken (): Readonly<Taken> {
    return this.#taken
  }

  /**
   * Of an author, on one topic: what it takes counts for all of them.
   */
  of (author: NodeId): Seats {
    return {
      take: bytes => this.#take(author, bytes),
      leave: bytes => { this.#add(author, -1, -bytes) }
    }
  }

  #take (author: NodeId, bytes: number): boolean {
    const own = this.#authors.get(author) ?? { messages: 0, bytes: 0 }
    const { messages, bytes: allBytes } = this.#limits

    if (own.messages + 1 > SHARE * (messages - this.#taken.messages - 1) || own.bytes + bytes > SHARE * (allBytes - this.#taken.bytes - bytes)) {
      return false
    }

    this.#add(author, 1, bytes)

    return true
  }

  #add (author: NodeId, messages: number, bytes: number): void {
    const own = this.#authors.get(author) ?? { messages: 0, bytes: 0 }

    for (const taken of [own, this.#taken]) {
      taken.messages += messages
      taken.bytes += bytes
    }

    if (own.messages > 0) {
      this.#authors.set(author, own)
    } else {
      this.#authors.delete(author)
    }
  }
}
