import Table from 'cli-table3'
import pc from 'picocolors'
import { duration } from './duration.ts'
import { shortId, startTime } from './event-line.ts'
import type { StatusEntry } from '@fisco-libp2p/admin'

const DAY = 86_400_000

/**
 * Days before the end of a certificate from which on it is shown in red.
 */
const SOON = 30

/**
 * Longest list of topics in the table, and longest value of an entry in the details, in characters; `--json` has all of them.
 */
const MAX_TEXT = 40
const MAX_VALUE = 128

/**
 * All nodes of the network as a table for people.
 *
 * @param now - unix milliseconds
 */
export function statusTable (nodes: readonly StatusEntry[], now: number): string {
  const table = new Table({ head: ['node', 'agency', 'node ID', 'link', 'started', 'seq', 'neighbours', 'topics', 'software', 'certificate'], style: { head: [], border: [] } })

  for (const node of nodes) {
    table.push([
      node.Node, node.Agency, shortId(node.NodeID), linkOf(node), startOf(node), node.seq, node.neighbours, cut(node.Topic.join(', '), MAX_TEXT), node.version, expiryOf(node, now)
    ])
  }

  return table.toString()
}

/**
 * All that is known of one node.
 *
 * @param now - unix milliseconds
 */
export function statusDetails (node: StatusEntry, now: number): string {
  const values = Object.entries(node.entries).map(([name, value]) => `  ${name} = ${cut(value, MAX_VALUE)}`)

  return [
    `name        ${node.Node}, agency ${node.Agency}`,
    `node ID     ${node.NodeID}`,
    `link        ${linkOf(node)}`,
    `started     ${startOf(node)}, change ${node.seq} since then`,
    `software    ${node.version || 'not told'}`,
    `addresses   ${node.addresses.join(', ') || 'not told'}`,
    `neighbours  ${node.neighbours}`,
    `topics      ${node.Topic.join(', ') || 'none'}`,
    `certificate ${expiryOf(node, now)}`,
    `entries     ${values.length === 0 ? 'none' : 'in hex'}`,
    ...values
  ].join('\n')
}

const LINKS: Record<StatusEntry['link'], string> = { self: 'this node itself', connected: pc.green('connected'), relayed: pc.yellow('by others'), away: pc.red('away') }

function linkOf ({ link }: StatusEntry): string {
  return LINKS[link]
}

function startOf ({ incarnation }: StatusEntry): string {
  return startTime(incarnation).slice(0, 19).replace('T', ' ')
}

function expiryOf ({ expires }: StatusEntry, now: number): string {
  const text = expires <= now ? 'expired' : `expires in ${duration(expires - now)}`

  return expires - now < SOON * DAY ? pc.red(text) : text
}

function cut (text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
