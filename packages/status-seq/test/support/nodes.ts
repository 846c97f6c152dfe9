import { statusSeq } from '@fisco-libp2p/status-seq'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { StatusRecord, StatusSeq, StatusSeqInit } from '@fisco-libp2p/status-seq'
import type { Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

/**
 * A libp2p node with nothing but what status needs.
 */
export interface TestNode extends AsyncDisposable {
  libp2p: Libp2p<{ statusSeq: StatusSeq }>
  identity: Identity
  nodeId: NodeId
  status: StatusSeq

  connect(other: { libp2p: Libp2p }): Promise<void>

  /**
   * Resolves when the record of a node is as asked for.
   */
  sees(nodeId: NodeId, is?: (record: StatusRecord) => boolean): Promise<StatusRecord>
}

export interface TestNodeOptions extends StatusSeqInit {
  datastore?: Libp2pOptions['datastore']
  logger?: Libp2pOptions['logger']
  before?(status: StatusSeq): void
}

/**
 * Bare libp2p options, for nodes with and without the plugin.
 */
export function libp2pOptions (identity: Identity): Libp2pOptions {
  return {
    privateKey: identity.privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: Infinity, reconnectRetries: 0 },
    connectionMonitor: { enabled: false }
  }
}

export async function startNode (identity: Identity, { datastore, logger, before, ...init }: TestNodeOptions = {}): Promise<TestNode> {
  const libp2p = await createLibp2p({
    ...libp2pOptions(identity),
    datastore,
    logger,
    start: false,
    services: { statusSeq: statusSeq({ interval: 200, ...init }) }
  })

  const status = libp2p.services.statusSeq

  before?.(status)
  await libp2p.start()

  return {
    libp2p,
    identity,
    status,
    nodeId: identity.nodeId,
    connect: async other => { await libp2p.dial(other.libp2p.getMultiaddrs()) },
    sees: async (nodeId, is) => sees(status, nodeId, is),
    [Symbol.asyncDispose]: async () => { await libp2p.stop() }
  }
}

export async function startNodes (identities: Identity[], options?: TestNodeOptions): Promise<TestNode[] & AsyncDisposable> {
  const nodes = await Promise.all(identities.map(async identity => startNode(identity, options)))

  return Object.assign(nodes, {
    [Symbol.asyncDispose]: async () => { await Promise.all(nodes.map(async node => node.libp2p.stop())) }
  })
}

async function sees (status: StatusSeq, nodeId: NodeId, is: (record: StatusRecord) => boolean = () => true): Promise<StatusRecord> {
  return new Promise(resolve => {
    const check = (): void => {
      const record = status.get(nodeId)

      if (record != null && is(record)) {
        status.removeEventListener('status:change', check)
        resolve(record)
      }
    }

    status.addEventListener('status:change', check)
    check()
  })
}

/**
 * Names of the entries that are not the stack's own.
 */
export function names (record: StatusRecord | undefined): string[] {
  return [...record?.entries.keys() ?? []].filter(name => !name.startsWith('fisco/'))
}

export function text (record: StatusRecord | undefined, name: string): string | undefined {
  const value = record?.entries.get(name)

  return value == null ? undefined : Buffer.from(value).toString()
}

/**
 * The next event of a status service that fits.
 */
export async function next <T> (status: StatusSeq, type: Parameters<StatusSeq['addEventListener']>[0], is: (detail: T) => boolean = () => true): Promise<T> {
  return new Promise(resolve => {
    const listener = (event: Event): void => {
      const detail: T = (event as CustomEvent<T>).detail

      if (is(detail)) {
        status.removeEventListener(type, listener)
        resolve(detail)
      }
    }

    status.addEventListener(type, listener)
  })
}
