import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

/**
 * A line that a driven node writes: what came of a command (`id`), or something that happened (`event`).
 */
export interface NodeLine {
  id?: number
  event?: string
  [field: string]: unknown
}

const COMMAND_TIMEOUT = 30_000
const EVENT_TIMEOUT = 15_000
const STOP_TIMEOUT = 5_000

/**
 * A node in a process of its own that is driven by JSON lines over its standard input and output: the reference node in Go, or one of ours that speaks as it.
 */
export class DrivenNode implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exit: Promise<unknown>
  readonly #events: NodeLine[] = []
  readonly #answers = new Map<number, NodeLine>()
  readonly #waiting = new Set<() => void>()
  readonly #listen: (line: NodeLine) => void
  #errors = ''
  #commands = 0

  private constructor (child: ChildProcessWithoutNullStreams, listen: (line: NodeLine) => void) {
    this.#child = child
    this.#listen = listen
    this.#exit = once(child, 'exit').finally(() => { this.#wake() })
    // the process may be gone when something is written to it; what waits for an answer is told so
    child.stdin.on('error', () => {})
    child.stderr.on('data', text => { this.#errors = `${this.#errors}${text}`.slice(-2_000) })
    createInterface({ input: child.stdout }).on('line', text => { this.#take(JSON.parse(text)) })
  }

  /**
   * Starts one, and waits until it listens.
   *
   * @param command - the program, and what it is told
   * @param listen - gets every event
   */
  static async start ([program, ...args]: readonly [string, ...string[]], listen: (line: NodeLine) => void = () => {}): Promise<DrivenNode> {
    const child = spawn(program, args)
    await once(child, 'spawn')
    const node = new DrivenNode(child, listen)

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

  get #ready (): NodeLine {
    return this.#events.find(({ event }) => event === 'ready') ?? {}
  }

  /**
   * How many events there are: a mark from which on others are awaited.
   */
  get mark (): number {
    return this.#events.length
  }

  /**
   * Has it do something; rejects with its reason if that fails.
   */
  async command (cmd: string, fields: Record<string, unknown> = {}): Promise<NodeLine> {
    const answer = await this.attempt(cmd, fields)

    if (answer.ok !== true) {
      throw new Error(`${cmd}: ${String(answer.error)}`)
    }

    return answer
  }

  /**
   * As {@link command}, but resolves also with what failed.
   */
  async attempt (cmd: string, fields: Record<string, unknown> = {}): Promise<NodeLine> {
    const id = ++this.#commands
    this.#child.stdin.write(`${JSON.stringify({ id, cmd, ...fields })}\n`)

    try {
      return await this.#find(`answer to ${cmd}`, () => this.#answers.get(id), COMMAND_TIMEOUT)
    } finally {
      this.#answers.delete(id)
    }
  }

  /**
   * The first event of a name, also one that has been.
   */
  async event (name: string, filter: (line: NodeLine) => boolean = () => true, from = 0): Promise<NodeLine> {
    let next = from

    return this.#find(`event ${name}`, () => {
      for (; next < this.#events.length; next++) {
        const line = this.#events[next]

        if (line.event === name && filter(line)) {
          return line
        }
      }
    }, EVENT_TIMEOUT)
  }

  /**
   * Ends it without a farewell, as a crash does.
   */
  async kill (): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
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

  #take (line: NodeLine): void {
    if (line.id != null) {
      this.#answers.set(line.id, line)
    } else {
      this.#events.push(line)
      this.#listen(line)
    }

    this.#wake()
  }

  async #find (what: string, look: () => NodeLine | undefined, timeout: number): Promise<NodeLine> {
    const end = performance.now() + timeout

    for (;;) {
      const found = look()
      const left = end - performance.now()

      if (found != null) {
        return found
      }

      if (left <= 0 || this.#child.exitCode != null || this.#child.signalCode != null) {
        throw new Error(`no ${what} of the node within ${timeout} ms ${this.#errors}`.trim())
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
