import { Key } from 'interface-datastore'
import { MAX_INCARNATION_LEAD } from './constants.ts'
import type { Datastore } from 'interface-datastore'

const INCARNATION_KEY = new Key('/fisco/incarnation')

/**
 * The number that grows with every start of a node: of two records or connections of one node, the one with the
 * higher incarnation is the newer, whatever their other numbers say. It is `max(stored + 1, unix milliseconds)` and
 * written to the datastore before its first use, so a clock that was set back does not make a node older.
 */
export class Incarnation {
  private readonly datastore: Datastore
  private readonly now: () => number
  #value?: Promise<number>

  constructor (datastore: Datastore, now: () => number = Date.now) {
    this.datastore = datastore
    this.now = now
  }

  /**
   * This start's number: the same one at each call.
   */
  async get (): Promise<number> {
    this.#value ??= this.next(0)

    return this.#value
  }

  /**
   * Moves to a number above `seen`: somebody holds a valid record of this node that is newer than its own.
   *
   * @returns the new number
   */
  async raise (seen: number): Promise<number> {
    const current = await this.get()

    if (current <= seen) {
      this.#value = this.next(seen + 1)
    }

    return this.get()
  }

  private async next (atLeast: number): Promise<number> {
    const stored = await this.read()
    const value = Math.max(stored + 1, this.now(), atLeast)
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(BigInt(value))
    await this.datastore.put(INCARNATION_KEY, bytes)

    return value
  }

  private async read (): Promise<number> {
    try {
      const stored = Buffer.from(await this.datastore.get(INCARNATION_KEY))

      const value = stored.byteLength === 8 ? Number(stored.readBigUInt64BE()) : 0

      // others refuse what lies so far ahead, and a damaged value must not lock the node out: begin again from the clock
      return value < this.now() + MAX_INCARNATION_LEAD ? value : 0
    } catch (err) {
      if (err.name === 'NotFoundError') {
        return 0
      }

      throw err
    }
  }
}

const incarnations = new WeakMap<Datastore, Incarnation>()

/**
 * The incarnation of the node that owns a datastore. Every plugin of a node gets the same one.
 */
export function incarnationOf (components: { datastore: Datastore }): Incarnation {
  let incarnation = incarnations.get(components.datastore)

  if (incarnation == null) {
    incarnation = new Incarnation(components.datastore)
    incarnations.set(components.datastore, incarnation)
  }

  return incarnation
}
