import type { AdminComponents, AdminIdentity, AdminMember, AdminPeer, AdminStatistics, AdminTrafficCount } from './index.ts'

/**
 * A node in the words of FISCO BCOS 2.x (`getPeers`, `getNodeInfo`).
 */
interface FiscoNodeInfo {
  Agency: string

  /**
   * `IP:port`, IPv6 in brackets; empty if there is none.
   */
  IPAndPort: string
  Node: string
  NodeID: string

  /**
   * Topics that it follows, where they are known.
   */
  Topic: string[]
}

/**
 * One configured peer, or one node that is connected and not configured: FISCO BCOS's fields, then ours. Times are unix
 * milliseconds.
 */
export interface PeerEntry extends FiscoNodeInfo {
  /**
   * The configured address as multiaddr; absent if the node is not configured.
   */
  address?: string
  configured: boolean

  /**
   * `connecting`, `connected`, `waiting`, `refused` or `self`.
   */
  state: string
  since: number
  attempts: number
  lastError?: string
  direction?: string
  rtt?: number
  until?: number
  rule?: string
  refusedBy?: string
  final?: boolean
}

/**
 * The node itself.
 */
export interface NodeInfo extends FiscoNodeInfo {
  peerId: string
  addresses: string[]

  /**
   * In hex.
   */
  networkId: string
  pid: number

  /**
   * When it was started, unix milliseconds.
   */
  started: number

  /**
   * How many addresses are configured, how many of them are connected, and how many nodes are connected in all.
   */
  peers: { configured: number, connected: number, members: number }
}

/**
 * What unicast sent to one node and received from it under the name of one handler. The names are those of the applications; the empty one is for all that have
 * no place of their own.
 */
export interface TrafficEntry {
  NodeID: string

  /**
   * Name of the node, where it is known.
   */
  Node: string
  handler: string
  sent: AdminTrafficCount
  received: AdminTrafficCount
}

export function describeTraffic (statistics: AdminStatistics[], members: AdminMember[]): TrafficEntry[] {
  const names = new Map(members.map(({ nodeId, name = '' }) => [nodeId, name]))

  return statistics.flatMap(({ nodeId, handlers }) => {
    return Object.entries(handlers).map(([handler, { sent, received }]) => ({ NodeID: nodeId, Node: names.get(nodeId) ?? '', handler, sent, received }))
  })
}

export function describeNode (identity: AdminIdentity, addresses: string[], started: number, topics: readonly string[], list: AdminPeer[], members: AdminMember[]): NodeInfo {
  return {
    Agency: identity.agency,
    IPAndPort: endpointOf(addresses[0]),
    Node: identity.name,
    NodeID: identity.nodeId,
    Topic: [...topics],
    peerId: identity.peerId.toString(),
    addresses,
    networkId: Buffer.from(identity.networkId).toString('hex'),
    pid: process.pid,
    started,
    peers: { configured: list.length, connected: list.filter(({ state }) => state === 'connected').length, members: members.length }
  }
}

/**
 * First the configured peers, in their order, then the nodes that are connected and not configured.
 */
export function describePeers (self: AdminIdentity, list: AdminPeer[], members: AdminMember[], statusSeq?: AdminComponents['statusSeq']): PeerEntry[] {
  const configured = list.map(peer => peer.state === 'self' ? { ...peer, name: self.name, agency: self.agency } : { ...namesOf(peer, statusSeq), ...peer }).map(({ nodeId = '', name = '', agency = '', remoteAddress, ...peer }) => ({
    Agency: agency, IPAndPort: endpointOf(remoteAddress ?? peer.address), Node: name, NodeID: nodeId, Topic: [], ...peer, configured: true
  }))
  const others = members.filter(({ configured }) => !configured).map(({ nodeId, name = '', agency = '', address, direction, rtt, since }) => ({
    Agency: agency, IPAndPort: endpointOf(address), Node: name, NodeID: nodeId, Topic: [], configured: false, state: 'connected', attempts: 0, direction, rtt, since
  }))

  return [...configured, ...others]
}

/**
 * What the node's status says of its name, where it was never connected.
 */
function namesOf ({ nodeId = '', name }: AdminPeer, statusSeq: AdminComponents['statusSeq']): Pick<AdminPeer, 'name' | 'agency'> {
  const { certificate, chain = [] } = (name == null ? statusSeq?.get(nodeId) : undefined) ?? {}

  return certificate == null ? {} : { name: certificate.commonName, agency: chain[1]?.commonName }
}

/**
 * A multiaddr as FISCO BCOS writes endpoints.
 */
export function endpointOf (address = ''): string {
  const [, kind, host, port] = /^\/(ip4|ip6|dns[46]?)\/([^/]+)\/tcp\/(\d+)/.exec(address) ?? []

  return host == null ? '' : kind === 'ip6' ? `[${host}]:${port}` : `${host}:${port}`
}
