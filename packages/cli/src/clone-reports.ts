import { eventLine, nodeFacts, nodeText, startTime } from './event-line.ts'
import type { Output } from './output.ts'
import type { FiscoNode } from '@fisco-libp2p/node'

/**
 * Lines for a key that two processes use: this node's own, or that of another node.
 */
export function reportClones (node: FiscoNode, output: Output): void {
  const { identity, services: { statusSeq } } = node
  const { nodeId, name, agency } = identity
  const self = nodeText({ nodeId, name, agency })

  statusSeq.addEventListener('status:self-superseded', ({ detail: { found, incarnation } }) => {
    const { addresses } = statusSeq.describe(found)

    eventLine(output, `others hold a newer status of this node ${self}, of ${startTime(found.incarnation)}${listens(addresses)}: this node's data was lost and its clock set back, or another process uses its key. It goes on above that one`, 'status:self-superseded', {
      nodeId, name, found: { incarnation: found.incarnation, seq: found.seq, addresses }, incarnation
    })
  })
  statusSeq.addEventListener('identity:cloned', ({ detail: { incarnation, address, found } }) => {
    const addresses = found == null ? undefined : statusSeq.describe(found).addresses
    const where = address == null ? listens(addresses) : `, met at ${address}`

    eventLine(output, `WARNING: another process uses the key of this node ${self}: it was started at ${startTime(incarnation)}${where}. Others keep the link of one of both, and throw the other out. Find that process and stop it; if it is not yours, the key is stolen: have the certificate revoked (fisco-p2p cert revoke ${name} --reason keyCompromise), and go on with a new key`, 'identity:cloned', {
      nodeId, name, agency, incarnation, address, addresses
    })
  })
  statusSeq.addEventListener('node:cloned', ({ detail: { nodeId, incarnation, address } }) => {
    const facts = nodeFacts(node, nodeId)

    eventLine(output, `WARNING: two processes use the key of node ${nodeText(facts)}: the one that was started first, at ${startTime(incarnation)}, comes again and again from ${address ?? ''}, and the other one is there. Tell its operator: one of them is to be stopped; if it is not theirs, the key is stolen, and the certificate has to be revoked`, 'node:cloned', {
      ...facts, incarnation, address
    })
  })
}

function listens (addresses: readonly string[] = []): string {
  return addresses.length === 0 ? '' : `, which listens on ${addresses.join(', ')}`
}
