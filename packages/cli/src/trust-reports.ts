import { LogLimiter } from '@fisco-libp2p/tls'
import { eventLine, nodeFacts, nodeText } from './event-line.ts'
import type { Output } from './output.ts'
import type { FiscoNode, ReloadReport } from '@fisco-libp2p/node'

/**
 * Lines for who is disconnected, and whose certificates end.
 */
export function reportTrust (node: FiscoNode, output: Output): void {
  const { access } = node.services
  const limiter = new LogLimiter()

  access.addEventListener('access:closed', ({ detail: { nodeId, rule, message, address } }) => {
    const facts = nodeId == null ? {} : nodeFacts(node, nodeId)
    eventLine(output, `disconnected ${nodeId == null ? '' : `${nodeText({ nodeId, ...facts })} at `}${address} (${rule}): ${message}`, 'access:closed', { ...facts, rule, message, address })
  })
  access.addEventListener('certificate:expiring', ({ detail }) => {
    // others say when their certificates end, and may say it again and again
    const allowed = detail.own ? { suppressed: 0 } : limiter.next()

    if (allowed != null) {
      const { own, nodeId, name, certificate, notAfter, days } = detail
      eventLine(output, `${own ? 'this node' : nodeText({ nodeId, name })}: ${certificate} ${days === 0 ? 'has ended' : `ends within ${days} ${days === 1 ? 'day' : 'days'},`} at ${new Date(notAfter).toISOString()}`, 'certificate:expiring', detail)
    }
  })
  access.addEventListener('certificate:refused', ({ detail }) => {
    eventLine(output, `others refuse this node: ${detail.message}`, 'certificate:refused', detail)
  })
  access.addEventListener('clock:skew', ({ detail }) => {
    const { offset, neighbours, skewed } = detail
    eventLine(output, `this clock is ${Math.abs(offset)} ms ${offset > 0 ? 'behind' : 'ahead of'} those of ${neighbours} neighbours${skewed ? ': set it' : ', which is fine again'}`, 'clock:skew', detail)
  })
}

/**
 * Lines for what a node took from its files.
 */
export function reportReload ({ changed, errors, warnings }: ReloadReport, output: Output): void {
  for (const { message } of errors) {
    eventLine(output, `reload: what was in force stays: ${message}`, 'reload:failed', { message })
  }

  for (const warning of warnings) {
    eventLine(output, `reload: ${warning}`, 'warning', { warning })
  }

  if (changed.length > 0) {
    eventLine(output, `reload: ${newText(changed)}`, 'reload', { changed })
  }
}

/**
 * What a node took from its files, in words.
 */
export function newText (changed: readonly string[]): string {
  return `${changed.join(', ')} ${changed.length === 1 && !changed[0].endsWith('s') ? 'is' : 'are'} new`
}
