import Table from 'cli-table3'
import { shortId } from './event-line.ts'
import type { TrafficEntry } from '@fisco-libp2p/admin'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/**
 * What unicast sent and received as a table for people, what is most first.
 */
export function trafficTable (entries: readonly TrafficEntry[]): string {
  if (entries.length === 0) {
    return 'nothing was sent or received by unicast since nodes are connected'
  }

  const right = 'right' as const
  const table = new Table({ head: ['node', 'node ID', 'protocol', 'sent', 'messages', 'received', 'messages'], colAligns: ['left', 'left', 'left', right, right, right, right], style: { head: [], border: [] } })

  for (const { Node, NodeID, handler, sent, received } of entries.toSorted((a, b) => total(b) - total(a))) {
    table.push([Node || '?', shortId(NodeID), handler || '(others)', size(sent.bytes), sent.messages, size(received.bytes), received.messages])
  }

  return table.toString()
}

function total ({ sent, received }: TrafficEntry): number {
  return sent.bytes + received.bytes
}

function size (bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(bytes || 1) / 10)))

  return `${unit === 0 ? bytes : (bytes / 1024 ** unit).toFixed(1)} ${UNITS[unit]}`
}
