import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatConfig, writeChain } from '@fisco-libp2p/ca'
import { freePorts } from '../free-ports.ts'
import { NodeProcess } from './node-process.ts'
import { Relay } from './relay.ts'
import type { NodeLog } from './checker.ts'
import type { LogEntry } from './node-process.ts'
import type { Fault } from './schedule.ts'

/**
 * The module that gives a node of the harness its load.
 */
export const LOAD_PLUGIN = fileURLToPath(new URL('./load-plugin.js', import.meta.url))

/**
 * The module by which a node tells what it uses, and does nothing else; the load has it in it.
 */
export const GAUGE_PLUGIN = fileURLToPath(new URL('./gauge-plugin.js', import.meta.url))

/**
 * Options of {@link createFaultNetwork}.
 */
export interface FaultNetworkInit {
  nodes: number

  /**
   * Folder for the chain and the logs; it must not exist or be empty.
   */
  folder: string

  /**
   * The entry file of the `fisco-p2p` command.
   */
  bin: string

  /**
   * Modules that each node is started with.
   *
   * @default the load
   */
  plugins?: string[]
}

/**
 * One node, and the line by which all others dial it.
 */
export interface Station {
  node: NodeProcess
  line: Relay
  nodeId: string
  entries: LogEntry[]
}

/**
 * Real nodes in processes of their own, each configured with all others and dialled over a relay: a network in which everything can go
 * wrong.
 */
export class FaultNetwork implements AsyncDisposable {
  readonly stations: Station[]
  readonly #waiting = new Set<() => void>()

  constructor (stations: Station[]) {
    this.stations = stations
  }

  get logs (): NodeLog[] {
    return this.stations.map(({ node, nodeId, entries }) => ({ name: node.name, nodeId, entries }))
  }

  /**
   * Starts all nodes at once.
   */
  async start (): Promise<void> {
    await Promise.all(this.stations.map(async ({ node }) => node.start()))
  }

  /**
   * Resolves as soon as a condition holds, which is asked at each line of a log.
   *
   * @param timeout - milliseconds
   * @throws Error with what it waited for
   */
  async until (what: string, condition: () => boolean, timeout: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => { reject(new Error(`not within ${timeout} ms: ${what}`)) }, timeout)
    const look = (): void => {
      if (condition()) {
        resolve()
      }
    }

    this.#waiting.add(look)
    look()
    await promise.finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(look)
    })
  }

  /**
   * Whether each node that runs says that all others are connected.
   */
  isFullMesh (): boolean {
    return this.stations.every(station => membersOf(station).size === this.stations.length - 1)
  }

  heard (): void {
    this.#waiting.forEach(look => { look() })
  }

  /**
   * Makes a fault happen, and resolves when it is over.
   */
  async inflict ({ kind, node: number, lasts }: Fault, signal: AbortSignal): Promise<void> {
    const { node, line } = this.stations[number]
    node.note('harness:fault', { kind, lasts })

    switch (kind) {
      case 'kill':
      case 'terminate':
      case 'move':
        await node.end(kind === 'terminate' ? 'SIGTERM' : 'SIGKILL')
        await sleep(lasts, signal)

        if (kind === 'move') {
          [line.target] = await freePorts(1)
          await node.move(line.target)
        }

        await node.start()
        break
      case 'pause':
        node.signal('SIGSTOP')
        await sleep(lasts, signal)
        node.signal('SIGCONT')
        break
      case 'refuse':
        line.refuse()
        line.cut('reset')
        await sleep(lasts, signal)
        await line.listen()
        break
      case 'silence':
        line.silence(true)
        await sleep(lasts, signal)
        line.silence(false)
        break
      case 'slow':
        line.delay = 100
        await sleep(lasts, signal)
        line.delay = 0
        break
      default:
        line.cut(kind === 'cut-fin' ? 'fin' : 'reset')
    }

    node.note('harness:fault-over', { kind })
  }

  /**
   * Ends all processes and lines, whatever state they are in.
   */
  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.stations.map(async ({ node, line }) => {
      await node[Symbol.asyncDispose]()
      await line[Symbol.asyncDispose]()
    }))
  }
}

/**
 * Creates the chain of a network, its lines and its nodes, and starts none yet. The log of each node is `<folder>/<name>.log`.
 */
export async function createFaultNetwork ({ nodes, folder, bin, plugins = [LOAD_PLUGIN] }: FaultNetworkInit): Promise<FaultNetwork> {
  await mkdir(dirname(folder), { recursive: true })
  const chain = await writeChain({ output: join(folder, 'chain'), nodes })
  const stations: Station[] = []
  const network = new FaultNetwork(stations)
  const ports = await freePorts(2 * nodes)

  for (const [i, { name, nodeId, config }] of chain.nodes.entries()) {
    const entries: LogEntry[] = []
    const onEntry = (entry: LogEntry): void => {
      entries.push(entry)
      network.heard()
    }

    const node = new NodeProcess({ name, bin, config, plugins, execArgv: ['--expose-gc'], log: join(folder, `${name}.log`), onEntry })
    stations.push({ node, line: await new Relay(ports[i]).listen(ports[nodes + i]), nodeId, entries })
  }

  const lines = stations.map(({ line: { port } }) => ({ host: '127.0.0.1', port }))
  await Promise.all(stations.map(async ({ node }, i) => {
    await writeFile(node.config, formatConfig({ name: node.name, listenIp: '127.0.0.1', listenPort: ports[i], nodes: lines, chainId: 1 }))
  }))

  return network
}

/**
 * The nodes that a node says it is connected with, since it was last started.
 */
export function membersOf ({ entries }: Station): Set<unknown> {
  const members = new Set<unknown>()

  for (const { event, nodeId } of entries.slice(entries.findLastIndex(({ event }) => event === 'harness:start'))) {
    if (event === 'peer:up') {
      members.add(nodeId)
    } else if (event === 'peer:down') {
      members.delete(nodeId)
    }
  }

  return members
}

async function sleep (milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  signal.addEventListener('abort', () => { resolve() })
  await promise
  clearTimeout(timer)
}
