import { readFile } from 'node:fs/promises'
import { isIP, isIPv6 } from 'node:net'
import { resolve } from 'node:path'
import { DEFAULT_PORT, formatConfig, formatEndpoint as formatHostPort, MAX_PORT, MIN_PORT, nodeFolders } from '@fisco-libp2p/ca'
import { formatEndpoint, likeConfig, parseConfig, parseEndpoint } from '@fisco-libp2p/node'
import { UsageError } from './output.ts'
import type { Endpoint } from '@fisco-libp2p/ca'
import type { NodeConfig } from '@fisco-libp2p/node'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * A node of a chain's folder, as its `config.ini` there has it.
 */
export interface KnownNode {
  name: string
  text: string
  config: NodeConfig
}

/**
 * Where an operator wants a new node to be; what is left out follows from the others.
 */
export interface WantedPlace {
  listen?: string
  host?: string
  port?: number
}

/**
 * Where a new node is.
 */
export interface Place {
  listenIp: string

  /**
   * Where the others reach it.
   */
  endpoint: Endpoint

  /**
   * The addresses of the others, as `config.ini` has them.
   */
  others: string[]
}

const LOOPBACK: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/**
 * The nodes of a chain's folder that have their `config.ini` there, in the order of their names (node2 before node10).
 *
 * @throws ConfigError if one of these files is not good
 */
export async function knownNodes (chain: string): Promise<KnownNode[]> {
  const nodes: KnownNode[] = []

  for (const name of await nodeFolders(chain) ?? []) {
    const file = resolve(chain, 'nodes', name, 'config.ini')
    const text = await readFile(file, 'utf8').catch(undefinedIfMissing)

    if (text != null) {
      nodes.push({ name, text, config: parseConfig(text, file) })
    }
  }

  return nodes
}

/**
 * Finds a place for one more node: like the first of the others, with the next port on its host.
 *
 * @throws UsageError if a wish cannot be fulfilled, or does not follow from the others
 */
export function placeNode (nodes: readonly KnownNode[], wanted: WantedPlace): Place {
  const peers = new Map(nodes.flatMap(({ config }) => config.peers).map(address => [address.toString(), address]))
  const known = [...peers.values()].map(endpointOf)
  const listeners = nodes.map(({ config }) => endpointOf(config.listen))
  const listenIp = wanted.listen ?? listeners[0]?.host ?? '127.0.0.1'

  if (isIP(listenIp) === 0) {
    throw new UsageError(`--listen must be an IPv4 address, or an IPv6 address without brackets, not ${listenIp}`)
  }

  const host = checkHost(wanted.host ?? reachableHost(listenIp, known))
  const used = new Set([
    ...known.filter(one => sameHost(one.host, host)),
    ...listeners.filter(one => sameHost(LOOPBACK[one.host] ?? one.host, host))
  ].map(({ port }) => port))
  const port = wanted.port ?? nextPort(used, listeners[0]?.port ?? DEFAULT_PORT)

  if (!Number.isInteger(port) || port < MIN_PORT || port > MAX_PORT) {
    throw new UsageError(`--port must be an integer from ${MIN_PORT} to ${MAX_PORT}${wanted.port == null ? ', and the next one after those of the others is not' : `, not ${port}`}`)
  }

  if (used.has(port)) {
    throw new UsageError(`--port ${port} is that of another node on ${host}: leave it out, or give another one`)
  }

  return { listenIp, endpoint: { host, port }, others: [...peers.values()].map(formatEndpoint) }
}

/**
 * The `config.ini` of a node at a place: like that of the first of the others, where there is one.
 */
export function placedConfig (name: string, { listenIp, endpoint, others }: Place, like?: KnownNode): string {
  const settings = { name, listenIp, listenPort: endpoint.port }

  // its own address among the others is where the next node finds it
  return like == null
    ? formatConfig({ ...settings, nodes: [endpoint], chainId: 1 })
    : likeConfig(like.text, like.config.file, { ...settings, peers: [formatHostPort(endpoint), ...others] })
}

function reachableHost (listenIp: string, known: readonly Endpoint[]): string {
  const loopback = LOOPBACK[listenIp]

  if (loopback != null && known.some(({ host }) => !isLoopback(host))) {
    throw new UsageError(`--host must say where the others reach the node, as it listens on all addresses (${listenIp})`)
  }

  return loopback ?? listenIp
}

/**
 * A host name is no loopback address, whatever it leads to.
 */
function isLoopback (host: string): boolean {
  return host === '::1' || /^127\./.test(host)
}

function sameHost (one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function nextPort (used: ReadonlySet<number>, first: number): number {
  return used.size === 0 ? first : Math.max(...used) + 1
}

function endpointOf (address: Multiaddr): Endpoint {
  const [host, port] = ['ip4', 'ip6', 'dns', 'dns4', 'dns6', 'tcp'].flatMap(name => address.getComponents().find(component => component.name === name)?.value ?? [])

  return { host, port: Number(port) }
}

/**
 * @returns it as an address in `config.ini` spells it: IPv6 addresses have several spellings
 */
function checkHost (host: string): string {
  try {
    return endpointOf(parseEndpoint(isIPv6(host) ? `[${host}]:${MAX_PORT}` : `${host}:${MAX_PORT}`)).host
  } catch (err) {
    throw new UsageError(`--host: ${err.message}`)
  }
}

/**
 * A file that is not there is undefined; every other error stays one.
 */
export function undefinedIfMissing (err: NodeJS.ErrnoException): undefined {
  if (err.code !== 'ENOENT' && err.code !== 'ENOTDIR') {
    throw err
  }
}
