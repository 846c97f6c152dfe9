import { mock } from 'node:test'

const mapIterator = Object.getPrototypeOf(new Map().keys()) as { next(): IteratorResult<unknown> }

/**
 * How often maps are asked for an entry, or for the next one, while something is done: a measure of work that is the same on each machine, however busy.
 */
export function mapAccesses (act: () => void): number {
  const spies = [mock.method(mapIterator, 'next'), mock.method(Map.prototype, 'get'), mock.method(Map.prototype, 'has')]

  try {
    act()

    return spies.reduce((sum, spy) => sum + spy.mock.callCount(), 0)
  } finally {
    spies.forEach(spy => { spy.mock.restore() })
  }
}
