import { accessControl } from '@fisco-libp2p/access'
import { createNode, nodeDefaults } from '@fisco-libp2p/node'
import { freePorts } from '@fisco-libp2p/test-kit'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { LogKeeper } from './log-keeper.ts'
import { StockProcess } from './stock-process.ts'
import type { StockSettings } from './orders.ts'
import type { HandshakeRejection, Identity } from '@fisco-libp2p/identity'
import type { FiscoNode, NodeServices } from '@fisco-libp2p/node'
import type { Libp2p } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'

/**
 * A node of ours, stopped at the end of the scope that holds it.
 */
export interface OurNode<Node extends Libp2p<NodeServices>> extends AsyncDisposable {
  node: Node
  identity: Identity

  /**
   * What its event `handshake:rejected` told.
   */
  rejections: HandshakeRejection[]

  /**
   * What its transport, `direct` and `status-seq` wrote into its log.
   */
  log: LogKeeper
}

const KEPT = /^(fisco-libp2p|libp2p:status-seq)/

/**
 * A node by `createNode`: its one door is TLS.
 */
export async function ourNode (identity: Identity, peers: string[] = []): Promise<OurNode<FiscoNode>> {
  const [port] = await freePorts(1)
  const log = new LogKeeper(KEPT)

  return held(await createNode({ identity, listen: [`/ip4/127.0.0.1/tcp/${port}/tls`], peers, logger: log }), identity, log)
}

/**
 * The services of {@link bothWorlds}.
 */
export type BothServices = NodeServices & { ping: Ping }

/**
 * A node by `nodeDefaults` with libp2p's tcp and noise beside them. That is a second door: where it is allowed, whoever has a key comes in by it, a certificate is not asked for.
 *
 * @param allow - node IDs that alone are accepted, by either door
 * @param uncertified - what becomes of those who come in by it
 */
export async function bothWorlds (identity: Identity, allow: string[] = [], uncertified: 'allow' | 'refuse' = 'allow'): Promise<OurNode<Libp2p<BothServices>>> {
  const [secured, plain] = await freePorts(2)
  const defaults = nodeDefaults({ identity, listen: [`/ip4/127.0.0.1/tcp/${secured}/tls`], allow })
  const log = new LogKeeper(KEPT)
  const node = await createLibp2p<BothServices>({
    ...defaults,
    logger: log,
    addresses: { listen: [...defaults.addresses?.listen ?? [], `/ip4/127.0.0.1/tcp/${plain}`] },
    transports: [...defaults.transports ?? [], tcp()],
    connectionEncrypters: [noise()],
    services: { ...defaults.services, access: accessControl({ uncertified }), ping: ping() }
  })

  return held(node, identity, log)
}

/**
 * A stock node on a free port, with a key of its own.
 */
export async function stockNode (settings: Partial<StockSettings> = {}): Promise<StockProcess> {
  return StockProcess.start(await stockSettings(settings))
}

/**
 * What a stock node can be started with again.
 */
export async function stockSettings (settings: Partial<StockSettings> = {}): Promise<StockSettings> {
  const [port] = await freePorts(1)
  const key = privateKeyToProtobuf(await generateKeyPair('Ed25519'))

  return { port, key: Buffer.from(key).toString('hex'), signed: false, protocols: [], ...settings }
}

/**
 * Where a node listens without TLS, or with it: without a peer id.
 */
export function addressOf (node: Libp2p, door: 'tls' | 'plain'): string {
  const found = node.getMultiaddrs().map(address => address.toString().replace(/\/p2p\/.*/, '')).find(address => address.endsWith('/tls') === (door === 'tls'))

  if (found == null) {
    throw new Error(`the node has no ${door} address`)
  }

  return found
}

function held <Node extends Libp2p<NodeServices>> (node: Node, identity: Identity, log: LogKeeper): OurNode<Node> {
  const rejections: HandshakeRejection[] = []
  const note = ({ detail }: CustomEvent<HandshakeRejection>): void => { rejections.push(detail) }

  identity.addEventListener('handshake:rejected', note)

  return {
    node,
    identity,
    rejections,
    log,
    async [Symbol.asyncDispose] () {
      identity.removeEventListener('handshake:rejected', note)
      await node.stop()
    }
  }
}
