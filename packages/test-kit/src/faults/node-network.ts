import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatConfig, writeChain } from '@fisco-libp2p/ca'
import { NodeProcess } from './node-process.ts'
import type { NodeLog } from './checker.ts'
import type { LogEntry } from './node-process.ts'
import type { Endpoint } from '@fisco-libp2p/ca'

/**
 * The module that gives a node of the harness its load.
 */
export const LOAD_PLUGIN = fileURLToPath(new URL('./load-plugin.js', import.meta.url))

/**
 * The module that has a node publish and broadcast, and log what it gets.
 */
export const TOPICS_PLUGIN = fileURLToPath(new URL('./topics-plugin.js', import.meta.url))

/**
 * The module by which a node tells what it uses, and does nothing else; the load has it in it.
 */
export const GAUGE_PLUGIN = fileURLToPath(new URL('./gauge-plugin.js', import.meta.url))

/**
 * Options of {@link createFaultNetwork} and {@link createCableNetwork}.
 */
export interface NodeNetworkInit {
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

  /**
   * Which nodes are configured with which: the first of each pair dials the second.
   *
   * @default each with all
   */
  links?: ReadonlyArray<readonly [number, number]>
}

/**
 * One node, and the line by which all others reach it.
 */
export interface Station<Line extends AsyncDisposable = AsyncDisposable> {
  node: NodeProcess
  line: Line
  nodeId: string
  entries: LogEntry[]
}

/**
 * Where a node is put.
 */
export interface Place<Line extends AsyncDisposable> {
  line: Line
  listen: Endpoint

  /**
   * Where the others dial it.
   */
  dialled: Endpoint

  /**
   * As {@link NodeProcessInit.wrapper}.
   */
  wrapper?: string[]
}

/**
 * Real nodes in processes of their own, each configured with all others.
 */
export class NodeNetwork<Line extends AsyncDisposable> implements AsyncDisposable {
  readonly stations: Array<Station<Line>> = []

  /**
   * Where its nodes are, or will be.
   */
  readonly places: Array<Place<Line>> = []
  readonly #waiting = new Set<() => void>()

  get logs (): NodeLog[] {
    return this.stations.map(({ node, nodeId, entries }) => ({ name: node.name, nodeId, entries }))
  }

  /**
   * Creates the chain and a node in each of its places, and starts none yet. The log of each node is `<folder>/<name>.log`.
   */
  async settle ({ nodes, folder, bin, plugins = [LOAD_PLUGIN], links }: NodeNetworkInit): Promise<void> {
    const { places } = this
    await mkdir(dirname(folder), { recursive: true })
    const chain = await writeChain({ output: join(folder, 'chain'), nodes })
    const dialled = places.map(place => place.dialled)

    for (const [i, { name, nodeId, config }] of chain.nodes.entries()) {
      const { line, listen, wrapper } = places[i]
      const entries: LogEntry[] = []
      const onEntry = (entry: LogEntry): void => {
        entries.push(entry)
        this.#waiting.forEach(look => { look() })
      }

      const node = new NodeProcess({ name, bin, config, plugins, wrapper, execArgv: ['--expose-gc'], log: join(folder, `${name}.log`), onEntry })
      this.stations.push({ node, line, nodeId, entries })
      await writeFile(config, formatConfig({ name, listenIp: listen.host, listenPort: listen.port, nodes: links == null ? dialled : links.filter(([from]) => from === i).map(([, to]) => dialled[to]), chainId: 1 }))
    }
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

  /**
   * Ends all processes and lines, whatever state they are in.
   */
  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.stations.map(async ({ node }) => { await node[Symbol.asyncDispose]() }))
    await Promise.all(this.places.map(async ({ line }) => { await line[Symbol.asyncDispose]() }))
  }
}

/**
 * The nodes that a node says it is connected with, since it was last started.
 */
export function membersOf ({ entries }: Pick<Station, 'entries'>): Set<unknown> {
  const members = new Set<unknown>()

  for (const { event, nodeId } of entries.slice(Math.max(0, entries.findLastIndex(({ event }) => event === 'harness:start')))) {
    if (event === 'peer:up') {
      members.add(nodeId)
    } else if (event === 'peer:down') {
      members.delete(nodeId)
    }
  }

  return members
}
