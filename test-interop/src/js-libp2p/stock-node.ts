// A stock js-libp2p node, of upstream's packages alone, in a process of its own: told by JSON lines on standard input what to do,
// it answers by JSON lines on standard output. Its log (DEBUG) goes to standard error, as always.
import { createInterface } from 'node:readline'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { pEvent } from 'p-event'
import type { Order, StockEvent, StockSettings } from './orders.ts'

const settings: StockSettings = JSON.parse(process.argv[2])

const node = await createLibp2p({
  privateKey: privateKeyFromProtobuf(Buffer.from(settings.key, 'hex')),
  addresses: { listen: [`/ip4/127.0.0.1/tcp/${settings.port}`] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: {
    identify: identify(),
    ping: ping(),
    pubsub: gossipsub(settings.signed ? {} : { globalSignaturePolicy: 'StrictNoSign' })
  }
})
const { pubsub } = node.services

function say (line: StockEvent | { number: number, result?: unknown, error?: string }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/**
 * Sends bytes on a stream of a protocol, and resolves with what comes back: bytes, or how the stream ended.
 */
async function exchange (peer: string, protocol: string, bytes: string): Promise<string> {
  const [connection] = node.getConnections(peerIdFromString(peer))
  const stream = await connection.newStream(protocol)

  try {
    return await new Promise<string>((resolve, reject) => {
      AbortSignal.timeout(5_000).addEventListener('abort', () => { resolve('silence') })
      stream.addEventListener('message', ({ data }) => { resolve(Buffer.from(data.subarray()).toString('hex')) })
      stream.addEventListener('close', ({ error }) => { resolve(`closed: ${error?.message ?? 'without an error'}`) })

      if (!stream.send(Buffer.from(bytes, 'hex'))) {
        reject(new Error('a few bytes do not fit'))
      }
    })
  } finally {
    stream.abort(new Error('all was seen'))
  }
}

/**
 * What identify has learnt of a peer, or learns soon: it asks by itself when a connection opens.
 */
async function agentOf (peer: string): Promise<string> {
  for (;;) {
    const found = (await node.peerStore.get(peerIdFromString(peer))).metadata.get('AgentVersion')

    if (found != null) {
      return Buffer.from(found).toString()
    }

    await pEvent(node, 'peer:identify', { timeout: 10_000 })
  }
}

async function obey (order: Order): Promise<unknown> {
  switch (order.do) {
    case 'dial':
      return (await node.dial(multiaddr(order.address), { signal: AbortSignal.timeout(10_000) })).remotePeer.toString()
    case 'ping':
      return node.services.ping.ping(peerIdFromString(order.peer), { signal: AbortSignal.timeout(5_000) })
    case 'agent':
      return agentOf(order.peer)
    case 'subscribe':
      pubsub.subscribe(order.topic)
      return
    case 'subscribers':
      return pubsub.getSubscribers(order.topic).map(String)
    case 'publish':
      return (await pubsub.publish(order.topic, Buffer.from(order.data))).recipients.map(String)
    case 'exchange':
      return exchange(order.peer, order.protocol, order.bytes)
    case 'peers':
      return node.getPeers().map(String)
    case 'alone':
      while (node.getConnections().length > 0) {
        await pEvent(node, 'connection:close', { timeout: 10_000 })
      }

      return
    case 'stop':
      await node.stop()
  }
}

for (const protocol of settings.protocols) {
  await node.handle(protocol, stream => {
    stream.addEventListener('message', ({ data }) => { say({ event: 'received', protocol, bytes: data.byteLength }) })
  })
}

pubsub.addEventListener('message', ({ detail: { topic, data } }) => { say({ event: 'message', topic, data: Buffer.from(data).toString() }) })
pubsub.addEventListener('subscription-change', ({ detail: { peerId, subscriptions } }) => {
  subscriptions.forEach(({ topic, subscribe }) => { say({ event: 'subscription', peer: peerId.toString(), topic, subscribe }) })
})

createInterface(process.stdin).on('line', line => {
  const { number, order }: { number: number, order: Order } = JSON.parse(line)

  obey(order).then(result => { say({ number, result }) }, err => { say({ number, error: `${err.name}: ${err.message}` }) }).finally(() => {
    if (order.do === 'stop') {
      process.exit()
    }
  })
}).on('close', () => { process.exit() }) // whoever started it is gone

say({ event: 'ready', peer: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) })
