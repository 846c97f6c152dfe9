#!/usr/bin/env node
// Plain ES2020, without dependencies: it may be started by any old Node, whose only task is to find a newer one.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = [22, 22, 2]
const here = dirname(fileURLToPath(import.meta.url))
const main = join(here, '..', 'dist', 'src', 'main.js')

if (!existsSync(main)) {
  fail('it is not built yet: run "npm run build" in the repository')
} else if (isNewEnough(process.versions.node)) {
  import(main).catch(err => fail(err.message))
} else {
  startUnder(findNode())
}

function isNewEnough (version) {
  const parts = version.split('.').map(Number)
  const i = NEEDED.findIndex((needed, i) => parts[i] !== needed)

  return i === -1 || parts[i] > NEEDED[i]
}

/**
 * The Node that an operator names, or the one that is installed beside this package (npm package "node").
 */
function findNode () {
  if (process.env.FISCO_P2P_NODE != null) {
    return process.env.FISCO_P2P_NODE
  }

  for (let dir = here; dirname(dir) !== dir; dir = dirname(dir)) {
    const candidate = join(dir, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

    if (existsSync(candidate)) {
      return candidate
    }
  }
}

function startUnder (node) {
  // asked again by the new process, this would go round in circles
  if (node == null || process.env.FISCO_P2P_REEXECUTED != null) {
    return fail(`it needs Node ${NEEDED.join('.')} or newer, and this is ${process.versions.node}: install a newer one, or name it in FISCO_P2P_NODE`)
  }

  // the IPC channel ties the new process to this one: it ends when this one does, however that happens
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, FISCO_P2P_REEXECUTED: '1' }
  })

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal))
  }

  child.on('error', err => fail(`${node} cannot be started: ${err.message}`))
  child.on('exit', (code, signal) => {
    process.exitCode = code == null ? 128 + (signal === 'SIGINT' ? 2 : 15) : code
  })
}

function fail (why) {
  process.stderr.write(`fisco-p2p: ${why}\n`)
  process.exitCode = 1
}
