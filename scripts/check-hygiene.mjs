// What must be nowhere (paths of one machine, registries' addresses, exemptions without a reason) and what must be
// everywhere (the fields of a manifest, small files).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packages, readJson, report, root, SCOPE, shown, walk } from './lib/workspace.mjs'

const MAX_LINES = { src: 350, script: 100 }
const ENGINE = '>=22.22.2'
const LICENSE = 'Apache-2.0 OR MIT'

const FORBIDDEN = [
  [/(?<![\w.~-])\/(?:work|root|home\/\w+|Users\/\w+|tmp\/bash\w*)\//, 'a path of one machine'],
  [/\bregistry\.[a-z0-9-]+\.[a-z]{2,}/i, 'the address of a package registry'],
  [/"resolved": "[a-z+]+:/, 'a download address (.npmrc: omit-lockfile-registry-resolved)'],
  [/\/[/*]\s*eslint-disable(?!.* -- \S)/, 'a lint exemption without its reason (`-- because ...`)']
]

const BINARY = /\.(png|der|p12|ico|woff2?|gz)$/

function * forbidden (path) {
  const lines = readFileSync(path, 'utf8').split('\n')

  for (const [i, line] of lines.entries()) {
    for (const [pattern, what] of FORBIDDEN) {
      if (pattern.test(line)) {
        yield `${shown(path)}:${i + 1}: ${what}`
      }
    }
  }
}

function * tooLong (path, limit) {
  const { length } = readFileSync(path, 'utf8').replace(/\n$/, '').split('\n')

  if (length > limit) {
    yield `${shown(path)} has ${length} lines, at most ${limit} are allowed`
  }
}

function * manifestProblems ({ name, manifest: m }, version) {
  const at = `packages/${name}/package.json`
  const rules = [
    [m.name === SCOPE + name, `name must be ${SCOPE}${name}`],
    [m.version === version, `version must be ${version}, as in lerna.json`],
    [m.type === 'module', 'type must be "module"'],
    [m.license === LICENSE, `license must be "${LICENSE}"`],
    [m.engines?.node === ENGINE, `engines.node must be "${ENGINE}"`],
    [typeof m.description === 'string' && m.description !== '', 'description is missing'],
    [m.sideEffects === false, 'sideEffects must be false'],
    [m.publishConfig?.access === 'public', 'publishConfig.access must be "public"'],
    [['src', 'dist/src', '!**/*.tsbuildinfo'].every((entry) => m.files?.includes(entry)), 'files must list src, dist/src and !**/*.tsbuildinfo'],
    [m.exports?.['.'] != null, 'exports has no "."']
  ]

  for (const [path, target] of Object.entries(m.exports ?? {})) {
    rules.push([Object.keys(target)[0] === 'types', `exports["${path}"]: types must come first`])
  }

  for (const [dependency, wanted] of Object.entries({ ...m.dependencies, ...m.devDependencies })) {
    rules.push([!dependency.startsWith(SCOPE) || wanted === version, `${dependency} must be ${version}`])
  }

  yield * rules.filter(([ok]) => !ok).map(([, problem]) => `${at}: ${problem}`)
}

function * problems () {
  const { version } = readJson(join(root, 'lerna.json'))

  for (const path of walk(root, (file) => !BINARY.test(file))) {
    yield * forbidden(path)
  }

  for (const path of walk(join(root, 'scripts'), (file) => /\.m?js$/.test(file))) {
    yield * tooLong(path, MAX_LINES.script)
  }

  for (const pkg of packages()) {
    for (const path of walk(join(pkg.dir, 'src'), (file) => file.endsWith('.ts') && !/[\\/]pb[\\/]/.test(file))) {
      yield * tooLong(path, MAX_LINES.src)
    }

    yield * manifestProblems(pkg, version)
  }
}

report([...problems()])
