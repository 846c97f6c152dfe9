import { LogLimiter } from '@fisco-libp2p/tls'
import type { Output } from './output.ts'
import type { FiscoNode, ReloadReport } from '@fisco-libp2p/node'

/**
 * Lines for who is disconnected, and whose certificates end.
 */
export function reportTrust ({ services: { access } }: FiscoNode, output: Output): void {
  const limiter = new LogLimiter()

  access.addEventListener('access:closed', ({ detail: { nodeId, rule, message, address } }) => {
    line(output, `disconnected ${nodeId} (${rule}): ${message}`, 'access:closed', { nodeId, rule, message, address })
  })
  access.addEventListener('certificate:expiring', ({ detail }) => {
    // others say when their certificates end, and may say it again and again
    const allowed = detail.own ? { suppressed: 0 } : limiter.next()

    if (allowed != null) {
      const { own, nodeId, name, certificate, notAfter, days } = detail
      line(output, `${own ? 'this node' : `${nodeId} ("${name}")`}: ${certificate} ${days === 0 ? 'has ended' : `ends within ${days} ${days === 1 ? 'day' : 'days'},`} at ${new Date(notAfter).toISOString()}`, 'certificate:expiring', detail)
    }
  })
  access.addEventListener('certificate:refused', ({ detail }) => {
    line(output, `others refuse this node: ${detail.message}`, 'certificate:refused', detail)
  })
  access.addEventListener('clock:skew', ({ detail }) => {
    const { offset, neighbours, skewed } = detail
    line(output, `this clock is ${Math.abs(offset)} ms ${offset > 0 ? 'behind' : 'ahead of'} those of ${neighbours} neighbours${skewed ? ': set it' : ', which is fine again'}`, 'clock:skew', detail)
  })
}

/**
 * Lines for what a node took from its files.
 */
export function reportReload ({ changed, errors, warnings }: ReloadReport, output: Output): void {
  for (const { message } of errors) {
    line(output, `reload: what was in force stays: ${message}`, 'reload:failed', { message })
  }

  for (const warning of warnings) {
    line(output, `reload: ${warning}`, 'warning', { warning })
  }

  if (changed.length > 0) {
    line(output, `reload: new are ${changed.join(', ')}`, 'reload', { changed })
  }
}

function line (output: Output, text: string, event: string, detail: object): void {
  output.result(`${new Date().toISOString()} ${text}`, { event, time: Date.now(), ...detail })
}
