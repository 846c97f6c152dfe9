import { execFile, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { promisify } from 'node:util'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

/**
 * How long a tool may take for what is waited for, in milliseconds. It is a bound and no pause: on a busy machine a handshake takes a second.
 */
export const TOOL_TIMEOUT = 20_000

/**
 * A command line tool that runs, in a process of its own, with all that it has printed. It is killed at the end of the scope that holds it.
 */
export class Tool implements AsyncDisposable {
  stdout: Buffer = Buffer.alloc(0)
  stderr: Buffer = Buffer.alloc(0)

  private readonly child: ChildProcessWithoutNullStreams
  private readonly closed: Promise<unknown>
  private isClosed = false

  /**
   * Tells `change` when something was printed, and when it has ended.
   */
  private readonly changes = new EventEmitter()

  /**
   * @param env - variables that are added to those of this process
   */
  constructor (command: string, args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(command, args, { env: { ...process.env, ...env } })
    this.child.stdout.on('data', chunk => {
      this.stdout = Buffer.concat([this.stdout, chunk])
      this.changes.emit('change')
    })
    this.child.stderr.on('data', chunk => {
      this.stderr = Buffer.concat([this.stderr, chunk])
      this.changes.emit('change')
    })
    // a tool that ends while it is written to is told from its output
    this.child.stdin.on('error', () => {})
    this.closed = once(this.child, 'close').finally(() => {
      this.isClosed = true
      this.changes.emit('change')
    })
    this.closed.catch(() => {})
  }

  /**
   * All that it has printed, as text.
   */
  get text (): string {
    return `${this.stdout.toString('latin1')}\n${this.stderr.toString('latin1')}`
  }

  write (bytes: Uint8Array | string): void {
    this.child.stdin.write(bytes)
  }

  /**
   * Nothing more is written to it.
   */
  endInput (): void {
    this.child.stdin.end()
  }

  /**
   * Waits until what it has printed satisfies.
   *
   * @param what - what is waited for, for the error
   * @param look - gives undefined while it is not there
   * @param ms - for how long
   * @throws Error with the end of the output, if the tool ends before, or time does
   */
  async until <T> (what: string, look: (tool: this) => T | undefined, ms = TOOL_TIMEOUT): Promise<T> {
    const timeout = AbortSignal.timeout(ms)

    for (;;) {
      const found = look(this)

      if (found != null) {
        return found
      }

      if (this.isClosed || timeout.aborted) {
        throw new Error(`${what} was not seen ${this.isClosed ? 'before the tool ended' : `within ${ms} ms`}; it printed: ${this.tail()}`)
      }

      await once(this.changes, 'change', { signal: timeout }).catch(() => {})
    }
  }

  /**
   * Waits until it has printed something that matches.
   */
  async untilPrinted (pattern: RegExp): Promise<RegExpExecArray> {
    return this.until(String(pattern), ({ text }) => pattern.exec(text) ?? undefined)
  }

  /**
   * Waits until it has ended by itself.
   *
   * @returns its exit code
   */
  async ended (ms = TOOL_TIMEOUT): Promise<number | null> {
    await this.until('its end', () => this.isClosed || undefined, ms)

    return this.child.exitCode
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    this.child.kill('SIGKILL')
    await this.closed.catch(() => {})
  }

  private tail (): string {
    return this.text.replace(/\s+/g, ' ').trim().slice(-300)
  }
}

const execute = promisify(execFile)

/**
 * Runs the openssl command line to its end.
 *
 * @returns what it printed on standard output
 */
export async function openssl (args: readonly string[], cwd?: string): Promise<string> {
  return (await execute('openssl', args, { cwd, timeout: TOOL_TIMEOUT })).stdout
}

/**
 * @param debian - the Debian package that has the command
 * @returns what is lacking, in words; undefined if nothing
 */
export async function lacksCommand (command: string, debian: string, args: readonly string[]): Promise<string | undefined> {
  try {
    await execute(command, args, { timeout: TOOL_TIMEOUT })

    return undefined
  } catch (err) {
    return err.code === 'ENOENT' ? `${debian} is not installed (Debian: ${debian})` : `${command} does not run: ${err.message}`
  }
}
