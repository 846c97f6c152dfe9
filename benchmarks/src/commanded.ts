import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'

/**
 * A command, and its answer. The first answer of a process has the number 0: it is ready.
 */
interface Order {
  number: number
  command: unknown
}

interface Reply {
  number: number
  result?: unknown
  error?: string
}

/**
 * The command after which a process ends.
 */
const CLOSE = 'close'

/**
 * A process of the benchmark that does what it is told.
 */
export class Commanded<Command> implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #last = 0

  private constructor (child: ChildProcess) {
    this.#child = child
    child.on('message', ({ number, result, error }: Reply) => {
      const waiting = this.#waiting.get(number)
      this.#waiting.delete(number)

      if (error == null) {
        waiting?.resolve(result)
      } else {
        waiting?.reject(new Error(error))
      }
    })
    child.once('exit', (code, signal) => {
      this.#waiting.forEach(({ reject }) => { reject(new Error(`the process ended (${signal ?? code})`)) })
      this.#waiting.clear()
    })
  }

  /**
   * @param module - what it runs, which calls {@link obey}
   */
  static async start <Command> (module: string, args: string[]): Promise<Commanded<Command>> {
    const commanded = new Commanded<Command>(fork(module, args, { execArgv: ['--expose-gc'] }))
    await commanded.#answer(0)

    return commanded
  }

  /**
   * @throws Error with the stack of what failed there, or if the process ends first
   */
  async run <T> (command: Command): Promise<T> {
    const number = ++this.#last
    this.#child.send({ number, command } satisfies Order)

    return this.#answer(number) as Promise<T>
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    if (this.#child.exitCode != null || this.#child.signalCode != null) {
      return
    }

    const exit = once(this.#child, 'exit')
    this.#child.send({ number: 0, command: CLOSE } satisfies Order)
    const timer = setTimeout(() => { this.#child.kill('SIGKILL') }, 5_000)
    await exit
    clearTimeout(timer)
  }

  async #answer (number: number): Promise<unknown> {
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(number, waiting)

    return waiting.promise
  }
}

/**
 * In such a process: says that it is ready, and does what it is told until the last command.
 *
 * @param close - ends what is open
 */
export function obey <Command> (run: (command: Command) => Promise<unknown>, close: () => Promise<void>): void {
  const send = (reply: Reply): void => {
    if (process.connected) {
      process.send?.(reply)
    }
  }

  process.on('message', ({ number, command }: Order) => {
    const done = command === CLOSE ? close().then(() => { process.disconnect() }) : run(command as Command)
    done.then(result => { send({ number, result }) }, err => { send({ number, error: String(err.stack) }) })
  })
  send({ number: 0, result: 'ready' })
}
