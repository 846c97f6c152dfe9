import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'

/**
 * The file that `node_modules/.bin/fisco-p2p` links to.
 */
export const BIN = fileURLToPath(new URL('../../../bin/fisco-p2p.js', import.meta.url))

/**
 * How a command ended.
 */
export interface Result {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd?: string

  /**
   * Options for Node itself.
   */
  execArgv?: string[]

  /**
   * Variables that are added to those of the tests, or replace them.
   */
  env?: NodeJS.ProcessEnv
}

/**
 * What the tests compare is text without colours, also where the tests themselves are made to print in colour.
 */
function environment (added: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', ...added }
}

/**
 * Runs a command to its end.
 */
export async function run (args: string[], options: RunOptions = {}): Promise<Result> {
  const child = spawn(process.execPath, [...options.execArgv ?? [], BIN, ...args], { cwd: options.cwd, env: environment(options.env) })
  let stdout = ''
  let stderr = ''

  child.stdout.on('data', chunk => { stdout += String(chunk) })
  child.stderr.on('data', chunk => { stderr += String(chunk) })
  const [code] = await once(child, 'close')

  return { code, stdout, stderr }
}

/**
 * A command that goes on, and prints JSON lines.
 */
export class Running {
  readonly child: ChildProcess
  readonly events: Array<Record<string, unknown>> = []
  private readonly waiting = new Set<() => void>()
  private ended = false
  stderr = ''

  constructor (args: string[], options: RunOptions = {}) {
    this.child = spawn(process.execPath, [...options.execArgv ?? [], BIN, ...args], { cwd: options.cwd, env: environment(options.env), stdio: ['ignore', 'pipe', 'pipe'] })

    this.child.stderr?.on('data', chunk => { this.stderr += String(chunk) })
    this.child.once('close', () => {
      this.ended = true
      this.waiting.forEach(look => { look() })
    })

    if (this.child.stdout != null) {
      createInterface(this.child.stdout).on('line', line => {
        this.events.push(line.startsWith('{') ? JSON.parse(line) : { line })
        this.waiting.forEach(look => { look() })
      })
    }
  }

  /**
   * The first event that matches, whether it has come already or not. Rejects when the command ends without.
   */
  async event (matches: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.events.find(matches)

        if (found != null) {
          this.waiting.delete(look)
          resolve(found)
        } else if (this.ended) {
          reject(new Error(`the command ended without the event; it printed ${JSON.stringify(this.events.slice(-5))} and ${this.stderr}`))
        }
      }

      this.waiting.add(look)
      look()
    })
  }

  /**
   * Sends a signal and waits for the end.
   */
  async end (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode != null || this.child.signalCode != null) {
      return this.child.exitCode
    }

    const ended = once(this.child, 'exit')
    this.child.kill(signal)

    return (await ended)[0]
  }
}
