// `npm test`: build, lint, check, then every test under coverage. `npm run test:long`: build, then the tests that take
// longer than 10 s. Arguments go to mocha (`npm test -- --grep 'node id'`); such a run is about some tests, so it leaves
// out lint, check and coverage. Always ends with one line `N passed, N failed`: a step counts as one, each test as one.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { packages, readJson, root, walk } from './lib/workspace.mjs'

const args = process.argv.slice(2)
const long = args[0] === '--long'
const chosen = long ? args.slice(1) : args

// The tests run on the Node that the project pins, also if this script was started by another.
const node = join(root, 'node_modules', 'node', 'bin', 'node')
const mocha = ['--enable-source-maps', join(root, 'node_modules', 'mocha', 'bin', 'mocha.js')]
const c8 = join(root, 'node_modules', 'c8', 'bin', 'c8.js')
const counts = join(root, 'coverage', `counts${long ? '-long' : ''}.json`)

const total = { passed: 0, failed: 0 }

function run (name, command, argv) {
  const start = performance.now()
  const { status, signal, error } = spawnSync(command, argv, { cwd: root, stdio: 'inherit' })
  const how = status === 0 ? 'ok' : `failed (${error?.message ?? signal ?? `exit code ${status}`})`

  process.stdout.write(`\n${name}: ${how}, ${((performance.now() - start) / 1000).toFixed(1)} s\n`)

  return status === 0
}

function step (name, command, argv) {
  const ok = run(name, command, argv)

  total[ok ? 'passed' : 'failed']++

  return ok
}

/** The compiled tests that have a source: what an older build left behind is not run. */
function compiled (suffix) {
  return [...packages().map(({ dir }) => dir), join(root, 'docs'), join(root, 'benchmarks')].flatMap((dir) => {
    const source = join(dir, 'test')

    return walk(source, (path) => path.endsWith(`${suffix}.ts`))
      .map((path) => join(dir, 'dist', 'test', relative(source, path).replace(/ts$/, 'js')))
  })
}

/** The tests' own counts; a run that ended badly without a failed test (a crash, a leak, no test) is one failure. */
function test (specs) {
  mkdirSync(dirname(counts), { recursive: true })
  rmSync(counts, { force: true })

  const reporter = ['--reporter', join(root, 'scripts/lib/reporter.mjs'), '--reporter-option', `counts=${counts}`]
  const command = [...mocha, ...reporter, ...(long ? ['--timeout', '600000'] : []), ...chosen, ...specs]
  const ok = run('tests', node, long || chosen.length > 0 ? command : [c8, node, ...command])
  const found = existsSync(counts) ? readJson(counts) : { passed: 0, failed: 1 }

  total.passed += found.passed
  total.failed += found.failed + (!ok && found.failed === 0 ? 1 : 0)
}

function npm (script) {
  return [`npm run ${script}`, process.platform === 'win32' ? 'npm.cmd' : 'npm', ['run', '--silent', script]]
}

try {
  const built = step(...npm('build'))

  if (built && !long && chosen.length === 0) {
    step(...npm('lint'))
    step(...npm('check'))
  }

  const specs = compiled(long ? '.long' : '.spec')

  // Every package may come to have none of the long ones; that none of the others is found is an error.
  if (built && (specs.length > 0 || !long)) {
    test(specs)
  }
} catch (err) {
  console.error(err)
  total.failed++
} finally {
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`)
  process.exitCode = total.failed === 0 ? 0 : 1
}
