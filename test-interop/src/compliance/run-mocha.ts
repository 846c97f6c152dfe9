import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * What came of one test of upstream's.
 */
export interface TestResult {
  title: string
  ms: number

  /**
   * Why it failed; undefined if it passed.
   */
  error?: string
}

/**
 * The part of what mocha's JSON reporter writes that is used here.
 */
interface MochaReport {
  tests: Array<{ fullTitle: string, duration?: number, err: { message?: string } }>
  pending: Array<{ fullTitle: string }>
  failures: Array<{ fullTitle: string, err: { message?: string } }>
}

/**
 * Milliseconds that one file of tests may take. Its stress tests need some ten seconds, more on a busy machine.
 */
const PATIENCE = 240_000

/**
 * Milliseconds that one test may take: the suites are made for machines that do nothing else, where two seconds do.
 */
const TEST_PATIENCE = 60_000

/**
 * Runs one file of tests by mocha in a process of its own.
 *
 * @param node - the Node to run it with
 * @throws Error if mocha did not come to an end
 */
export async function runMocha (node: string, folder: string, file: string, packages: URL): Promise<TestResult[]> {
  const output = join(folder, `${file}.json`)
  const args = [join(folder, 'node_modules', 'mocha', 'bin', 'mocha.js'), '--exit', '--timeout', String(TEST_PATIENCE), '--reporter', 'json', '--reporter-option', `output=${output}`, file]
  const said = await new Promise<string>((resolve, reject) => {
    execFile(node, args, { cwd: folder, timeout: PATIENCE, killSignal: 'SIGKILL', maxBuffer: 1 << 26, env: { ...process.env, FISCO_PACKAGES: packages.href } }, (err, stdout, stderr) => {
      // it ends with the number of failed tests
      if (err == null || typeof err.code === 'number') {
        resolve(stderr)
      } else {
        reject(new Error(`mocha did not end: ${err.signal ?? err.message}; ${stderr.slice(-500)}`))
      }
    })
  })
  const { tests, pending, failures } = JSON.parse(await readFile(output, 'utf8').catch(() => { throw new Error(`mocha ran no test: ${said.slice(-500)}`) })) as MochaReport
  const skipped = new Set(pending.map(({ fullTitle }) => fullTitle))
  const listed = new Set(tests.map(({ fullTitle }) => fullTitle))

  return [
    ...tests.map(({ fullTitle, duration, err }) => ({ title: fullTitle, ms: duration ?? 0, error: skipped.has(fullTitle) ? 'the suite skipped it' : err.message })),
    // hooks are among the failures alone
    ...failures.filter(({ fullTitle }) => !listed.has(fullTitle)).map(({ fullTitle, err }) => ({ title: fullTitle, ms: 0, error: err.message ?? 'failed' }))
  ]
}
