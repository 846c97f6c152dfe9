// docs/PROTOCOLS.md and the code: a test names each vector of the document (and looks it up with `documentedVector`), and each protobuf message has one.
// That the bytes are those of the code, and that no test names a vector that is not there, is for the tests themselves.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packages, report, root, shown, walk } from './lib/workspace.mjs'

const HEADINGS = /^\s*\| vector \| of \| bytes \|$/

/** The rows of the tables with vectors: the line's number, the name, what it is of. */
function vectors () {
  const rows = []
  let isTable = false

  for (const [i, line] of readFileSync(join(root, 'docs', 'PROTOCOLS.md'), 'utf8').split('\n').entries()) {
    const cells = line.trim().split('|').map((cell) => cell.trim())

    if (HEADINGS.test(line)) {
      isTable = true
    } else if (cells.length < 5) {
      isTable = false
    } else if (isTable && cells[1] !== '---') {
      rows.push({ line: i + 1, name: cells[1], of: cells[2] })
    }
  }

  return rows
}

const rows = vectors()
const names = rows.map(({ name }) => name)

const tests = packages().flatMap(({ dir }) => walk(join(dir, 'test'), (path) => path.endsWith('.ts'))).map((path) => readFileSync(path, 'utf8')).join('')

const untested = rows.filter(({ name }) => !tests.includes(`'${name}'`))
  .map(({ line, name }) => `docs/PROTOCOLS.md:${line}: no test names the vector '${name}'`)

const doubles = rows.filter(({ name }, i) => names.indexOf(name) < i)
  .map(({ line, name }) => `docs/PROTOCOLS.md:${line}: there is another vector "${name}"`)

const unseen = packages().flatMap(({ dir }) => walk(join(dir, 'src'), (path) => path.endsWith('.proto'))).flatMap((path) => {
  const messages = Array.from(readFileSync(path, 'utf8').matchAll(/^message (\w+)/gm), ([, message]) => message)

  return messages.filter((message) => !rows.some(({ of }) => of.includes(`\`${message}\``)))
    .map((message) => `${shown(path)}: docs/PROTOCOLS.md has no vector of \`${message}\``)
})

report([...untested, ...doubles, ...unseen])
