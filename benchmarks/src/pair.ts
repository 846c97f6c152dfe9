import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Credentials } from './contender.ts'
import type { ContenderName } from './contenders/index.ts'
import type { TaskName, Tasks } from './tasks.ts'
import type { ChildProcess } from 'node:child_process'

/**
 * What a process of a pair is told.
 */
export type Command =
  | { op: 'address' | 'usage' | 'close' }
  | { op: 'connect', port: number }
  | { op: 'dial', port: number, count: number }
  | { op: 'crowd', port: number, members: Credentials[] }
  | { op: 'task', task: TaskName, params: object }

export interface Reply {
  result?: unknown
  error?: string
}

/**
 * What a process has used until now; memory after a garbage collection, which is not counted.
 */
export interface Usage {
  cpuMs: number
  rss: number
  heapUsed: number
}

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url))

/**
 * A process that waits for commands, one at a time.
 */
class Worker {
  readonly #child: ChildProcess

  private constructor (child: ChildProcess) {
    this.#child = child
  }

  static async start (name: ContenderName, role: 'server' | 'client', { key, cert, ca }: Credentials): Promise<Worker> {
    const child = fork(WORKER, [name, role, key, cert, ca], { execArgv: ['--expose-gc'] })
    await replyOf(child)

    return new Worker(child)
  }

  async run <T> (command: Command): Promise<T> {
    const reply = replyOf(this.#child)
    this.#child.send(command)
    const { result, error } = await reply

    if (error != null) {
      throw new Error(error)
    }

    return result as T
  }

  async close (): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.send({ op: 'close' } satisfies Command)
    const timer = setTimeout(() => { this.#child.kill('SIGKILL') }, 5_000)
    await exit
    clearTimeout(timer)
  }
}

async function replyOf (child: ChildProcess): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onMessage = (reply: Reply): void => {
      child.off('exit', onExit)
      resolve(reply)
    }

    const onExit = (code: number | null, signal: string | null): void => {
      child.off('message', onMessage)
      reject(new Error(`the process ended (${signal ?? code})`))
    }

    child.once('message', onMessage)
    child.once('exit', onExit)
  })
}

/**
 * A contender at work: a process that listens and one that dials it.
 */
export class Pair implements AsyncDisposable {
  readonly name: ContenderName

  /**
   * Where the listening process listens.
   */
  readonly port: number
  readonly #server: Worker
  readonly #client: Worker
  #connected?: Promise<unknown>

  private constructor (name: ContenderName, server: Worker, client: Worker, port: number) {
    this.name = name
    this.#server = server
    this.#client = client
    this.port = port
  }

  static async start (name: ContenderName, [listening, dialling]: Credentials[]): Promise<Pair> {
    const server = await Worker.start(name, 'server', listening)
    const client = await Worker.start(name, 'client', dialling)

    return new Pair(name, server, client, await server.run({ op: 'address' }))
  }

  /**
   * Has the dialling process do something, over one connection that is made for the first task.
   */
  async task <Name extends TaskName> (task: Name, params: Tasks[Name]['params']): Promise<Tasks[Name]['result']> {
    await (this.#connected ??= this.#client.run({ op: 'connect', port: this.port }))

    return this.#client.run({ op: 'task', task, params })
  }

  /**
   * Connects so many times, over another port if there is something in between.
   *
   * @returns milliseconds until the first answer, each time
   */
  async dial (count: number, port = this.port): Promise<number[]> {
    return this.#client.run({ op: 'dial', port, count })
  }

  /**
   * Connects by many nodes in the dialling process, each once.
   */
  async crowd (members: Credentials[]): Promise<void> {
    await this.#client.run({ op: 'crowd', port: this.port, members })
  }

  /**
   * What the listening process uses.
   */
  async listenerUsage (): Promise<Usage> {
    return this.#server.run({ op: 'usage' })
  }

  /**
   * Milliseconds of CPU that both processes have used.
   */
  async cpuMs (): Promise<number> {
    const usages = await Promise.all([this.#server, this.#client].map(async worker => worker.run<Usage>({ op: 'usage' })))

    return usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.#client.close()
    await this.#server.close()
  }
}
