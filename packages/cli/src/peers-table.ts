import { formatEndpoint } from '@fisco-libp2p/node'
import { multiaddr } from '@multiformats/multiaddr'
import Table from 'cli-table3'
import pc from 'picocolors'
import { duration } from './duration.ts'
import type { PeerEntry } from '@fisco-libp2p/admin'

/**
 * Longest error that is shown in the table; `--json` has all of it.
 */
const MAX_ERROR = 80

/**
 * Peers as a table for people.
 *
 * @param now - unix milliseconds
 */
export function peersTable (peers: readonly PeerEntry[], now: number): string {
  if (peers.length === 0) {
    return 'no peers: neither is one configured nor a node connected'
  }

  const table = new Table({ head: ['node', 'agency', 'node ID', 'address', 'state', 'round trip'], style: { head: [], border: [] } })

  for (const peer of peers) {
    table.push([
      peer.Node || '?',
      peer.Agency,
      peer.NodeID === '' ? '' : `${peer.NodeID.slice(0, 8)}…`,
      peer.address == null ? `${peer.IPAndPort} (not configured)` : formatEndpoint(multiaddr(peer.address)),
      stateOf(peer, now),
      peer.rtt == null ? '' : `${peer.rtt.toFixed(1)} ms`
    ])
  }

  return table.toString()
}

function stateOf (peer: PeerEntry, now: number): string {
  const next = peer.until == null ? '' : `, next dial in ${duration(peer.until - now)}`
  const error = peer.lastError == null ? '' : `: ${peer.lastError.length > MAX_ERROR ? `${peer.lastError.slice(0, MAX_ERROR)}…` : peer.lastError}`

  switch (peer.state) {
    case 'connected':
      return pc.green(`connected ${duration(now - peer.since)}, ${peer.direction ?? ''}`)
    case 'refused':
      return pc.red(`refused by ${peer.refusedBy === 'us' ? 'this node' : 'the peer'} (${peer.rule ?? ''})${peer.final === true ? ', for good' : ''}${next}${error}`)
    case 'waiting':
      return pc.yellow(`waiting, ${peer.attempts} failed${next}${error}`)
    case 'self':
      return 'this node itself'
    default:
      return pc.yellow(`${peer.state}, ${peer.attempts} failed${error}`)
  }
}
