// What the scripts share: the root, the packages, a walk over files, and the form in which a check reports.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export const SCOPE = '@fisco-libp2p/'

/** Every package, in order of name: the folder's name, its path and its manifest. */
export function packages () {
  return readdirSync(join(root, 'packages')).sort()
    .map((name) => ({ name, dir: join(root, 'packages', name) }))
    .filter(({ dir }) => existsSync(join(dir, 'package.json')))
    .map((pkg) => ({ ...pkg, manifest: readJson(join(pkg.dir, 'package.json')) }))
}

export function readJson (path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

// Folders that hold what tools made. git would know them too, but refuses to answer in a clone that another user owns.
const MADE = new Set(['node_modules', 'dist', 'coverage', '.git', '.nx', '.fisco-p2p'])

/** Every file below `dir` whose path `accept` takes, in order of path. A folder that is not there holds no files. */
export function walk (dir, accept = () => true) {
  if (!existsSync(dir)) {
    return []
  }

  return readdirSync(dir, { withFileTypes: true })
    .sort((a, b) => compare(a.name, b.name))
    .flatMap((entry) => {
      const path = join(dir, entry.name)

      if (entry.isDirectory()) {
        return MADE.has(entry.name) ? [] : walk(path, accept)
      }

      return accept(path) ? [path] : []
    })
}

/** By code unit: the order must not depend on the machine's language. */
export function compare (a, b) {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A path as problems name it: from the root, with forward slashes. */
export function shown (path) {
  return relative(root, path).replaceAll('\\', '/')
}

/** Ends a check: one problem per line, and an exit code that says whether there was one. */
export function report (problems) {
  for (const problem of problems) {
    process.stdout.write(`${problem}\n`)
  }

  process.exitCode = problems.length === 0 ? 0 : 1
}
