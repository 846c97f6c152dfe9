import Table from 'cli-table3'
import pc from 'picocolors'
import { duration } from './duration.ts'
import { shortId } from './event-line.ts'
import type { CrlEntry, TrustEntry } from '@fisco-libp2p/admin'

const DAY = 86_400_000

/**
 * Days before an end from which on it is shown in yellow, and in red.
 */
const SOON = 30
const VERY_SOON = 7

/**
 * What ends when, for people: the first end first.
 *
 * @param now - unix milliseconds
 */
export function expiryTable ({ calendar, anchors, crls, clock }: TrustEntry, now: number): string {
  const table = new Table({ head: ['ends', 'in', 'whose', 'node ID or key', 'what'], style: { head: [], border: [] } })
  const rows = [
    ...calendar.map(({ expires, Node, Agency, NodeID, certificate, self }) => ({ ends: expires, whose: `${Node}, agency ${Agency}${self ? ' (this node)' : ''}`, id: NodeID, what: certificate })),
    ...anchors.map(({ expires, subject, keyHash }) => ({ ends: expires, whose: 'trusted CA', id: keyHash, what: subject })),
    ...crls.map(crl => ({ ends: crl.nextUpdate ?? Infinity, whose: useOf(crl), id: crl.issuerKeyHash ?? '', what: describeCrl(crl) }))
  ]

  for (const { ends, whose, id, what } of rows.sort((a, b) => a.ends - b.ends)) {
    table.push([dateOf(ends), daysLeft(ends, now), whose, id === '' ? 'not seen yet' : shortId(id), what])
  }

  return `${table.toString()}\n${describeClock(clock)}`
}

function describeCrl ({ issuer, number, revoked }: CrlEntry): string {
  return `CRL ${number == null ? '' : `number ${number} `}of ${issuer}: ${revoked} revoked`
}

function useOf ({ files, required }: CrlEntry): string {
  return files.length === 0 ? 'learnt from others' : `${files.join(', ')}${required ? '' : ' (may be out of date)'}`
}

function dateOf (time: number): string {
  const date = new Date(time)

  return Number.isNaN(date.getTime()) ? 'never' : date.toISOString().slice(0, 19).replace('T', ' ')
}

function daysLeft (time: number, now: number): string {
  const days = (time - now) / DAY
  const text = days === Infinity ? '' : days <= 0 ? 'has ended' : duration(time - now)

  return days < VERY_SOON ? pc.red(text) : days < SOON ? pc.yellow(text) : text
}

function describeClock ({ offset, neighbours }: TrustEntry['clock']): string {
  const count = Object.keys(neighbours).length

  return offset == null ? 'No neighbour has told its time.' : `This node's clock is ${Math.abs(offset)} ms ${offset > 0 ? 'behind' : 'ahead of'} those of ${count} neighbours (their median).`
}
