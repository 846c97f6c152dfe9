// `npm run generate`: the code of every wire message, then the README of every package. What it writes is committed, and
// `npm run check` compares it; the same sources give the same bytes.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { protoFiles, protons } from './lib/protons.mjs'
import { NoDocBlockError, renderReadme } from './lib/readme.mjs'
import { packages, report } from './lib/workspace.mjs'

await protons(protoFiles())

const problems = []

for (const pkg of packages()) {
  try {
    writeFileSync(join(pkg.dir, 'README.md'), renderReadme(pkg))
  } catch (err) {
    if (!(err instanceof NoDocBlockError)) {
      throw err
    }

    problems.push(`packages/${pkg.name}: no README written, ${err.message}`)
  }
}

report(problems)
