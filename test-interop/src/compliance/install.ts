import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { run } from '../npm.ts'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

/**
 * Milliseconds that npm may take. With a registry that is near it is half a minute.
 */
const PATIENCE = 300_000

/**
 * Upstream's suites in a folder of their own: `npm ci` of the folder `compliance`, without anybody's install scripts.
 *
 * @throws Error with npm's words, if there is no registry, say
 */
export async function installSuites (): Promise<TemporaryFolder> {
  const folder = await temporaryFolder()

  try {
    const source = fileURLToPath(new URL('../../../compliance', import.meta.url))
    await cp(source, folder.path, { recursive: true, filter: path => !path.includes('node_modules') || path.indexOf('node_modules') < source.length })
    await run('npm', ['ci', '--ignore-scripts', '--loglevel=error'], folder.path, PATIENCE)

    return folder
  } catch (err) {
    await folder[Symbol.asyncDispose]()
    throw err
  }
}
