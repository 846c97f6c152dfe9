// Makes a clone ready to run: dependencies as the lockfile says, a Node that is new enough, compiled packages.
// npm calls it before `npm start` and `npm test`, so it is plain ES2020 and uses nothing but Node itself: it runs
// under the system's Node (>= 18) before anything is installed. All it says goes to stderr: the last line of stdout
// belongs to the command that follows.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const stamp = join(modules, '.setup-stamp')
const windows = process.platform === 'win32'
const node = join(modules, '.bin', windows ? 'node.cmd' : 'node')
const NEEDED = [22, 22, 2]

function say (line) {
  process.stderr.write(`setup: ${line}\n`)
}

function fail (line) {
  say(line)

  // What ends `npm test` here would leave it without its closing line.
  if (/^pretest/.test(process.env.npm_lifecycle_event || '')) {
    process.stdout.write('0 passed, 1 failed\n')
  }

  process.exit(1)
}

/**
 * npm with its stdout sent to stderr. The folders that npm put in front of PATH for this script are taken off: `npm ci`
 * deletes the node_modules that they point into, and would lose the Node that runs it.
 */
function npm (...args) {
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') || 'PATH'
  const path = (process.env[name] || '').split(delimiter).filter((entry) => !entry.startsWith(modules + sep))
  const env = { ...process.env, [name]: path.join(delimiter) }
  const { status, error } = spawnSync('npm', args, { cwd: root, env, shell: windows, stdio: ['ignore', 2, 2] })

  if (error != null) {
    fail(`npm could not be started (${error.message}); npm must be on the PATH`)
  }

  return status === 0
}

function install () {
  const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex')

  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === lock) {
    return
  }

  say('installing the dependencies (npm ci, about a minute)')
  // Dependencies that want a newer Node than the system's would warn in hundreds of lines; they get theirs.
  if (!npm('ci', '--loglevel=error')) {
    fail('`npm ci` failed, see above; it needs the package registry and a lockfile that matches the package.json files')
  }

  writeFileSync(stamp, `${lock}\n`)
}

function assertNode () {
  const { stdout } = spawnSync(node, ['-v'], { encoding: 'utf8', shell: windows })
  const found = /^v(\d+)\.(\d+)\.(\d+)/.exec(stdout || '')
  const version = found == null ? [] : found.slice(1).map(Number)
  const at = NEEDED.findIndex((part, i) => version[i] !== part)

  if (found == null || (at !== -1 && version[at] < NEEDED[at])) {
    fail(`node_modules/.bin/node must be Node >= ${NEEDED.join('.')} and is ${found == null ? 'missing' : found[0]}; run \`npm ci\` without --ignore-scripts`)
  }
}

install()
assertNode()

if (!npm('run', '--silent', 'build')) {
  fail('the build failed, see above')
}
