/**
 * What came of one case with one reference. A row says nothing that was not seen.
 */
export interface Row {
  /**
   * Who talks to whom: `ours -> openssl s_server`, `js-libp2p -> ours`.
   */
  pair: string
  case: string
  ok: boolean
  ms: number

  /**
   * Why it failed, or what was seen.
   */
  detail?: string

  /**
   * Why it could not be tried on this machine; `ok` is then false, and the table does not fail for it.
   */
  skipped?: string
}

/**
 * One case: resolves with what is worth telling, rejects with what is wrong, or with a {@link Skip}.
 */
export interface Case {
  pair: string
  case: string
  run (): Promise<string | void>
}

/**
 * Thrown by a case that cannot be tried on this machine: the reference itself is not able to do it.
 */
export class Skip extends Error {
  static name = 'Skip'

  /**
   * @param reason - what is lacking, in words
   */
  constructor (reason: string) {
    super(reason)
    this.name = 'Skip'
  }
}

/**
 * What is told to all suites.
 */
export interface SuiteOptions {
  /**
   * How long what takes its time by purpose goes on.
   */
  minutes: number
}

/**
 * The cases with one reference.
 */
export interface Suite {
  /**
   * As `npm run test:interop -- --only` takes it.
   */
  name: string

  /**
   * What this machine lacks for it, in words; undefined if nothing.
   */
  lacks (): Promise<string | undefined>

  /**
   * Sets up what the cases share; it is disposed of when all have run.
   */
  prepare (options: SuiteOptions): Promise<AsyncDisposable & { cases: readonly Case[] }>
}

/**
 * Runs one case.
 */
export async function runCase ({ pair, case: name, run }: Case): Promise<Row> {
  const begin = performance.now()
  const elapsed = (): number => Math.round((performance.now() - begin) * 10) / 10

  try {
    const detail = await run()

    return { pair, case: name, ok: true, ms: elapsed(), ...typeof detail === 'string' ? { detail } : {} }
  } catch (err) {
    if (err instanceof Skip) {
      return { pair, case: name, ok: false, ms: elapsed(), skipped: err.message }
    }

    return { pair, case: name, ok: false, ms: elapsed(), detail: String(err.message ?? err) }
  }
}
