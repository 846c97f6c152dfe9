import { direct } from '@fisco-libp2p/direct'
import { nodeIdFromPublicKey } from '@fisco-libp2p/identity'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Direct, DirectInit } from '@fisco-libp2p/direct'
import type { NodeId } from '@fisco-libp2p/identity'
import type { ComponentLogger, Connection, Libp2p, Metrics } from '@libp2p/interface'
import type { ServiceFactoryMap } from 'libp2p'

export interface TestNode {
  libp2p: Libp2p<{ direct: Direct }>
  direct: Direct
  nodeId: NodeId
}

export interface TestNodeInit {
  direct?: DirectInit
  metrics?: Metrics
  logger?: ComponentLogger

  /**
   * Services besides.
   */
  services?: ServiceFactoryMap

  /**
   * Largest receive window of a stream, in bytes; libp2p lets it grow to 16 MiB as it sees fit.
   */
  window?: number
}

const base = {
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  // tests connect more often than the defaults allow
  connectionManager: { inboundConnectionThreshold: 1_000 },
  connectionMonitor: { enabled: false }
}

function muxer (window?: number): Pick<typeof base, 'streamMuxers'> {
  return { streamMuxers: [yamux(window == null ? {} : { streamOptions: { maxStreamWindowSize: window } })] }
}

/**
 * Real nodes on 127.0.0.1, and nothing in them besides what the service needs.
 */
export class Network {
  readonly #nodes: Libp2p[] = []

  async node (init: TestNodeInit = {}): Promise<TestNode> {
    const { metrics, window } = init
    const privateKey = await generateKeyPair('secp256k1')
    const libp2p = await createLibp2p({
      ...base,
      ...muxer(window),
      ...(metrics == null ? {} : { metrics: () => metrics }),
      logger: init.logger,
      privateKey,
      services: { direct: direct(init.direct), ...init.services }
    })
    this.#nodes.push(libp2p)

    return { libp2p, direct: libp2p.services.direct, nodeId: nodeIdFromPublicKey(privateKey.publicKey) }
  }

  /**
   * Two of them, the first connected to the second.
   */
  async pair (a: TestNodeInit = {}, b: TestNodeInit = {}): Promise<[TestNode, TestNode]> {
    const nodes: [TestNode, TestNode] = [await this.node(a), await this.node(b)]
    await this.connect(...nodes)

    return nodes
  }

  /**
   * One that speaks libp2p and nothing else.
   */
  async bare (window?: number): Promise<{ libp2p: Libp2p, nodeId: NodeId }> {
    const privateKey = await generateKeyPair('secp256k1')
    const libp2p = await createLibp2p({ ...base, ...muxer(window), privateKey })
    this.#nodes.push(libp2p)

    return { libp2p, nodeId: nodeIdFromPublicKey(privateKey.publicKey) }
  }

  /**
   * Resolves when both sides know the connection.
   */
  async connect (from: { libp2p: Libp2p }, to: { libp2p: Libp2p }): Promise<Connection> {
    const accepted = new Promise<void>(resolve => {
      to.libp2p.addEventListener('connection:open', () => { resolve() }, { once: true })
    })
    const connection = await from.libp2p.dial(to.libp2p.getMultiaddrs())
    await accepted

    return connection
  }

  async stop (): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map(async node => { await node.stop() }))
  }
}

/**
 * The name of the error that a promise rejects with, or `ok`.
 */
export async function outcome (promise: Promise<unknown>): Promise<string> {
  return promise.then(() => 'ok', err => err.name)
}

/**
 * The error that a promise rejects with.
 */
export async function failure (promise: Promise<unknown>): Promise<Error> {
  return promise.then(() => { throw new Error('it did not fail') }, err => err)
}

/**
 * Bytes that tell where they are: a checker sees any that is lost, doubled or moved.
 */
export function pattern (length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length)

  for (let i = 0; i < length; i++) {
    bytes[i] = (i * 31 + (i >>> 8) * 17 + (i >>> 16) * 7 + seed) & 0xff
  }

  return bytes
}

/**
 * Something that a test waits for.
 */
export interface Gate<T = void> {
  promise: Promise<T>
  open(value: T): void
}

export function gate<T = void> (): Gate<T> {
  const { promise, resolve } = Promise.withResolvers<T>()

  return { promise, open: resolve }
}
