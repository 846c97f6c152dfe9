// Removes everything that the build and the tests make; `npm run build` makes it again.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { packages, root, walk } from './lib/workspace.mjs'

const dirs = [...packages().map(({ dir }) => dir), ...['docs', 'benchmarks', 'test-interop'].map((name) => join(root, name))]

for (const dir of dirs) {
  rmSync(join(dir, 'dist'), { recursive: true, force: true })

  for (const file of walk(dir, (path) => path.endsWith('.tsbuildinfo'))) {
    rmSync(file)
  }
}

for (const name of readdirSync(root).filter((entry) => entry === 'coverage' || entry.endsWith('.tsbuildinfo'))) {
  rmSync(join(root, name), { recursive: true, force: true })
}
