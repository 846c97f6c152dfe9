import { watch } from 'node:fs'
import { readlink, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { POLL_INTERVAL, SETTLE_TIME } from './constants.ts'
import type { FSWatcher } from 'node:fs'

/**
 * Tells when one of a few files has changed. It watches their folders, because files are replaced more often than written; and looks at the files
 * themselves now and then, because not every file system tells of changes, and links may lead elsewhere.
 */
export class FileWatch {
  readonly #onChange: () => Promise<void>
  #files: readonly string[] = []
  #folders: FSWatcher[] = []
  #seen = ''
  #poll?: NodeJS.Timeout
  #settling?: NodeJS.Timeout
  #running: Promise<void> = Promise.resolve()
  #closed = false

  /**
   * @param onChange - called some milliseconds after a change; not again before it has ended
   */
  constructor (onChange: () => Promise<void>) {
    this.#onChange = onChange
  }

  /**
   * From now on, these files. Those that do not exist may come.
   */
  async watch (files: readonly string[]): Promise<void> {
    this.#files = files
    this.#seen = await this.#look()
    const links = await Promise.all(files.map(linkOf))

    if (this.#closed) {
      return
    }

    this.#folders.forEach(folder => { folder.close() })
    this.#folders = [...Map.groupBy([...files, ...links], file => dirname(file))].flatMap(([folder, files]) => this.#watchFolder(folder, files.map(file => basename(file))))

    if (this.#poll == null) {
      this.#poll = setInterval(() => { this.#compare() }, POLL_INTERVAL)
      this.#poll.unref()
    }
  }

  /**
   * When what is being done about a change is done.
   */
  async close (): Promise<void> {
    this.#closed = true
    this.#folders.forEach(folder => { folder.close() })
    clearInterval(this.#poll)
    clearTimeout(this.#settling)
    await this.#running
  }

  #watchFolder (folder: string, names: readonly string[]): FSWatcher[] {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        // other files of the folder (logs) may change all the time
        if (name == null || names.includes(name)) {
          this.#settle()
        }
      })

      // the folder is gone, perhaps: looking now and then has to do
      watcher.on('error', () => { watcher.close() })

      return [watcher]
    } catch {
      return [] // no such folder, or no watches left
    }
  }

  #compare (): void {
    this.#look().then(seen => {
      if (seen !== this.#seen) {
        this.#seen = seen
        this.#settle()
      }
    }, () => {})
  }

  /**
   * Who writes a file in several steps, or several files, is given time to end.
   */
  #settle (): void {
    if (this.#closed) {
      return
    }

    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => {
      this.#running = this.#running.then(async () => {
        this.#seen = await this.#look()
        await this.#onChange()
      }).catch(() => {})
    }, SETTLE_TIME)
    this.#settling.unref()
  }

  async #look (): Promise<string> {
    const facts = await Promise.all(this.#files.map(async file => stat(file).then(({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`, () => 'none')))

    return facts.join('\n')
  }
}

/**
 * What may be turned to change a file that is a link: the first part of where it leads to, in the same folder. Container platforms update mounted files like that.
 */
async function linkOf (file: string): Promise<string> {
  const target = await readlink(file).catch(() => basename(file))

  return isAbsolute(target) ? file : join(dirname(file), target.split('/')[0])
}
