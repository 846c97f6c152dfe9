import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { ChildProcess } from 'node:child_process'

/**
 * A line that a node printed, or that the harness wrote about it (`harness:...`).
 */
export interface LogEntry {
  event: string

  /**
   * Unix milliseconds, by the clock of the process that wrote it.
   */
  time: number
  [field: string]: unknown
}

/**
 * Options of {@link NodeProcess}.
 */
export interface NodeProcessInit {
  name: string

  /**
   * The entry file of the `fisco-p2p` command, and the arguments of Node before it.
   */
  bin: string
  execArgv?: string[]

  /**
   * A command that the node is started by, as `['ip', 'netns', 'exec', 'name']`.
   */
  wrapper?: string[]
  config: string
  plugins?: string[]

  /**
   * File that all lines go to.
   */
  log: string

  /**
   * Told of each line.
   */
  onEntry? (entry: LogEntry): void
}

/**
 * Characters of standard error that are kept: the last ones.
 */
const MAX_STDERR = 8_192

/**
 * A node in a process of its own, started by the command line as an operator does. Its log goes on over restarts.
 */
export class NodeProcess implements AsyncDisposable {
  readonly name: string
  readonly config: string
  stderr = ''

  readonly #init: NodeProcessInit
  readonly #log: number
  #child?: ChildProcess

  constructor (init: NodeProcessInit) {
    this.name = init.name
    this.config = init.config
    this.#init = init
    this.#log = openSync(init.log, 'a', 0o644)
  }

  get running (): boolean {
    return this.#child != null && this.#child.exitCode == null && this.#child.signalCode == null
  }

  /**
   * Starts the process, and resolves with its `started` line.
   *
   * @throws Error if the process ends before
   */
  async start (): Promise<LogEntry> {
    const { bin, execArgv = [], wrapper = [], config, plugins = [] } = this.#init
    const [command, ...args] = [...wrapper, process.execPath, ...execArgv, bin, 'start', '--config', config, '--json', ...plugins.flatMap(plugin => ['--plugin', plugin])]
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const { promise, resolve, reject } = Promise.withResolvers<LogEntry>()

    this.#child = child
    this.stderr = ''
    this.note('harness:start', {})
    child.stderr.on('data', chunk => { this.stderr = `${this.stderr}${String(chunk)}`.slice(-MAX_STDERR) })
    child.on('error', reject)
    createInterface(child.stdout).on('line', line => {
      const entry = parseLine(line)
      this.#write(entry)

      if (entry.event === 'started') {
        resolve(entry)
      }
    })
    child.once('close', (code, signal) => {
      this.note('harness:exit', { code, signal })
      reject(new Error(`${this.name} ended (${signal ?? `exit code ${code}`}): ${this.stderr.trim()}`))
    })

    return promise
  }

  /**
   * Sends a signal to the process, if it runs, and to no other.
   */
  signal (signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL' | 'SIGTERM' | 'SIGUSR2'): void {
    if (this.running) {
      this.note('harness:signal', { signal })
      this.#child?.kill(signal)
    }
  }

  /**
   * Ends the process by a signal, and resolves when all that it printed was read.
   */
  async end (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child

    if (child != null && this.running) {
      const closed = once(child, 'close')
      this.signal(signal)
      await closed
    }
  }

  /**
   * Gives the node another port; it must not run.
   */
  async move (port: number): Promise<void> {
    const text = await readFile(this.config, 'utf8')
    await writeFile(this.config, text.replace(/^(\s*listen_port=).*$/m, `$1${port}`))
  }

  /**
   * Writes a line of the harness into the node's log.
   */
  note (event: string, detail: object): void {
    this.#write({ event, time: Date.now(), ...detail })
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    this.signal('SIGCONT')
    await this.end('SIGKILL')
    closeSync(this.#log)
  }

  #write (entry: LogEntry): void {
    writeSync(this.#log, `${JSON.stringify(entry)}\n`)
    this.#init.onEntry?.(entry)
  }
}

function parseLine (line: string): LogEntry {
  try {
    const { event = 'line', time = Date.now(), ...rest } = JSON.parse(line)

    return { event, time, ...rest }
  } catch {
    return { event: 'line', time: Date.now(), line }
  }
}
