import { readFile, rm, writeFile } from 'node:fs/promises'
import { PUBLIC_MODE } from './constants.ts'
import { ChainLockedError } from './errors.ts'
import { ifThere } from './replace-file.ts'

/**
 * Works while this process has all of these lock files, which hold its number. Who comes second does not wait: two
 * operators at work on one index are better told of each other.
 *
 * @param paths - in the same order by everybody
 * @throws ChainLockedError if one of them is there already
 */
export async function withLocks<T> (paths: readonly string[], work: () => Promise<T>): Promise<T> {
  const [path, ...others] = paths

  if (path == null) {
    return work()
  }

  await take(path)

  try {
    return await withLocks(others, work)
  } finally {
    await rm(path, { force: true })
  }
}

async function take (path: string): Promise<void> {
  try {
    await writeFile(path, `${process.pid}\n`, { flag: 'wx', mode: PUBLIC_MODE })
  } catch (err) {
    if (err.code !== 'EEXIST') {
      throw err
    }

    // undefined where the other one is just done
    const holder = (await ifThere(readFile(path, 'utf8')))?.trim()

    throw new ChainLockedError(path, holder == null || holder === '' ? 'another process' : `process ${holder}`, { cause: err })
  }
}
