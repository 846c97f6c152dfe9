import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

/**
 * A line that the reference node in Go writes: what came of a command (`id`), or something that happened (`event`).
 */
export interface GoLine {
  id?: number
  event?: string
  [field: string]: unknown
}

const COMMAND_TIMEOUT = 30_000
const EVENT_TIMEOUT = 15_000
const STOP_TIMEOUT = 3_000

/**
 * A running reference node in Go, driven over its standard input and output.
 */
export class GoNode implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exit: Promise<unknown>
  readonly #lines: GoLine[] = []
  readonly #waiting = new Set<() => void>()
  #errors = ''
  #commands = 0

  private constructor (child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.#exit = once(child, 'exit').finally(() => { this.#wake() })
    // the process may be gone when something is written to it; what waits for an answer is told so
    child.stdin.on('error', () => {})
    child.stderr.on('data', text => { this.#errors = `${this.#errors}${text}`.slice(-2_000) })
    createInterface({ input: child.stdout }).on('line', line => {
      this.#lines.push(JSON.parse(line))
      this.#wake()
    })
  }

  /**
   * Starts one, and waits until it listens.
   */
  static async start (binary: string, args: readonly string[]): Promise<GoNode> {
    const child = spawn(binary, args)
    await once(child, 'spawn')
    const node = new GoNode(child)

    try {
      await node.event('ready')
    } catch (err) {
      await node[Symbol.asyncDispose]()

      throw err
    }

    return node
  }

  get nodeId (): string {
    return String(this.#ready.nodeId)
  }

  get peerId (): string {
    return String(this.#ready.peer)
  }

  get incarnation (): number {
    return Number(this.#ready.incarnation)
  }

  /**
   * Its first address, with its PeerId.
   */
  get address (): string {
    return `${String((this.#ready.addrs as string[])[0])}/p2p/${this.peerId}`
  }

  get #ready (): GoLine {
    return this.#lines.find(({ event }) => event === 'ready') ?? {}
  }

  /**
   * How many lines there are: a mark from which on events are awaited.
   */
  get mark (): number {
    return this.#lines.length
  }

  /**
   * Has it do something; rejects with its reason if that fails.
   */
  async command (cmd: string, fields: Record<string, unknown> = {}): Promise<GoLine> {
    const answer = await this.attempt(cmd, fields)

    if (answer.ok !== true) {
      throw new Error(`go ${cmd}: ${String(answer.error)}`)
    }

    return answer
  }

  /**
   * As {@link command}, but resolves also with what failed.
   */
  async attempt (cmd: string, fields: Record<string, unknown> = {}): Promise<GoLine> {
    const id = ++this.#commands
    this.#child.stdin.write(`${JSON.stringify({ id, cmd, ...fields })}\n`)

    return this.#find(`answer to ${cmd}`, line => line.id === id, 0, COMMAND_TIMEOUT)
  }

  /**
   * The first event of a name, also one that has been.
   */
  async event (name: string, filter: (line: GoLine) => boolean = () => true, from = 0): Promise<GoLine> {
    return this.#find(`event ${name}`, line => line.event === name && filter(line), from, EVENT_TIMEOUT)
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    this.#child.stdin.end()
    const cut = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT)

    try {
      await this.#exit
    } finally {
      clearTimeout(cut)
    }
  }

  async #find (what: string, wanted: (line: GoLine) => boolean, from: number, timeout: number): Promise<GoLine> {
    const end = performance.now() + timeout

    for (;;) {
      const found = this.#lines.slice(from).find(wanted)
      const left = end - performance.now()

      if (found != null) {
        return found
      }

      if (left <= 0 || this.#child.exitCode != null) {
        throw new Error(`no ${what} of the Go node within ${timeout} ms ${this.#errors}`.trim())
      }

      await new Promise<void>(resolve => {
        const done = (): void => {
          clearTimeout(timer)
          this.#waiting.delete(done)
          resolve()
        }

        const timer = setTimeout(done, left)
        this.#waiting.add(done)
      })
    }
  }

  #wake (): void {
    this.#waiting.forEach(wake => { wake() })
  }
}
