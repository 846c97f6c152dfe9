import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A folder that is removed at the end of the scope that holds it: `await using folder = await temporaryFolder()`.
 */
export interface TemporaryFolder extends AsyncDisposable {
  path: string

  /**
   * A path inside of the folder.
   */
  join (...names: string[]): string
}

/**
 * Makes a new, empty folder for one test.
 */
export async function temporaryFolder (): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'fisco-libp2p-'))

  return {
    path,
    join: (...names) => join(path, ...names),
    async [Symbol.asyncDispose] () {
      await rm(path, { recursive: true, force: true })
    }
  }
}
