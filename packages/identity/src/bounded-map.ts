/**
 * A map of limited size: beyond it, the entry that was used least recently goes.
 */
export class BoundedMap<K, V> {
  private readonly entries = new Map<K, V>()
  private readonly limit: number
  private readonly onEvict?: (value: V, key: K) => void

  constructor (limit: number, onEvict?: (value: V, key: K) => void) {
    this.limit = limit
    this.onEvict = onEvict
  }

  get size (): number {
    return this.entries.size
  }

  get (key: K): V | undefined {
    const value = this.entries.get(key)

    if (value !== undefined) {
      // a Map iterates in the order of insertion: the first entry is the one to go
      this.entries.delete(key)
      this.entries.set(key, value)
    }

    return value
  }

  set (key: K, value: V): void {
    this.entries.delete(key)
    this.entries.set(key, value)

    if (this.entries.size > this.limit) {
      const [oldest, dropped] = this.entries.entries().next().value as [K, V]

      this.entries.delete(oldest)
      this.onEvict?.(dropped, oldest)
    }
  }

  delete (key: K): void {
    this.entries.delete(key)
  }

  clear (): void {
    this.entries.clear()
  }

  values (): IterableIterator<V> {
    return this.entries.values()
  }
}
