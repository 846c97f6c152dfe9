// `npm run check`: everything about the repository that neither the compiler nor the linter sees. One line for each
// check, its problems below it. `npm run check -- graph docs` runs those only; `node scripts/check-graph.mjs` runs one.
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { root } from './lib/workspace.mjs'

// The longest first: they run beside each other, as many as there are processors.
const CHECKS = ['docs', 'publint', 'generated', 'readme', 'graph', 'hygiene', 'protocols', 'lockfile']

const names = process.argv.slice(2)
const unknown = names.filter((name) => !CHECKS.includes(name))

if (unknown.length > 0) {
  console.error(`check: there is no ${unknown.join(', ')}, only ${CHECKS.join(', ')}`)
  process.exit(2)
}

async function runCheck (name) {
  const start = performance.now()
  const { err, stdout, stderr } = await new Promise((resolve) => {
    execFile(process.execPath, [join(root, `scripts/check-${name}.mjs`)], { cwd: root, maxBuffer: 1 << 26 }, (err, stdout, stderr) => {
      resolve({ err, stdout, stderr })
    })
  })
  const problems = (stdout + (err == null ? '' : stderr)).split('\n').filter((line) => line.trim() !== '')
  const took = `${((performance.now() - start) / 1000).toFixed(1)} s`

  console.log(`${err == null ? 'ok    ' : 'FAILED'} ${name.padEnd(10)}${took.padStart(7)}`)

  for (const line of problems) {
    console.log(`         ${line}`)
  }

  return err == null
}

async function worker (queue) {
  let ok = true

  for (let name = queue.shift(); name != null; name = queue.shift()) {
    ok = await runCheck(name) && ok
  }

  return ok
}

const queue = names.length > 0 ? names : [...CHECKS]
const outcomes = await Promise.all(Array.from({ length: availableParallelism() }, () => worker(queue)))

process.exitCode = outcomes.every((ok) => ok) ? 0 : 1
