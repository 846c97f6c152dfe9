import { Pair } from './pair.ts'
import { median, round } from './stats.ts'
import type { Credentials } from './contender.ts'
import type { ContenderName } from './contenders/index.ts'
import type { KeyType } from '@fisco-libp2p/ca'

/**
 * Values of one contender, by name: medians over the rounds.
 */
export type Values = Record<string, number>

/**
 * What a figure came to. `met` is whether every goal is; without a goal it is left out.
 */
export interface FigureResult {
  ours: Values
  rivals: Record<string, Values>

  /**
   * Ours by theirs, medians of the ratios of each round.
   */
  ratios: Values
  goal: Record<string, string>
  aim: Record<string, string>
  met?: boolean

  /**
   * Why there is nothing, or less than there should be.
   */
  note?: string
}

export interface FigureContext {
  rounds: number

  /**
   * A share of the usual amounts of work, from 0 to 1.
   */
  scale: number

  /**
   * Two nodes of a chain with keys of a type.
   */
  credentials (keyType: KeyType): Credentials[]
  progress (line: string): void
}

export type Figure = (context: FigureContext) => Promise<FigureResult>

/**
 * Starts pairs, has them measured in turn, round by round, and ends them.
 *
 * @returns the values of each round, by contender
 */
export async function inTurn <Name extends ContenderName> (names: readonly Name[], credentials: Credentials[], rounds: number, measure: (pair: Pair) => Promise<Values>): Promise<Record<Name, Values[]>> {
  await using pairs = new AsyncDisposableStack()
  const started: Pair[] = []
  const results = Object.fromEntries(names.map(name => [name, [] as Values[]])) as Record<Name, Values[]>

  for (const name of names) {
    started.push(pairs.use(await Pair.start(name, credentials)))
  }

  // the first one warms up
  for (let i = 0; i <= rounds; i++) {
    for (const pair of started) {
      const values = await measure(pair)

      if (i > 0) {
        results[pair.name as Name].push(values)
      }
    }
  }

  return results
}

/**
 * Medians of what the rounds gave.
 */
export function summary (rounds: readonly Values[]): Values {
  return Object.fromEntries(Object.keys(rounds[0]).map(key => [key, round(median(rounds.map(values => values[key])))]))
}

/**
 * Median of one value by another's, round by round.
 */
export function ratio (ours: readonly Values[], theirs: readonly Values[], key: string): number {
  return round(median(ours.map((values, i) => values[key] / theirs[i][key])))
}
