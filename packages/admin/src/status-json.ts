import { endpointOf } from './json.ts'
import type { AdminComponents, AdminIdentity } from './index.ts'

/**
 * What is known of one node of the network: FISCO BCOS's fields, then ours. Times are unix milliseconds.
 */
export interface StatusEntry {
  Agency: string

  /**
   * `IP:port` of the first address that it listens on, as it says.
   */
  IPAndPort: string
  Node: string
  NodeID: string
  Topic: string[]

  /**
   * The number of its life, as a rule when it was started, and that of its latest change.
   */
  incarnation: number
  seq: number

  /**
   * `self`, `connected`, `relayed`: connected with others, who pass on its status, or `away`: with nobody who can be reached, so that this is the last that is known of it.
   */
  link: 'self' | 'connected' | 'relayed' | 'away'

  /**
   * Its software, `name/version`; empty if it does not say.
   */
  version: string
  addresses: string[]

  /**
   * To how many nodes it is connected.
   */
  neighbours: number

  /**
   * When the first certificate of its chain expires.
   */
  expires: number

  /**
   * Entries of applications, in hex.
   */
  entries: Record<string, string>
}

/**
 * All nodes that are known, in the order of their names.
 */
export function describeStatus (self: AdminIdentity, { statusSeq, topics, peers }: AdminComponents): StatusEntry[] {
  const connected = new Set(peers.members().map(({ nodeId }) => nodeId))
  const reached = reachedFrom([self.nodeId, ...connected], statusSeq?.links() ?? new Map())

  return (statusSeq?.snapshot() ?? []).map(({ nodeId, incarnation, seq, entries, certificate, chain }): StatusEntry => {
    const { version = '', addresses = [], neighbours = 0 } = statusSeq?.describe({ entries }) ?? {}

    return {
      Agency: chain[1]?.commonName ?? '',
      IPAndPort: endpointOf(addresses[0]),
      Node: certificate.commonName,
      NodeID: nodeId,
      Topic: topics?.followedBy(nodeId) ?? [],
      incarnation,
      seq,
      link: nodeId === self.nodeId ? 'self' : connected.has(nodeId) ? 'connected' : reached.has(nodeId) ? 'relayed' : 'away',
      version,
      addresses,
      neighbours,
      expires: Math.min(...chain.map(({ notAfter }) => notAfter)),
      entries: Object.fromEntries([...entries].filter(([name]) => !name.startsWith('fisco/')).map(([name, value]) => [name, Buffer.from(value).toString('hex')]))
    }
  }).sort((a, b) => a.Node.localeCompare(b.Node, 'en', { numeric: true }) || (a.NodeID < b.NodeID ? -1 : 1))
}

/**
 * Who can be reached over links that both ends name in their status.
 */
function reachedFrom (first: readonly string[], links: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const reached = new Set(first)

  // those that are found are looked at in their turn
  for (const nodeId of reached) {
    links.get(nodeId)?.forEach(neighbour => { reached.add(neighbour) })
  }

  return reached
}
