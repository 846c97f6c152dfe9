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
   * `self`, `connected`, or `relayed`: known through others.
   */
  link: 'self' | 'connected' | 'relayed'

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
      link: nodeId === self.nodeId ? 'self' : connected.has(nodeId) ? 'connected' : 'relayed',
      version,
      addresses,
      neighbours,
      expires: Math.min(...chain.map(({ notAfter }) => notAfter)),
      entries: Object.fromEntries([...entries].filter(([name]) => !name.startsWith('fisco/')).map(([name, value]) => [name, Buffer.from(value).toString('hex')]))
    }
  }).sort((a, b) => a.Node.localeCompare(b.Node, 'en', { numeric: true }) || (a.NodeID < b.NodeID ? -1 : 1))
}
