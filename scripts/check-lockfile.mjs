// The lockfile says the same as each package.json. `npm ci` refuses a difference in the dependencies, and passes over one
// in `bin` in silence: the command would then be missing from node_modules/.bin in every fresh clone.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { packages, readJson, report, root } from './lib/workspace.mjs'

const FIELDS = ['name', 'version', 'bin', 'dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies', 'engines']

// each install has a lockfile of its own: that of the workspace, and those of folders whose dependencies stay out of it
const installs = [
  { install: '', folders: ['', 'docs', 'benchmarks', 'test-interop', ...packages().map(({ name }) => `packages/${name}`)] },
  { install: 'test-interop/compliance', folders: [''] }
]

// As npm normalises it: one command has the form { name: path }, and a path has no leading "./".
function normal (field, value) {
  return field === 'bin' && value != null
    ? Object.fromEntries(Object.entries(value).map(([command, path]) => [command, path.replace(/^\.\//, '')]))
    : value
}

report(installs.flatMap(({ install, folders }) => {
  const lock = readJson(join(root, install, 'package-lock.json')).packages

  return folders.filter((folder) => existsSync(join(root, install, folder, 'package.json'))).flatMap((folder) => {
    const manifest = readJson(join(root, install, folder, 'package.json'))
    const locked = lock[folder] ?? {}

    return FIELDS.filter((field) => !isDeepStrictEqual(normal(field, manifest[field]), normal(field, locked[field])))
      .map((field) => `${join(install, folder, 'package.json')}: package-lock.json has another ${field}; run \`npm install\` there and commit it`)
  })
}))
