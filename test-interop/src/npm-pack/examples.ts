import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

const README = new URL('../../../../README.md', import.meta.url)
const SCRIPTS = fileURLToPath(new URL('../../../npm-pack', import.meta.url))

/**
 * As the README writes a node ID, and the addresses of its second example.
 */
const PLACEHOLDER = '9c1e…'
const LISTEN = '/ip4/0.0.0.0/tcp/30300/tls'
const OTHER = '/ip4/10.0.0.2/tcp/30300/tls'

/**
 * The examples of the README's "Three ways to use it", by the words in bold before each.
 */
export async function readmeExamples (): Promise<Map<string, string>> {
  const [, section] = /\n## Three ways to use it\n([\s\S]*?)\n## /.exec(await readFile(README, 'utf8')) ?? []

  return new Map([...(section ?? '').matchAll(/\*\*([^*]+)\.\*\*[\s\S]*?```typescript\n([\s\S]*?)```/g)].map(([, name, code]) => [name, code]))
}

/**
 * What an example does not know of the network that it runs in: who the other node is, and where both listen.
 */
export function fitExample (code: string, other: { nodeId: string, address: string }, listen: string, after = ''): string {
  return `${code.replaceAll(PLACEHOLDER, other.nodeId).replace(LISTEN, listen).replace(OTHER, other.address)}\n${after}`
}

/**
 * A script in a folder of a node, in a process of its own.
 */
export class Script implements AsyncDisposable {
  /**
   * All lines that it printed.
   */
  readonly lines: string[] = []

  readonly #child: ChildProcessWithoutNullStreams
  readonly #watchers = new Set<() => void>()
  #stderr = ''

  private constructor (folder: string, file: string) {
    this.#child = spawn(process.execPath, [file], { cwd: folder, stdio: 'pipe' })
    this.#child.stdin.on('error', () => {}) // an end is told by `close`
    this.#child.stderr.on('data', chunk => { this.#stderr = `${this.#stderr}${String(chunk)}`.slice(-2_000) })
    createInterface(this.#child.stdout).on('line', line => {
      this.lines.push(line)
      this.#look()
    })
    this.#child.once('close', () => { this.#look() })
  }

  /**
   * @param source - its text; of a file of the folder `npm-pack` if there is none
   */
  static async start (folder: string, file: string, source?: string): Promise<Script> {
    if (source == null) {
      await cp(join(SCRIPTS, file), join(folder, file))
    } else {
      await writeFile(join(folder, file), source)
    }

    return new Script(folder, file)
  }

  /**
   * Resolves with the first line that fits, printed already or soon.
   *
   * @param from - how many lines are passed over
   * @throws Error if there is none in 60 s, or the process ends before
   */
  async line (what: string, fits: (line: string) => boolean, from = 0): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const because = (reason: string): Error => new Error(`${what}: ${reason}; it printed ${this.lines.slice(from).join(' | ')} ${this.#stderr}`)
    const timer = setTimeout(() => { reject(because('nothing in 60 s')) }, 60_000)
    const look = (): void => {
      const found = this.lines.slice(from).find(fits)

      if (found != null) {
        resolve(found)
      } else if (this.#ended) {
        reject(because('the process ended'))
      }
    }

    this.#watchers.add(look)
    look()

    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#watchers.delete(look)
    }
  }

  /**
   * Resolves with the JSON line of an event that has these fields.
   */
  async event (fields: Record<string, string>, from = 0): Promise<Record<string, string>> {
    const fits = (line: string): boolean => {
      const event = line.startsWith('{"') ? JSON.parse(line) : {}

      return Object.entries(fields).every(([name, value]) => event[name] === value)
    }

    return JSON.parse(await this.line(JSON.stringify(fields), fits, from))
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    if (!this.#ended) {
      const closed = once(this.#child, 'close')
      this.#child.kill('SIGKILL')
      await closed
    }
  }

  get #ended (): boolean {
    return this.#child.exitCode != null || this.#child.signalCode != null
  }

  #look (): void {
    this.#watchers.forEach(watch => { watch() })
  }
}
