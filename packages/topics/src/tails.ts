import { MAX_DIRECTORY_ENTRY_BYTES, MAX_TAILS, TAIL_INTERVAL, TAILS_ENTRY } from './constants.ts'
import { TooManyTopicsError } from './errors.ts'
import { Tails } from './pb/messages.ts'
import type { StatusSeqLike } from './components.ts'

/**
 * What an author has published reliably to a topic.
 */
export interface Tail {
  /**
   * The lowest number that it keeps.
   */
  oldest: number

  /**
   * The highest that it published.
   */
  last: number
}

const NONE: ReadonlyMap<string, Tail> = new Map()
const decoded = new WeakMap<Uint8Array, ReadonlyMap<string, Tail>>()

/**
 * The tails that a record tells of, by gossipsub topic. Total: numbers that cannot be, and bytes that are no entry, are left out.
 */
export function tailsOf ({ entries }: { entries: ReadonlyMap<string, Uint8Array> }): ReadonlyMap<string, Tail> {
  const entry = entries.get(TAILS_ENTRY)

  if (entry == null || entry.byteLength > MAX_DIRECTORY_ENTRY_BYTES) {
    return NONE
  }

  let tails = decoded.get(entry)

  if (tails == null) {
    tails = decodeTails(entry)
    decoded.set(entry, tails)
  }

  return tails
}

function decodeTails (entry: Uint8Array): ReadonlyMap<string, Tail> {
  try {
    const { tails } = Tails.decode(entry, { limits: { tails: MAX_TAILS } })

    return new Map(tails.filter(({ oldest, last }) => Number.isSafeInteger(last) && oldest >= 1 && oldest <= last).map(({ topic, oldest, last }) => [topic, { oldest, last }]))
  } catch {
    return NONE
  }
}

/**
 * Tells in the own status what was published reliably: the first message of a topic at once, further ones at most once a second.
 */
export class TailBoard {
  private readonly tails = new Map<string, Tail>()
  private readonly statusSeq: Pick<StatusSeqLike, 'set'>
  private readonly interval: number
  private toldAt = -Infinity
  private timer?: NodeJS.Timeout

  constructor (statusSeq: Pick<StatusSeqLike, 'set'>, interval: number = TAIL_INTERVAL) {
    this.statusSeq = statusSeq
    this.interval = interval
  }

  /**
   * @throws TooManyTopicsError if one more topic cannot be told of
   */
  check (topic: string): void {
    if (!this.tails.has(topic) && this.tails.size >= MAX_TAILS) {
      throw new TooManyTopicsError(`This node publishes reliably to ${MAX_TAILS} topics already, and its status has no room for more: publish to "${topic}" with acks, or as best effort`)
    }
  }

  has (topic: string): boolean {
    return this.tails.has(topic)
  }

  update (topic: string, tail: Tail): void {
    const isNew = !this.tails.has(topic)

    this.tails.set(topic, tail)

    if (isNew) {
      this.tell()
    } else {
      this.timer ??= setTimeout(() => { this.tell() }, Math.max(0, this.toldAt + this.interval - performance.now()))
    }
  }

  stop (): void {
    clearTimeout(this.timer)
    this.timer = undefined
  }

  private tell (): void {
    this.stop()
    this.toldAt = performance.now()
    this.statusSeq.set(TAILS_ENTRY, Tails.encode({ tails: [...this.tails].map(([topic, tail]) => ({ topic, ...tail })) }))
  }
}
