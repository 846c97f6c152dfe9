// The lockfile says the same as each package.json. `npm ci` refuses a difference in the dependencies, and passes over one
// in `bin` in silence: the command would then be missing from node_modules/.bin in every fresh clone.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { packages, readJson, report, root } from './lib/workspace.mjs'

const FIELDS = ['name', 'version', 'bin', 'dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies', 'engines']

const lock = readJson(join(root, 'package-lock.json')).packages
const folders = ['', 'docs', 'benchmarks', 'test-interop', ...packages().map(({ name }) => `packages/${name}`)]

// As npm normalises it: one command has the form { name: path }, and a path has no leading "./".
function normal (field, value) {
  return field === 'bin' && value != null
    ? Object.fromEntries(Object.entries(value).map(([command, path]) => [command, path.replace(/^\.\//, '')]))
    : value
}

report(folders.filter((folder) => existsSync(join(root, folder, 'package.json'))).flatMap((folder) => {
  const manifest = readJson(join(root, folder, 'package.json'))
  const locked = lock[folder] ?? {}

  return FIELDS.filter((field) => !isDeepStrictEqual(normal(field, manifest[field]), normal(field, locked[field])))
    .map((field) => `${join(folder, 'package.json')}: package-lock.json has another ${field}; run \`npm install\` and commit it`)
}))
