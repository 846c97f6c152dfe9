import { fileURLToPath } from 'node:url'
import { Commanded } from '../commanded.ts'
import { quantile, round } from '../stats.ts'
import type { Credentials } from '../contender.ts'
import type { Values } from '../figure.ts'
import type { BroadcasterName } from './contenders.ts'

/**
 * What a process is told; nodes are counted within it.
 */
export type BroadcastCommand =
  | { op: 'addresses' | 'neighbours' | 'seen' }
  | { op: 'connect', node: number, address: string }
  | { op: 'broadcast', node: number, number: number, size: number }

/**
 * What a process saw since it was asked last; CPU since it began.
 */
export interface Seen {
  /**
   * Numbers of messages, and when each came to one of the nodes.
   */
  arrivals: Array<[number, number]>
  copies: number
  control: number
  cpuMs: number
}

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url))
const PROCESSES = 5
const SIZE = 1_024

/**
 * Milliseconds between two looks at what is not there yet, and until the network is at rest.
 */
const POLL = 100
const SETTLE = 4_000
const START_TIMEOUT = 60_000

/**
 * How long a message may be under way before it counts as lost, in milliseconds: gossipsub repairs within three heartbeats of a second.
 */
const PATIENCE = 5_000

/**
 * Which nodes are connected: the first of each pair dials.
 */
export type Links = ReadonlyArray<readonly [number, number]>

/**
 * A network of nodes in five processes.
 */
export class BroadcastNetwork implements AsyncDisposable {
  readonly #processes: Array<Commanded<BroadcastCommand>>
  readonly #count: number
  #number = 0

  private constructor (processes: Array<Commanded<BroadcastCommand>>, count: number) {
    this.#processes = processes
    this.#count = count
  }

  /**
   * Starts and connects it, and waits until it is at rest.
   *
   * @param settle - a share of the usual time to rest, from 0 to 1
   */
  static async start (name: BroadcasterName, members: readonly Credentials[], links: Links, settle = 1): Promise<BroadcastNetwork> {
    const processes = await Promise.all(Array.from({ length: PROCESSES }, async (_, i) => {
      return Commanded.start<BroadcastCommand>(WORKER, [name, JSON.stringify(members.filter((_, node) => node % PROCESSES === i))])
    }))
    const network = new BroadcastNetwork(processes, members.length)

    try {
      await network.#connect(links)
      await sleep(SETTLE * settle)

      return network
    } catch (err) {
      await network[Symbol.asyncDispose]()
      throw err
    }
  }

  /**
   * Has the nodes broadcast in turn, and waits until everything has arrived or is lost.
   *
   * @param count - of messages
   * @param perSecond - of all nodes together
   */
  async measure (count: number, perSecond: number): Promise<Values> {
    const before = await this.#seen()
    const sent = new Map<number, number>()
    const sending: Array<Promise<void>> = []
    const begin = performance.now()

    for (let i = 0; i < count; i++) {
      await sleep(Math.max(0, begin + i * 1_000 / perSecond - performance.now()))
      const number = this.#number++
      sent.set(number, now())
      sending.push(this.#send(number % this.#count, { op: 'broadcast', node: 0, number, size: SIZE }))
    }

    await Promise.all(sending)
    const times = new Map<number, number[]>()
    const deadline = performance.now() + PATIENCE
    const expected = count * (this.#count - 1)
    const total = { arrivals: 0, copies: 0, control: 0, cpuMs: 0 }

    do {
      await sleep(POLL)
      const seen = await this.#seen()
      seen.arrivals.forEach(([number, at]) => { times.set(number, [...times.get(number) ?? [], at]) })
      total.arrivals += seen.arrivals.length
      total.copies += seen.copies
      total.control += seen.control
      total.cpuMs = seen.cpuMs - before.cpuMs
    } while (total.arrivals < expected && performance.now() < deadline)

    const last = [...sent].map(([number, at]) => Math.max(...times.get(number) ?? [Infinity]) - at)

    return {
      p50ms: round(quantile(last, 0.5)),
      p99ms: round(quantile(last, 0.99)),
      'copies per delivery': round(total.copies / total.arrivals),
      'control messages per delivery': round(total.control / total.arrivals),
      'CPU ms per delivery': round(total.cpuMs / total.arrivals),
      lost: expected - total.arrivals
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.#processes.map(async process => process[Symbol.asyncDispose]()))
  }

  async #connect (links: Links): Promise<void> {
    const addresses = (await Promise.all(this.#processes.map(async process => process.run<string[]>({ op: 'addresses' }))))
    const deadline = performance.now() + START_TIMEOUT
    const degrees = new Array<number>(this.#count).fill(0)

    for (const [from, to] of links) {
      await this.#send(from, { op: 'connect', node: 0, address: addresses[to % PROCESSES][Math.floor(to / PROCESSES)] })
      degrees[from]++
      degrees[to]++
    }

    while (!await this.#hasNeighbours(degrees)) {
      if (performance.now() > deadline) {
        throw new Error(`the network is not connected after ${START_TIMEOUT} ms`)
      }

      await sleep(POLL)
    }
  }

  async #hasNeighbours (degrees: number[]): Promise<boolean> {
    const counts = await Promise.all(this.#processes.map(async process => process.run<number[]>({ op: 'neighbours' })))

    return degrees.every((degree, node) => counts[node % PROCESSES][Math.floor(node / PROCESSES)] >= degree)
  }

  /**
   * Tells a node something, wherever it is.
   */
  async #send <T> (node: number, command: Extract<BroadcastCommand, { node: number }>): Promise<T> {
    return this.#processes[node % PROCESSES].run({ ...command, node: Math.floor(node / PROCESSES) })
  }

  async #seen (): Promise<Seen> {
    const all = await Promise.all(this.#processes.map(async process => process.run<Seen>({ op: 'seen' })))

    return {
      arrivals: all.flatMap(({ arrivals }) => arrivals),
      copies: all.reduce((sum, { copies }) => sum + copies, 0),
      control: all.reduce((sum, { control }) => sum + control, 0),
      cpuMs: all.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
    }
  }
}

/**
 * Milliseconds of the one clock that all processes of a machine share.
 */
export function now (): number {
  return Number(process.hrtime.bigint()) / 1e6
}

async function sleep (milliseconds: number): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, milliseconds) })
}
