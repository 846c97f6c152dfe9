import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Order, StockEvent, StockSettings } from './orders.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

/**
 * Milliseconds that a stock node has for whatever it is told, or is waited for.
 */
const PATIENCE = 20_000

/**
 * A stock js-libp2p node in a process of its own.
 */
export class StockProcess implements AsyncDisposable {
  /**
   * What it wrote into its log: dials, handshakes, errors.
   */
  log = ''

  readonly #child: ChildProcessWithoutNullStreams
  readonly #events: StockEvent[] = []
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #watchers = new Set<() => void>()
  #last = 0

  private constructor (settings: StockSettings) {
    this.#child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./stock-node.js')), JSON.stringify(settings)], {
      env: { ...process.env, DEBUG: 'libp2p:tcp*,libp2p:upgrader*,libp2p:connection-manager*', DEBUG_COLORS: 'no' }, stdio: 'pipe'
    })
    this.#child.stderr.on('data', chunk => {
      this.log += String(chunk)
      this.#look()
    })
    this.#child.stdin.on('error', () => {}) // that it ended is told by `close`
    createInterface(this.#child.stdout).on('line', line => { this.#take(JSON.parse(line)) })
    this.#child.once('close', (code, signal) => {
      this.#waiting.forEach(({ reject }) => { reject(new Error(`the stock node ended (${signal ?? code}): ${this.log.slice(-500)}`)) })
      this.#waiting.clear()
    })
  }

  /**
   * Resolves when it listens.
   */
  static async start (settings: StockSettings): Promise<StockProcess> {
    const started = new StockProcess(settings)

    try {
      await started.until(() => started.#find('ready'))
    } catch (err) {
      await started[Symbol.asyncDispose]()
      throw err
    }

    return started
  }

  get peer (): string {
    return this.#find('ready')?.peer ?? ''
  }

  /**
   * @returns the first one, with its peer id
   */
  get address (): string {
    return this.#find('ready')?.addresses[0] ?? ''
  }

  /**
   * @throws Error with the name and the message of the error there
   */
  async run <T = void> (order: Order): Promise<T> {
    const number = ++this.#last
    const waiting = Promise.withResolvers<unknown>()

    this.#waiting.set(number, waiting)
    this.#child.stdin.write(`${JSON.stringify({ number, order })}\n`)

    return await within(waiting.promise, order.do) as T
  }

  /**
   * What an order fails with.
   *
   * @throws Error if it does not
   */
  async failure (order: Order): Promise<string> {
    let result: unknown

    try {
      result = await this.run(order)
    } catch (err) {
      return err.message
    }

    throw new Error(`${order.do} succeeded, with ${JSON.stringify(result)}`)
  }

  /**
   * Resolves when a message came on a topic.
   */
  async message (topic: string, data: string): Promise<void> {
    await this.until(() => this.#events.find(event => event.event === 'message' && event.topic === topic && event.data === data))
  }

  /**
   * How many bytes came on streams of a protocol that it takes; undefined while there are none.
   */
  received (protocol: string): number | undefined {
    const bytes = this.#events.reduce((sum, event) => sum + (event.event === 'received' && event.protocol === protocol ? event.bytes : 0), 0)

    return bytes === 0 ? undefined : bytes
  }

  /**
   * How many messages on a topic hold a text; undefined if none does.
   */
  broadcastsSeen (topic: string, text: string): number | undefined {
    const { length } = this.#events.filter(event => event.event === 'message' && event.topic === topic && event.data.includes(text))

    return length === 0 ? undefined : length
  }

  /**
   * Resolves when it knows that a peer has subscribed to a topic.
   */
  async subscription (peer: string, topic: string): Promise<void> {
    await this.until(() => this.#events.find(event => event.event === 'subscription' && event.peer === peer && event.topic === topic && event.subscribe))
  }

  /**
   * Resolves when it is connected with nobody.
   */
  async alone (): Promise<void> {
    await this.run({ do: 'alone' })
  }

  /**
   * Resolves with the first line of its log that matches.
   */
  async logged (pattern: RegExp): Promise<string> {
    return this.until(() => this.log.split('\n').slice(0, -1).find(line => pattern.test(line)))
  }

  /**
   * Resolves with what `look` finds, after each line that the node writes.
   */
  async until <T> (look: () => T | undefined): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>()
    const watch = (): void => {
      const found = look()

      if (found != null) {
        resolve(found)
      }
    }

    this.#watchers.add(watch)
    watch()

    try {
      return await within(promise, 'what was waited for')
    } catch (err) {
      throw new Error(`${err.message}; the end of its log: ${this.log.slice(-500)}`)
    } finally {
      this.#watchers.delete(watch)
    }
  }

  /**
   * Ends it as a crash does.
   */
  async kill (): Promise<void> {
    if (this.#child.exitCode == null && this.#child.signalCode == null && this.#child.pid != null) {
      const closed = once(this.#child, 'close')
      this.#child.kill('SIGKILL')
      await closed
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.kill()
  }

  #find (name: 'ready'): StockEvent & { event: 'ready' } | undefined {
    return this.#events.find(event => event.event === name)
  }

  #take (line: StockEvent | { number: number, result?: unknown, error?: string }): void {
    if ('event' in line) {
      this.#events.push(line)
      this.#look()

      return
    }

    const waiting = this.#waiting.get(line.number)
    this.#waiting.delete(line.number)

    if (line.error == null) {
      waiting?.resolve(line.result)
    } else {
      waiting?.reject(new Error(line.error))
    }
  }

  #look (): void {
    this.#watchers.forEach(watch => { watch() })
  }
}

/**
 * The promise, or an error if it takes too long.
 */
export async function within <T> (promise: Promise<T>, what: string, patience = PATIENCE): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => { reject(new Error(`${what}: nothing within ${patience / 1_000} s`)) }, patience)

  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
