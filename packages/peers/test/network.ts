import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { peers } from '@fisco-libp2p/peers'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Peers, PeersComponents, PeersInit, PeerStatus } from '@fisco-libp2p/peers'
import type { Identify } from '@libp2p/identify'
import type { Connection, Libp2p, Metrics } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import type { AddressInfo, Server, Socket } from 'node:net'

export type TestNode = Libp2p<{ identify: Identify, peers: Peers }>

/**
 * Delays that a test can wait for.
 */
export const FAST: PeersInit = { minDelay: 20, maxDelay: 100, stableAfter: 10 }

/**
 * Nodes and servers of one test, and their end.
 */
export class TestNetwork {
  readonly #nodes: TestNode[] = []
  readonly #servers: Array<{ server: Server, sockets: Set<Socket> }> = []

  async node (init: PeersInit = {}, options: Partial<Libp2pOptions> & { port?: number, peersMetrics?: Metrics } = {}): Promise<TestNode> {
    const { port = 0, peersMetrics, ...rest } = options
    // the declared components, and no others
    const service = ({ privateKey, peerId, connectionManager, events, peerStore, logger, registrar, connectionGater }: PeersComponents): Peers => {
      return peers({ ...FAST, ...init })({ privateKey, peerId, connectionManager, events, peerStore, logger, registrar, connectionGater, metrics: peersMetrics })
    }

    const node = await createLibp2p({
      privateKey: await generateKeyPair('secp256k1'),
      addresses: { listen: [`/ip4/127.0.0.1/tcp/${port}`] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionManager: { inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 1_000 },
      connectionMonitor: { enabled: false },
      ...rest,
      services: { identify: identify(), peers: service }
    })
    this.#nodes.push(node)

    return node
  }

  /**
   * A TCP server that is no node.
   *
   * @returns its port, and the sockets that are open
   */
  async server (onSocket: (socket: Socket) => void = () => {}): Promise<{ port: number, sockets: Set<Socket> }> {
    const sockets = new Set<Socket>()
    const server = createServer(socket => {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => { sockets.delete(socket) }).resume()
      onSocket(socket)
    })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    this.#servers.push({ server, sockets })

    return { port: (server.address() as AddressInfo).port, sockets }
  }

  async stop (): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map(async node => { await node.stop() }))
    await Promise.all(this.#servers.splice(0).map(async ({ server, sockets }) => {
      sockets.forEach(socket => { socket.destroy() })
      await new Promise(resolve => { server.close(resolve) })
    }))
  }
}

/**
 * A port on which nothing listens, outside of the range from which systems take the ports of outbound connections: it
 * stays free while a test has its node stopped.
 */
export async function freePort (): Promise<number> {
  const port = randomInt(12_000, 32_000)
  const server = createServer()
  const isFree = await new Promise<boolean>(resolve => {
    server.on('error', () => { resolve(false) }).listen(port, '127.0.0.1', () => { resolve(true) })
  })
  server.close()

  return isFree ? port : freePort()
}

/**
 * Where a node listens, without its peer ID.
 */
export function addressOf (node: TestNode): Multiaddr {
  return node.getMultiaddrs()[0].decapsulate('/p2p')
}

export function portOf (node: TestNode): number {
  return Number(addressOf(node).getComponents()[1].value)
}

/**
 * Waits for a condition, looking whenever something happened to the links of a node. That an address was found to be
 * the node's own has no event: for this it looks from time to time.
 */
export async function until (nodes: TestNode | TestNode[], condition: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    if (condition()) {
      resolve()
    }
  }

  const targets = [nodes].flat().flatMap((node): Array<[EventTarget, string]> => [
    [node, 'connection:open'], [node, 'connection:close'],
    ...['peer:up', 'peer:down', 'peer:retry', 'peer:refused'].map((name): [EventTarget, string] => [node.services.peers, name])
  ])
  targets.forEach(([target, name]) => { target.addEventListener(name, look) })
  const timer = setInterval(look, 20)

  try {
    look()
    await promise
  } finally {
    clearInterval(timer)
    targets.forEach(([target, name]) => { target.removeEventListener(name, look) })
  }
}

/**
 * Waits until every configured peer is connected (or is the node itself).
 */
export async function connected (...nodes: TestNode[]): Promise<void> {
  await until(nodes, () => nodes.every(node => node.services.peers.list().every(({ state }) => state === 'connected' || state === 'self')))
}

export function states (node: TestNode): Array<PeerStatus['state']> {
  return node.services.peers.list().map(({ state }) => state)
}

export function openConnections (node: TestNode, to?: TestNode): Connection[] {
  return node.getConnections(to?.peerId).filter(connection => connection.status === 'open')
}

/**
 * Collects `up` and `down`, with the node's ID abbreviated, from now on.
 */
export function recordLinks (node: TestNode): string[] {
  const events: string[] = []
  node.services.peers.addEventListener('peer:up', evt => { events.push(`up ${evt.detail.peerId}`) })
  node.services.peers.addEventListener('peer:down', evt => { events.push(`down ${evt.detail.peerId}`) })

  return events
}
