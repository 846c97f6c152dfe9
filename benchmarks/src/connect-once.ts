import type { Values } from './figure.ts'
import type { Pair } from './pair.ts'

/**
 * Connects each pair before it is measured for the first time.
 */
export function connectOnce <Result extends object> (measure: (pair: Pair) => Promise<Result>): (pair: Pair) => Promise<Values> {
  const connected = new WeakSet<Pair>()

  return async pair => {
    if (!connected.has(pair)) {
      await pair.connect()
      connected.add(pair)
    }

    return { ...await measure(pair) } as Values
  }
}
