import { LogLimiter } from '@fisco-libp2p/tls'
import { eventLine, nodeText } from './event-line.ts'
import type { Output } from './output.ts'
import type { FiscoNode } from '@fisco-libp2p/node'

type Facts = Pick<Parameters<typeof nodeText>[0], 'name' | 'agency'>

/**
 * Lines for what an operator wants to see: who is connected, who is not, and who was refused why.
 */
export function reportPeers ({ identity, services: { peers } }: FiscoNode, output: Output): void {
  const failures = new LogLimiter()
  const retries = new LogLimiter()
  // a link that is down has no certificate to look at any more
  const up = new Map<string, Facts & { address: string }>()
  const factsAt = (address: string): Partial<Parameters<typeof nodeText>[0]> => {
    const { nodeId, name, agency } = peers.list().find(peer => peer.address === address) ?? {}

    return { nodeId, name, agency }
  }

  peers.addEventListener('peer:up', ({ detail: { nodeId, name, agency, direction, address } }) => {
    up.set(nodeId, { name, agency, address })
    eventLine(output, `connected to ${nodeText({ nodeId, name, agency })} at ${located(address)}`, 'peer:up', { nodeId, name, agency, direction, address })
  })
  peers.addEventListener('peer:down', ({ detail: { nodeId, reason } }) => {
    const facts = up.get(nodeId)
    up.delete(nodeId)
    eventLine(output, `lost ${nodeText({ nodeId, ...facts })}${facts == null ? '' : ` at ${located(facts.address)}`} (${reason})`, 'peer:down', { nodeId, ...facts, reason })
  })
  peers.addEventListener('peer:refused', ({ detail }) => {
    const { address, rule, refusedBy, final, message } = detail
    const facts = factsAt(address)
    eventLine(output, `${place(address, { ...facts, nodeId: detail.nodeId ?? facts.nodeId })} is refused by ${refusedBy === 'us' ? 'this node' : 'the peer'} (${rule})${final ? ' and left alone until something changes here, or for some minutes' : ''}: ${message}`, 'peer:refused', { ...facts, ...detail })
  })
  peers.addEventListener('peer:retry', ({ detail }) => {
    const line = retries.next()

    if (line != null) {
      const { address, delay, attempts, error } = detail
      const facts = factsAt(address)
      eventLine(output, `${place(address, facts)} is dialled again in ${delay} ms, ${attempts} ${attempts === 1 ? 'dial has' : 'dials have'} failed: ${error}${unshown(line)}`, 'peer:retry', { ...facts, ...detail, ...line })
    }
  })
  identity.addEventListener('handshake:rejected', ({ detail }) => {
    // anybody can make handshakes fail: a flood of them must not fill the disk
    const line = failures.next()

    if (line != null) {
      eventLine(output, `${detail.direction} handshake with ${detail.address} failed: ${detail.message}${unshown(line)}`, 'handshake:rejected', { ...detail, ...line })
    }
  })
}

/**
 * An address without the peer ID: who is there is said beside it.
 */
function located (address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '')
}

function place (address: string, { nodeId, name, agency }: Partial<Parameters<typeof nodeText>[0]>): string {
  return nodeId == null ? address : `${nodeText({ nodeId, name, agency })} at ${located(address)}`
}

function unshown ({ suppressed }: { suppressed: number }): string {
  return suppressed === 0 ? '' : ` (${suppressed} more were not shown)`
}
