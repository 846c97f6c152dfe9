import { stripVTControlCharacters } from 'node:util'
import { formatEndpoint } from '@fisco-libp2p/node'
import { multiaddr } from '@multiformats/multiaddr'
import Table from 'cli-table3'
import pc from 'picocolors'
import { duration } from './duration.ts'
import { shortId, shortIds } from './event-line.ts'
import type { PeerEntry } from '@fisco-libp2p/admin'

const HEAD = ['node', 'agency', 'node ID', 'address', 'state', 'round trip']
const STATE = HEAD.indexOf('state')

/**
 * Fewest columns of the terminal for what a peer is at, however narrow it is.
 */
const MIN_STATE = 16

/**
 * Blanks around the text of a cell.
 */
const PADDING = 2

/**
 * Peers as a table for people, and below it why those are not connected that are not: such a sentence with its advice is longer
 * than a cell.
 *
 * @param now - unix milliseconds
 * @param columns - of the terminal; undefined if it is none
 */
export function peersTable (peers: readonly PeerEntry[], now: number, columns?: number): string {
  if (peers.length === 0) {
    return 'no peers: neither is one configured nor a node connected'
  }

  const rows = peers.map(peer => [
    // who never told its name may have told its node ID
    peer.Node === '' && peer.NodeID === '' ? '?' : peer.Node,
    peer.Agency,
    peer.NodeID === '' ? '' : shortId(peer.NodeID),
    addressOf(peer),
    stateOf(peer, now),
    peer.rtt == null ? '' : `${peer.rtt.toFixed(1)} ms`
  ])
  const table = new Table({ head: HEAD, style: { head: [], border: [] }, colWidths: widths(rows, columns), wordWrap: true })
  table.push(...rows)

  return [table.toString(), ...peers.filter(({ state, lastError }) => lastError != null && state !== 'connected' && state !== 'self').map(peer => {
    return `${peer.Node === '' ? '' : `${peer.Node}, `}${addressOf(peer)}: ${shortIds(peer.lastError ?? '')}`
  })].join('\n')
}

/**
 * What the other columns leave of the terminal is for the states.
 */
function widths (rows: readonly string[][], columns?: number): Array<number | null> {
  const needed = HEAD.map((title, i) => PADDING + Math.max(title.length, ...rows.map(row => stripVTControlCharacters(row[i]).length)))
  const others = needed.reduce((sum, width, i) => i === STATE ? sum : sum + width, HEAD.length + 1)

  return needed.map((width, i) => i === STATE && columns != null ? Math.min(width, Math.max(MIN_STATE, columns - others)) : null)
}

function addressOf ({ address, IPAndPort }: PeerEntry): string {
  return address == null ? `${IPAndPort} (not configured)` : formatEndpoint(multiaddr(address))
}

function stateOf (peer: PeerEntry, now: number): string {
  const next = peer.until == null ? '' : `, next dial in ${duration(peer.until - now)}`

  switch (peer.state) {
    case 'connected':
      return pc.green(`connected ${duration(now - peer.since)}, ${peer.direction ?? ''}`)
    case 'refused':
      return pc.red(`refused by ${peer.refusedBy === 'us' ? 'this node' : 'the peer'} (${peer.rule ?? ''})${peer.final === true ? ', for good' : ''}${next}`)
    case 'waiting':
      return pc.yellow(`waiting, ${peer.attempts} failed${next}`)
    case 'self':
      return 'this node itself'
    default:
      return pc.yellow(`${peer.state}, ${peer.attempts} failed`)
  }
}
