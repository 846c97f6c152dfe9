import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PUBLIC_MODE } from './constants.ts'

/**
 * Writes a file as a whole: it is never seen half written, and is there after a power cut. A file that was there keeps its
 * mode; where it is a link, what it points to is replaced. One writer at a time: what it was called before it has its name
 * is the same each time, so that a crash leaves one such file at the most.
 *
 * @throws Error of the file system; the file is then as it was
 */
export async function replaceFile (path: string, content: string): Promise<void> {
  const target = await ifThere(realpath(path)) ?? path
  const mode = (await ifThere(stat(target)))?.mode ?? PUBLIC_MODE
  const temporary = `${target}.tmp`

  try {
    const file = await open(temporary, 'w', mode & 0o777)

    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }

    await rename(temporary, target)
  } catch (err) {
    await rm(temporary, { force: true })
    throw err
  }

  // the new name must survive a power cut as well
  const folder = await open(dirname(target), 'r')
  await folder.sync().finally(async () => folder.close())
}

/**
 * What is read from a file, undefined where there is no such file.
 */
export async function ifThere<T> (reading: Promise<T>): Promise<T | undefined> {
  return reading.catch(err => {
    if (err.code === 'ENOENT' || err.code === 'ENOTDIR') {
      return undefined
    }

    throw err
  })
}
