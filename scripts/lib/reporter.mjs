// mocha's spec reporter, which also leaves the counts in a file (reporter option `counts`) and ends a run that hangs.
import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'

// After the last test nothing may be left running. What holds the process this long is a leak, not a slow end.
const PATIENCE_MS = 15_000

export default class CountingReporter extends Mocha.reporters.Spec {
  constructor (runner, options) {
    super(runner, options)

    runner.once('end', () => {
      const { passes, failures } = runner.stats

      writeFileSync(options.reporterOptions.counts, JSON.stringify({ passed: passes, failed: failures }))

      setTimeout(() => {
        console.error(`The tests have ended, and something still runs: ${process.getActiveResourcesInfo().join(', ')}`)
        // mocha sets its own exit code as the process ends; this listener comes after its.
        process.once('exit', () => { process.exitCode = 1 })
        process.exit()
      }, PATIENCE_MS).unref()
    })
  }
}
