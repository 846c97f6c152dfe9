import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { MAX_SOCKET_PATH } from '@fisco-libp2p/admin'
import { MAX_BANDWIDTH } from '@fisco-libp2p/direct'
import { parseNodeId } from '@fisco-libp2p/identity'
import { DEFAULT_MAX_MEMBERS, MAX_DELAY, MAX_MEMBERS, MIN_LINK_TIMEOUT } from '@fisco-libp2p/peers'
import { readSections } from './config-sections.ts'
import { BYTES_PER_MBIT, DEFAULT_ADMIN_SOCKET, DEFAULT_CA_CERT, DEFAULT_CERT, DEFAULT_CHAIN_ID, DEFAULT_DATA_PATH, DEFAULT_KEY, DEFAULT_LISTEN_IP, DEFAULT_LISTEN_PORT, MAX_ADDRESSES, STATE_FOLDER } from './constants.ts'
import { endpointToMultiaddr, parseEndpoint, parsePort } from './endpoint.ts'
import { ConfigError } from './errors.ts'
import { parseRestrictedTopics } from './restricted-topics.ts'
import { parseTrustSettings } from './trust-settings.ts'
import type { Section } from './config-sections.ts'
import type { TrustSettings } from './trust-settings.ts'
import type { NodeId, PolicyChoice } from '@fisco-libp2p/identity'
import type { RestrictedTopic } from '@fisco-libp2p/topics'
import type { AbortOptions } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * What a `config.ini` says, checked.
 */
export interface NodeConfig extends TrustSettings {
  /**
   * The file that it was read from.
   */
  file: string

  /**
   * Where to listen: `[p2p] listen_ip` and `listen_port`.
   */
  listen: Multiaddr

  /**
   * Whom to keep connected: `[p2p] node.N`.
   */
  peers: Multiaddr[]

  /**
   * Paths of the identity's files: `[network_security]`, seen from the folder of `config.ini`.
   */
  key: string
  cert: string
  caCert: string

  /**
   * By which rules chains are judged: `[network_security] policy`.
   */
  policy: PolicyChoice

  /**
   * Who is refused: `[certificate_blacklist] crl.N`.
   */
  deny: NodeId[]

  /**
   * Who alone is accepted, if anybody is named: `[certificate_whitelist] cal.N`.
   */
  allow: NodeId[]

  /**
   * `[chain] id`.
   */
  chainId: string

  /**
   * Folder for what must survive a restart.
   */
  stateFolder: string

  /**
   * `[p2p] max_nodes` and `max_unconfigured_nodes`: how many nodes may be connected, and how many of them that are not configured.
   */
  maxNodes?: number
  maxUnconfiguredNodes?: number

  /**
   * `[p2p] link_timeout_ms` and `max_retry_delay_ms`: after how long a silence a link is cut, and the longest pause between dials.
   */
  linkTimeout?: number
  maxRetryDelay?: number

  /**
   * `[flow_control] outgoing_bandwidth_limit` and `outgoing_bandwidth_limit_per_peer`, in bytes per second: how fast unicast may go out, to all peers together
   * and to each, but for the lane `consensus`.
   */
  bytesPerSecond?: number
  bytesPerSecondPerPeer?: number

  /**
   * Path of the admin API's unix socket: `[admin] socket`, seen from the folder of `config.ini`; undefined if there is none.
   */
  adminSocket?: string

  /**
   * Topics that only some may use: the sections `[restricted_topic.N]`, by name of the topic.
   */
  restrictedTopics: Record<string, RestrictedTopic>

  /**
   * Settings that look like mistakes and let nobody in: keys that no node knows, and what is there twice.
   */
  warnings: string[]
}

/**
 * Reads a node's `config.ini`, with the sections, names and defaults of FISCO BCOS 2.x.
 *
 * @throws ConfigError that names file, section and key
 */
export async function readConfig (file: string, options: AbortOptions = {}): Promise<NodeConfig> {
  try {
    return parseConfig(await readFile(file, { encoding: 'utf8', signal: options.signal }), file)
  } catch (err) {
    options.signal?.throwIfAborted()

    throw err instanceof ConfigError ? err : new ConfigError(file, '', err.code === 'ENOENT' ? 'the file does not exist' : `it cannot be read: ${err.message}`, { cause: err })
  }
}

/**
 * As {@link readConfig}, from a text.
 *
 * @param file - its name, for errors; relative paths in it are seen from the file's folder
 * @throws ConfigError that names file, section and key
 */
export function parseConfig (text: string, file: string): NodeConfig {
  const sections = readSections(text, file)
  const folder = dirname(resolve(file))
  const section = sections.get

  const p2p = section('p2p')
  const security = section('network_security')
  const dataPath = resolve(folder, textOf(security, 'data_path', DEFAULT_DATA_PATH))
  const at = <T> (where: string, read: () => T): T => {
    try {
      return read()
    } catch (err) {
      throw new ConfigError(file, where, err.message, { cause: err })
    }
  }

  const port = at('[p2p] listen_port', () => parsePort(textOf(p2p, 'listen_port', String(DEFAULT_LISTEN_PORT)), 1025))
  const peers = numbered(p2p, 'node').map(([key, value]) => at(`[p2p] ${key}`, () => parseEndpoint(value)))

  const number = (key: string, min: number, max: number): number | undefined => at(`[p2p] ${key}`, () => parseNumber(textOf(p2p, key, ''), min, max))
  const bandwidth = (key: string): number | undefined => at(`[flow_control] ${key}`, () => parseBandwidth(textOf(section('flow_control'), key, '')))
  const maxNodes = number('max_nodes', 1, MAX_MEMBERS)
  const trust = at('', () => parseTrustSettings(name => numbered(security, name), name => numbered(section('certificate_blacklist'), name), textOf(section('chain'), 'network_id', ''), dataPath))
  const socket = adminSocketOf(folder, textOf(section('admin'), 'socket', DEFAULT_ADMIN_SOCKET))

  if (peers.length > MAX_ADDRESSES) {
    throw new ConfigError(file, '[p2p]', `it names ${peers.length} nodes; at most ${MAX_ADDRESSES} can be kept connected`)
  }

  return {
    file,
    listen: at('[p2p] listen_ip', () => endpointToMultiaddr(textOf(p2p, 'listen_ip', DEFAULT_LISTEN_IP), port)),
    peers,
    key: resolve(dataPath, textOf(security, 'key', DEFAULT_KEY)),
    cert: resolve(dataPath, textOf(security, 'cert', DEFAULT_CERT)),
    caCert: resolve(dataPath, textOf(security, 'ca_cert', DEFAULT_CA_CERT)),
    policy: at('[network_security] policy', () => parsePolicy(textOf(security, 'policy', 'auto'))),
    // every entry must be right: FISCO BCOS ignores bad ones, and lets everybody in when all of a whitelist are bad
    deny: numbered(section('certificate_blacklist'), 'crl').map(([key, value]) => at(`[certificate_blacklist] ${key}`, () => parseNodeId(value))),
    allow: numbered(section('certificate_whitelist'), 'cal').map(([key, value]) => at(`[certificate_whitelist] ${key}`, () => parseNodeId(value))),
    ...trust,
    chainId: textOf(section('chain'), 'id', DEFAULT_CHAIN_ID),
    stateFolder: resolve(folder, STATE_FOLDER),
    maxNodes,
    maxUnconfiguredNodes: number('max_unconfigured_nodes', 0, maxNodes ?? DEFAULT_MAX_MEMBERS),
    linkTimeout: number('link_timeout_ms', MIN_LINK_TIMEOUT, MAX_DELAY),
    maxRetryDelay: number('max_retry_delay_ms', 1, MAX_DELAY),
    bytesPerSecond: bandwidth('outgoing_bandwidth_limit'),
    bytesPerSecondPerPeer: bandwidth('outgoing_bandwidth_limit_per_peer'),
    adminSocket: socket.path,
    restrictedTopics: at('[restricted_topic]', () => parseRestrictedTopics(sections.restrictedTopics)),
    warnings: [...sections.warnings, ...socket.warnings]
  }
}

function textOf (section: Section, key: string, fallback: string): string {
  const value = section[key]

  return value == null || value === '' ? fallback : value
}

/**
 * A path that is too long for a socket is no reason not to start: the node runs without it, and says so.
 */
function adminSocketOf (folder: string, text: string): { path?: string, warnings: string[] } {
  const path = resolve(folder, text)

  if (text === 'none') {
    return { warnings: [] }
  }

  return Buffer.byteLength(path) > MAX_SOCKET_PATH
    ? { warnings: [`[admin] socket is off: ${path} is longer than the ${MAX_SOCKET_PATH} bytes that a socket's path may have; set it to a shorter path, or to none`] }
    : { path, warnings: [] }
}

/**
 * @throws Error unless it is empty or a whole number in the range
 */
function parseNumber (text: string, min: number, max: number): number | undefined {
  if (text !== '' && !(/^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max)) {
    throw new Error(`"${text}" is no number from ${min} to ${max}`)
  }

  return text === '' ? undefined : Number(text)
}

/**
 * @returns bytes per second
 * @throws Error unless it is empty or a number of Mbit/s, as FISCO BCOS counts them
 */
function parseBandwidth (text: string): number | undefined {
  const bytes = Math.floor(Number(text) * BYTES_PER_MBIT)

  if (text !== '' && !(/^\d{1,6}(\.\d{1,6})?$/.test(text) && bytes >= 1 && bytes <= MAX_BANDWIDTH)) {
    throw new Error(`"${text}" is no number of Mbit/s from 0.00001 to ${Math.floor(MAX_BANDWIDTH / BYTES_PER_MBIT)}`)
  }

  return text === '' ? undefined : bytes
}

function parsePolicy (text: string): PolicyChoice {
  if (text !== 'auto' && text !== 'rfc5280' && text !== 'fisco') {
    throw new Error(`"${text}" is no policy: it must be auto, rfc5280 or fisco`)
  }

  return text
}

/**
 * `name.0`, `name.1` and so on, in the order of the file; FISCO BCOS does not ask that the numbers have no gaps.
 */
function numbered (section: Section, name: string): Array<[string, string]> {
  return Object.entries(section).filter(([key]) => new RegExp(`^${name}\\.\\d+$`).test(key))
}
