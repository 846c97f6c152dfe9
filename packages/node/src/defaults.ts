import { accessControl, accessGater } from '@fisco-libp2p/access'
import { direct, DIRECT_PROTOCOLS } from '@fisco-libp2p/direct'
import { muxer } from '@fisco-libp2p/muxer'
import { MAX_MEMBERS, peers } from '@fisco-libp2p/peers'
import { statusSeq } from '@fisco-libp2p/status-seq'
import { caTlsTcp } from '@fisco-libp2p/tls'
import { gossipsubDefaults, topics } from '@fisco-libp2p/topics'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { multiaddr } from '@multiformats/multiaddr'
import { CONNECTIONS_PER_MEMBER, DEFAULT_MEMBERS, MAX_STREAMS_PER_CONNECTION, NODE_INFO } from './constants.ts'
import type { NodeServices } from './services.ts'
import type { AccessLists } from '@fisco-libp2p/access'
import type { DirectInit } from '@fisco-libp2p/direct'
import type { Identity } from '@fisco-libp2p/identity'
import type { PeersInit } from '@fisco-libp2p/peers'
import type { TopicsInit } from '@fisco-libp2p/topics'
import type { ConnectionGater } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'

/**
 * What {@link nodeDefaults} builds a node from.
 */
export interface NodeSettings {
  /**
   * Who the node is, and whom it trusts.
   */
  identity: Identity

  /**
   * Where it listens.
   *
   * @default [], a node that only dials
   */
  listen?: ReadonlyArray<string | Multiaddr>

  /**
   * Whom it keeps connected.
   *
   * @default []
   */
  peers?: ReadonlyArray<string | Multiaddr>

  /**
   * Node IDs that are refused.
   *
   * @default []
   */
  deny?: readonly string[]

  /**
   * Node IDs that alone are accepted; nobody named means everybody with a good certificate.
   *
   * @default []
   */
  allow?: readonly string[]

  /**
   * How many members the network has at most, which connection limits follow from.
   *
   * @default 200
   */
  members?: number

  /**
   * How links are kept; see the options of the same names of `@fisco-libp2p/peers`.
   *
   * @default `maxMembers` is `members`; else its defaults
   */
  links?: Pick<PeersInit, 'linkTimeout' | 'maxDelay' | 'maxMembers' | 'maxUnconfigured' | 'maxAddresses'>

  /**
   * Limits of unicast; see the options of the same names of `@fisco-libp2p/direct`.
   *
   * @default its defaults
   */
  unicast?: Pick<DirectInit, 'maxMessageSize' | 'bytesPerSecond' | 'bytesPerSecondPerPeer'>

  /**
   * Topics that only some may use, and what is kept of reliable ones; see the options of the same names of `@fisco-libp2p/topics`.
   *
   * @default its defaults
   */
  topics?: Pick<TopicsInit, 'restricted' | 'history'>

  /**
   * Gets the session keys of every connection, as lines of an NSS key log. Whoever has them reads all traffic.
   *
   * @default none
   */
  keyLog? (line: Uint8Array): void
}

/**
 * What {@link nodeDefaults} returns.
 */
export interface NodeOptions extends Libp2pOptions<NodeServices> {
  services: NonNullable<Libp2pOptions<NodeServices>['services']>
  connectionGater: ConnectionGater & AccessLists
}

/**
 * The options of a permissioned node, for `createLibp2p`: a plain object, to be changed at will before it is used. Its
 * one security layer is TLS under the consortium's CA, which is its transport's; a transport or an encrypter beside it
 * opens a second door.
 *
 * @throws InvalidParametersError if an entry of a list is no node ID
 */
export function nodeDefaults (settings: NodeSettings): NodeOptions {
  const { identity } = settings
  const members = settings.members ?? DEFAULT_MEMBERS
  const reserved = ipAddressesOf(settings.peers ?? [])

  return {
    privateKey: identity.privateKey,
    nodeInfo: NODE_INFO,
    addresses: { listen: (settings.listen ?? []).map(String) },
    transports: [caTlsTcp({ identity, members, keyLog: settings.keyLog, isReserved: ip => reserved.has(ip.replace(/^::ffff:/i, '')) })],
    connectionGater: accessGater({ identity, allow: settings.allow, deny: settings.deny }),
    streamMuxers: [muxer({ early: DIRECT_PROTOCOLS, maxInboundStreams: MAX_STREAMS_PER_CONNECTION, maxOutboundStreams: MAX_STREAMS_PER_CONNECTION })],
    connectionManager: {
      maxConnections: CONNECTIONS_PER_MEMBER * members,
      // members may share an address, and all come at once after a power cut; libp2p's defaults (5 a second, 10 pending) refuse most of them
      inboundConnectionThreshold: CONNECTIONS_PER_MEMBER * members,
      maxIncomingPendingConnections: Math.max(64, 2 * members),
      // the peers service dials; libp2p's own reconnection stops after five tries and forgets the peer
      reconnectRetries: 0
    },
    // libp2p's monitor cuts a link at the first ping that fails; an event loop that was busy for a while is enough
    connectionMonitor: { enabled: false },
    // addresses of members do not age: a node may be away for longer than libp2p's hour
    peerStore: { maxAddressAge: Infinity, maxPeerAge: Infinity },
    services: {
      identify: identify(),
      pubsub: gossipsub(gossipsubDefaults({ members: Math.min(Math.max(members, 2), 1_000) })),
      statusSeq: statusSeq({ identity }),
      direct: direct(settings.unicast),
      access: accessControl(),
      topics: topics(settings.topics),
      peers: peers({ ...settings.links, maxMembers: settings.links?.maxMembers ?? Math.min(members, MAX_MEMBERS), addresses: settings.peers, identity })
    }
  }
}

/**
 * The IP addresses of configured peers, for which a listener keeps places. Host names are not resolved for that.
 */
function ipAddressesOf (addresses: ReadonlyArray<string | Multiaddr>): Set<string> {
  return new Set(addresses.flatMap(address => multiaddr(address.toString()).getComponents().filter(({ name }) => name === 'ip4' || name === 'ip6').map(({ value }) => value ?? '')))
}
