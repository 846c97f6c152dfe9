import { muxer } from '@fisco-libp2p/muxer'
import { STATUS_SEQ_PROTOCOL, statusSeq } from '@fisco-libp2p/status-seq'
import { createIdentities, seededRandom, TOPOLOGIES } from '@fisco-libp2p/test-kit'
import { caTlsTcp } from '@fisco-libp2p/tls'
import { createLibp2p } from 'libp2p'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { StatusChange, StatusSeq } from '@fisco-libp2p/status-seq'
import type { Topology } from '@fisco-libp2p/test-kit'
import type { Libp2p } from 'libp2p'

type StatusNode = Libp2p<{ statusSeq: StatusSeq }>

/**
 * Milliseconds between two changes.
 */
const PAUSE = 500

/**
 * Changes of real nodes, all in this process, over TCP and TLS on 127.0.0.1.
 *
 * @param count - of nodes
 * @returns milliseconds until all others have each change
 */
export async function realSpread (shape: Topology, count: number, changes: number): Promise<number[]> {
  const identities = await createIdentities(count, { keyType: 'secp256k1' })
  const random = seededRandom(count)
  const nodes = await Promise.all(identities.map(start))
  const times: number[] = []

  try {
    for (const [a, b] of TOPOLOGIES[shape](count, random)) {
      await nodes[a].dial(nodes[b].getMultiaddrs())
    }

    // all know each other, and their neighbours
    await Promise.all(nodes.map(async (_, i) => spread(nodes, i, identities[i].nodeId, Uint8Array.of(0))))
    await new Promise(resolve => { setTimeout(resolve, 10 * PAUSE) })

    for (let i = 0; i < changes; i++) {
      const owner = Math.floor(random() * count)
      times.push(await spread(nodes, owner, identities[owner].nodeId, Uint8Array.of(1, i)))
      await new Promise(resolve => { setTimeout(resolve, PAUSE) })
    }
  } finally {
    await Promise.all(nodes.map(async node => node.stop()))
  }

  return times
}

async function start (identity: Identity): Promise<StatusNode> {
  return createLibp2p({
    privateKey: identity.privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/tls'] },
    transports: [caTlsTcp({ identity })],
    streamMuxers: [muxer({ early: [STATUS_SEQ_PROTOCOL] })],
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: Infinity },
    connectionMonitor: { enabled: false },
    services: { statusSeq: statusSeq({ identity }) }
  })
}

/**
 * Sets an entry of one node, and waits until all others have it.
 */
async function spread (nodes: StatusNode[], owner: number, nodeId: NodeId, value: Uint8Array): Promise<number> {
  const others = nodes.filter((_, i) => i !== owner)
  const known = others.map(async ({ services: { statusSeq } }) => new Promise<void>(resolve => {
    const onChange = ({ detail }: CustomEvent<StatusChange>): void => {
      if (detail.nodeId === nodeId && Buffer.compare(detail.record.entries.get('value') ?? new Uint8Array(), value) === 0) {
        statusSeq.removeEventListener('status:change', onChange)
        resolve()
      }
    }

    statusSeq.addEventListener('status:change', onChange)
  }))
  const begin = performance.now()
  nodes[owner].services.statusSeq.set('value', value)
  await Promise.all(known)

  return performance.now() - begin
}
