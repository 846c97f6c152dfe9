// What `npm run generate` writes is what is committed: protons' code byte by byte, and every README.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { protoFiles, protons } from './lib/protons.mjs'
import { NoDocBlockError, renderReadme } from './lib/readme.mjs'
import { packages, report, root, shown, walk } from './lib/workspace.mjs'

const again = 'run `npm run generate` and commit what it writes'

function textOf (path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

async function codecProblems () {
  const temp = mkdtempSync(join(tmpdir(), 'fisco-protons-'))

  try {
    const sources = protoFiles()
    const copies = sources.map((path) => join(temp, relative(root, path)))

    sources.forEach((path, i) => { cpSync(path, copies[i]) })
    await protons(copies)

    const made = new Map(copies.map((path, i) => [sources[i].replace(/proto$/, 'ts'), path.replace(/proto$/, 'ts')]))
    const stale = [...made].filter(([committed, fresh]) => textOf(committed) !== textOf(fresh))
      .map(([committed]) => `${shown(committed)} is not what protons makes of its .proto; ${again}`)
    const orphans = packages().flatMap(({ dir }) => walk(join(dir, 'src', 'pb'), (path) => path.endsWith('.ts')))
      .filter((path) => !made.has(path))
      .map((path) => `${shown(path)} has no .proto beside it`)

    return [...stale, ...orphans]
  } finally {
    rmSync(temp, { recursive: true })
  }
}

function readmeProblems () {
  return packages().flatMap((pkg) => {
    const path = join(pkg.dir, 'README.md')

    try {
      return textOf(path) === renderReadme(pkg) ? [] : [`${shown(path)} is not up to date; ${again}`]
    } catch (err) {
      if (err instanceof NoDocBlockError) {
        return [] // check-readme reports it
      }

      throw err
    }
  })
}

report([...await codecProblems(), ...readmeProblems()])
