import { fileURLToPath } from 'node:url'
import { Commanded } from './commanded.ts'
import type { Credentials } from './contender.ts'
import type { ContenderName } from './contenders/index.ts'
import type { TaskName, Tasks } from './tasks.ts'

/**
 * What a process of a pair is told.
 */
export type Command =
  | { op: 'address' | 'usage' }
  | { op: 'connect', port: number }
  | { op: 'dial', port: number, count: number }
  | { op: 'crowd', port: number, members: Credentials[] }
  | { op: 'task', task: TaskName, params: object }

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
 * A contender at work: a process that listens and one that dials it.
 */
export class Pair implements AsyncDisposable {
  readonly name: ContenderName

  /**
   * Where the listening process listens.
   */
  readonly port: number
  readonly #server: Commanded<Command>
  readonly #client: Commanded<Command>
  #connected?: Promise<unknown>

  private constructor (name: ContenderName, server: Commanded<Command>, client: Commanded<Command>, port: number) {
    this.name = name
    this.#server = server
    this.#client = client
    this.port = port
  }

  static async start (name: ContenderName, [listening, dialling]: Credentials[]): Promise<Pair> {
    const server = await start(name, 'server', listening)
    const client = await start(name, 'client', dialling)

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
    await this.#client[Symbol.asyncDispose]()
    await this.#server[Symbol.asyncDispose]()
  }
}

async function start (name: ContenderName, role: 'server' | 'client', { key, cert, ca }: Credentials): Promise<Commanded<Command>> {
  return Commanded.start<Command>(WORKER, [name, role, key, cert, ca])
}
