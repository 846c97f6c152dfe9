// Who may import whom. Plugins never import plugins: they meet through libp2p components. What a package's src imports
// is declared in its package.json, and TypeScript's references follow from that.
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { packages, readJson, report, SCOPE, shown, walk } from './lib/workspace.mjs'

const PLUGINS = ['tls', 'muxer', 'access', 'peers', 'direct', 'status-seq', 'topics']

/** What each package may import of ours, and depend on. Tests may use all of them (devDependencies). */
const ALLOWED = {
  identity: [],
  tls: ['identity'],
  muxer: [],
  access: ['identity'],
  peers: ['identity'],
  direct: ['identity'],
  'status-seq': ['identity'],
  topics: ['identity'],
  node: ['identity', 'admin', ...PLUGINS],
  admin: [],
  ca: ['identity'],
  'bcos-bridge': ['identity', 'tls'],
  cli: ['node', 'admin', 'ca', 'tls', 'bcos-bridge'],
  'test-kit': ['identity', 'node', 'ca', 'status-seq']
}

/** The package that a specifier names: `@libp2p/crypto/keys` is of `@libp2p/crypto`; none for a path or Node's own. */
function packageOf (specifier) {
  return specifier.startsWith('.') || isBuiltin(specifier)
    ? undefined
    : specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

/** Imports of all forms, dynamic ones too; those in comments are none. */
function importsOf (path) {
  return ts.preProcessFile(readFileSync(path, 'utf8'), true, true).importedFiles
    .map(({ fileName }) => packageOf(fileName))
    .filter((name) => name != null)
}

function ours (names) {
  return names.filter((name) => name.startsWith(SCOPE)).map((name) => name.slice(SCOPE.length))
}

function problemsOf ({ name, dir, manifest }) {
  const allowed = ALLOWED[name]
  const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies })
  const found = []

  if (allowed == null) {
    return [`packages/${name} is not in the table of allowed imports (scripts/check-graph.mjs)`]
  }

  const refuse = (where, other) => {
    if (!allowed.includes(other)) {
      found.push(`${where}: ${name} may not import ${other}, only ${allowed.join(', ') || 'none of ours'}`)
    }
  }

  ours(dependencies).forEach((other) => refuse(`packages/${name}/package.json`, other))

  const isSource = (path) => /\.(ts|js)$/.test(path)

  for (const path of [...walk(join(dir, 'src'), isSource), ...walk(join(dir, 'bin'), isSource)]) {
    for (const imported of new Set(importsOf(path).filter((specifier) => specifier !== manifest.name))) {
      ours([imported]).forEach((other) => refuse(shown(path), other))

      if (!dependencies.includes(imported)) {
        found.push(`${shown(path)} imports ${imported}, which packages/${name}/package.json does not depend on`)
      }
    }
  }

  const references = readJson(join(dir, 'tsconfig.json')).references.map(({ path }) => basename(path)).sort()

  if (references.join() !== ours(dependencies).sort().join()) {
    found.push(`packages/${name}/tsconfig.json refers to (${references.join(', ')}), its dependencies are (${ours(dependencies).sort().join(', ')})`)
  }

  return found
}

report(packages().flatMap(problemsOf))
