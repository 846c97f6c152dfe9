// Each package has a README whose About section is the doc block of src/index.ts, with an example, and every name that
// the package exports has a docstring.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportsOf } from './lib/api.mjs'
import { aboutIn, aboutOf, NoDocBlockError } from './lib/readme.mjs'
import { packages, report } from './lib/workspace.mjs'

function problemsOf ({ dir }) {
  const about = aboutOf(dir)
  const path = join(dir, 'README.md')
  const found = []

  if (!about.includes('```typescript\n')) {
    found.push('the doc block of src/index.ts has no ```typescript example')
  }

  if (!existsSync(path)) {
    found.push('README.md is missing; run `npm run generate`')
  } else if (aboutIn(readFileSync(path, 'utf8')) !== about) {
    found.push('the About section of README.md is not the doc block of src/index.ts; run `npm run generate`')
  }

  for (const { name } of exportsOf(join(dir, 'src', 'index.ts')).filter(({ known, summary }) => known && summary === '')) {
    found.push(`the exported ${name} has no docstring`)
  }

  return found
}

report(packages().flatMap((pkg) => {
  try {
    return problemsOf(pkg).map((problem) => `packages/${pkg.name}: ${problem}`)
  } catch (err) {
    if (err instanceof NoDocBlockError) {
      return [`packages/${pkg.name}: ${err.message}`]
    }

    throw err
  }
}))
