// Runs protons: each .proto becomes the .ts beside it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packages, root, walk } from './workspace.mjs'

const run = promisify(execFile)

/** Every package's src/pb/*.proto. */
export function protoFiles () {
  return packages().flatMap(({ dir }) => walk(join(dir, 'src', 'pb'), (path) => path.endsWith('.proto')))
}

export async function protons (files) {
  if (files.length > 0) {
    await run(process.execPath, [join(root, 'node_modules/protons/dist/bin/protons.js'), '--strict', ...files], { cwd: root })
  }
}
