import { compareNames, nameFault, totalFault, valueFault } from './entries.ts'
import { InvalidEntryError } from './errors.ts'
import type { Notary } from './notary.ts'
import type { RecordFields, SealedRecord, StatusRecord } from './record.ts'

/**
 * What this node says of itself. Entries can be set before the incarnation is known; they are numbered from then on.
 */
export class OwnStatus {
  private readonly notary: Notary
  private readonly entries = new Map<string, Uint8Array>()
  private seq = 0
  private incarnation?: number

  constructor (notary: Notary) {
    this.notary = notary
  }

  /**
   * Sets an entry.
   *
   * @returns whether that changed anything
   * @throws InvalidEntryError
   */
  set (name: string, value: Uint8Array): boolean {
    const fault = nameFault(name) ?? valueFault(value) ?? totalFault(new Map(this.entries).set(name, value))

    if (fault != null) {
      throw new InvalidEntryError(`The status entry "${name.slice(0, 64)}" cannot be set: ${fault}`)
    }

    const before = this.entries.get(name)

    if (before != null && Buffer.compare(before, value) === 0) {
      return false
    }

    this.entries.set(name, new Uint8Array(value))
    this.seq++

    return true
  }

  /**
   * @returns whether there was such an entry
   */
  delete (name: string): boolean {
    const deleted = this.entries.delete(name)

    this.seq += deleted ? 1 : 0

    return deleted
  }

  /**
   * The number of this life of the node. The seq begins at 1; it goes on where it was if the number is the one that this
   * object had before, because then others may hold what it said.
   */
  begin (incarnation: number): void {
    this.seq = incarnation === this.incarnation ? this.seq + 1 : 1
    this.incarnation = incarnation
  }

  /**
   * The same entries under a new number.
   */
  renumber (): void {
    this.seq++
  }

  /**
   * As others will see it.
   */
  get record (): StatusRecord {
    return this.notary.describe(this.fields)
  }

  /**
   * Signed, ready to travel.
   */
  seal (): SealedRecord {
    return this.notary.seal(this.fields)
  }

  private get fields (): Omit<RecordFields, 'nodeId'> {
    return {
      incarnation: this.incarnation ?? 0,
      seq: this.seq,
      entries: new Map([...this.entries].sort(([a], [b]) => compareNames(a, b)))
    }
  }
}
