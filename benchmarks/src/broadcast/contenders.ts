import { loadIdentity } from '@fisco-libp2p/identity'
import { createNode } from '@fisco-libp2p/node'
import { BROADCAST_TOPIC } from '@fisco-libp2p/topics'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { gossipTraffic } from './gossip-traffic.ts'
import type { StartBroadcastNode } from './broadcast-node.ts'
import type { Direct } from '@fisco-libp2p/direct'

const TOPIC = 'broadcast'

/**
 * The whole node as an operator runs it.
 */
const node: StartBroadcastNode = async (credentials, onMessage) => {
  const libp2p = await createNode({ identity: await loadIdentity(credentials), listen: ['/ip4/127.0.0.1/tcp/0/tls'], start: false })
  const { pubsub, topics, peers, direct } = libp2p.services
  const ofGossip = gossipTraffic(pubsub)
  const copiesByUnicast = countCalls(direct, 'fisco/topics/message')
  topics.addEventListener('broadcast:message', ({ detail }) => { onMessage(detail.data) })
  await libp2p.start()

  return {
    address: String(libp2p.getMultiaddrs()[0]),
    connect: async address => { peers.add(address) },
    neighbours: () => pubsub.getSubscribers(BROADCAST_TOPIC).length,
    broadcast: async data => { await topics.broadcast(data) },
    traffic: () => {
      const { copies, control } = ofGossip()

      return { copies: copies + copiesByUnicast(), control }
    },
    close: async () => { await libp2p.stop() }
  }
}

/**
 * Counts what comes for a handler that is not registered yet, since it was asked last.
 */
function countCalls (direct: Direct, counted: string): () => number {
  const handle: Direct['handle'] = direct.handle.bind(direct)
  let count = 0

  direct.handle = (name, handler, options) => {
    handle(name, name !== counted
      ? handler
      : async (data, context) => {
        count++

        return handler(data, context)
      }, options)
  }

  return () => {
    const before = count
    count = 0

    return before
  }
}

/**
 * js-libp2p as it is mostly used, with the one setting without which more than 13 nodes of one address shut each other out.
 */
function stock (globalSignaturePolicy: 'StrictSign' | 'StrictNoSign'): StartBroadcastNode {
  return async (credentials, onMessage) => {
    const { privateKey } = await loadIdentity(credentials)
    const libp2p = await createLibp2p({
      privateKey,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionManager: { inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 10_000 },
      connectionMonitor: { enabled: false },
      services: {
        identify: identify(),
        pubsub: gossipsub({ globalSignaturePolicy, allowPublishToZeroTopicPeers: true, scoreParams: { IPColocationFactorWeight: 0 } })
      }
    })
    const { pubsub } = libp2p.services
    pubsub.addEventListener('message', ({ detail }) => { onMessage(detail.data) })
    pubsub.subscribe(TOPIC)

    return {
      address: String(libp2p.getMultiaddrs()[0]),
      connect: async address => { await libp2p.dial(multiaddr(address)) },
      neighbours: () => pubsub.getSubscribers(TOPIC).length,
      broadcast: async data => { await pubsub.publish(TOPIC, data) },
      traffic: gossipTraffic(pubsub),
      close: async () => { await libp2p.stop() }
    }
  }
}

/**
 * All that broadcasts, by the names that stand in reports.
 */
export const BROADCASTERS = {
  node,
  'stock StrictNoSign': stock('StrictNoSign'),
  'stock StrictSign': stock('StrictSign')
} satisfies Record<string, StartBroadcastNode>

export type BroadcasterName = keyof typeof BROADCASTERS
