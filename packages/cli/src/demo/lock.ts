import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UsageError } from '../output.ts'

/**
 * Makes sure that one demo at a time uses a folder: two would overwrite each other's config files.
 *
 * @throws UsageError if another process has it
 */
export async function lock (file: string): Promise<AsyncDisposable> {
  await mkdir(dirname(file), { recursive: true })

  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(file, 'wx')
      await handle.writeFile(String(process.pid))
      await handle.close()

      return { [Symbol.asyncDispose]: async () => rm(file, { force: true }) }
    } catch (err) {
      if (err.code !== 'EEXIST') {
        throw err
      }

      const pid = Number(await readFile(file, 'utf8').catch(() => ''))

      if (isAlive(pid)) {
        break
      }

      // left behind by a demo that was killed
      await rm(file, { force: true })
    }
  }

  throw new UsageError(`another demo is running with this folder (see ${file}): end it first, or give this one another --dir`)
}

function isAlive (pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (err) {
    return err.code === 'EPERM'
  }
}
