import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PUBLIC_MODE, SECRET_MODE } from './constants.ts'
import type { LayoutFile } from './layout.ts'

/**
 * Options of {@link writeNewFolder}.
 */
export interface NewFolderOptions {
  /**
   * What has to be done when all files are written, and before the folder is there.
   */
  before?(): Promise<void>

  /**
   * Stops the work.
   */
  signal?: AbortSignal
}

/**
 * Writes a folder under a hidden name beside its own, which it gets as the last step: a folder that is there is whole. After a failure there is none.
 *
 * @param dir - absolute; it must not exist, or be empty. Folders above it are made
 * @param files - their paths are seen from the folder
 * @throws Error of the file system; ENOTEMPTY, EEXIST or ENOTDIR where the name was taken meanwhile
 */
export async function writeNewFolder (dir: string, files: readonly LayoutFile[], { before, signal }: NewFolderOptions = {}): Promise<void> {
  const partial = join(dirname(dir), `.${basename(dir)}.${randomBytes(4).toString('hex')}.partial`)

  try {
    for (const { path, content, secret } of files) {
      const file = join(partial, path)

      signal?.throwIfAborted()
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content, { mode: secret ? SECRET_MODE : PUBLIC_MODE, flag: 'wx' })
    }

    await before?.()
    await rename(partial, dir)
  } finally {
    // after the rename there is nothing left under this name
    await rm(partial, { recursive: true, force: true })
  }
}
