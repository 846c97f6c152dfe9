import { admin } from '@fisco-libp2p/admin'
import { loadIdentity } from '@fisco-libp2p/identity'
import { createLibp2p } from 'libp2p'
import { savePeers } from './config-file.ts'
import { readConfig } from './config.ts'
import { nodeDefaults } from './defaults.ts'
import { ListenError } from './errors.ts'
import { openState } from './state.ts'
import type { NodeConfig } from './config.ts'
import type { NodeSettings } from './defaults.ts'
import type { NodeServices } from './services.ts'
import type { AdminInit } from '@fisco-libp2p/admin'
import type { Identity } from '@fisco-libp2p/identity'
import type { AbortOptions, ComponentLogger, Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

/**
 * What both forms of {@link createNode} take.
 */
export interface CreateNodeOptions extends AbortOptions {
  /**
   * Start the node?
   *
   * @default true
   */
  start?: boolean

  /**
   * Where logs go.
   *
   * @default standard error, as the variable DEBUG says
   */
  logger?: ComponentLogger

  /**
   * Passphrase of the key, where it is encrypted.
   */
  passphrase?: string
}

/**
 * A node from the file that its operator keeps.
 */
export interface ConfigFileInit extends CreateNodeOptions, Pick<NodeSettings, 'keyLog' | 'members'> {
  /**
   * Path of `config.ini`.
   */
  config: string
}

/**
 * A node from settings.
 */
export interface SettingsInit extends CreateNodeOptions, NodeSettings {
  /**
   * Folder for what must survive a restart.
   *
   * @default nothing survives
   */
  stateFolder?: string

  /**
   * The admin API, see `@fisco-libp2p/admin`.
   *
   * @default there is none
   */
  admin?: Pick<AdminInit, 'socket' | 'save'>
}

/**
 * A running node.
 */
export interface FiscoNode extends Libp2p<NodeServices> {
  /**
   * Who it is, whom it trusts, and its event `handshake:rejected`.
   */
  identity: Identity

  /**
   * Starts it, if it was created with `start: false`, or again after `stop()`.
   *
   * @throws ListenError if an address cannot be listened on; the node is stopped then
   */
  start (): Promise<void>

  /**
   * What it was started from, if from a file.
   */
  config?: NodeConfig
}

/**
 * Creates a node and starts it: from a FISCO BCOS `config.ini`, or from settings.
 *
 * @throws ConfigError, IdentityError, InvalidParametersError; ListenError if the address cannot be listened on
 */
export async function createNode (init: ConfigFileInit | SettingsInit): Promise<FiscoNode> {
  if (!('config' in init)) {
    return buildNode(init, init.stateFolder)
  }

  const config = await readConfig(init.config, init)
  const identity = await loadIdentity({ key: config.key, cert: config.cert, ca: config.caCert, chainId: config.chainId, policy: config.policy, passphrase: init.passphrase }, init)
  const node = await buildNode({
    members: config.maxNodes,
    ...init,
    identity,
    listen: [config.listen],
    peers: config.peers,
    deny: config.deny,
    allow: config.allow,
    links: { linkTimeout: config.linkTimeout, maxDelay: config.maxRetryDelay, maxMembers: config.maxNodes, maxUnconfigured: config.maxUnconfiguredNodes },
    unicast: { bytesPerSecond: config.bytesPerSecond, bytesPerSecondPerPeer: config.bytesPerSecondPerPeer },
    topics: { restricted: config.restrictedTopics },
    admin: config.adminSocket == null ? undefined : { socket: config.adminSocket, save: async change => savePeers(config.file, change) }
  }, config.stateFolder)

  return Object.assign(node, { config })
}

async function buildNode (init: SettingsInit, stateFolder?: string): Promise<FiscoNode> {
  const options: Libp2pOptions<NodeServices> = nodeDefaults(init)

  if (init.admin != null) {
    options.services = { ...options.services, admin: admin({ ...init.admin, identity: init.identity }) } as typeof options.services
  }

  init.signal?.throwIfAborted()

  const node = await createLibp2p<NodeServices>({
    ...options,
    datastore: stateFolder == null ? undefined : await openState(stateFolder),
    logger: init.logger,
    start: false
  })

  const start = node.start.bind(node)
  const explained = Object.assign(node, {
    identity: init.identity,
    start: async () => {
      try {
        await start()
      } catch (err) {
        await node.stop()

        throw explainListen(err, init) ?? err
      }
    }
  })

  if (init.start !== false) {
    await explained.start()
  }

  return explained
}

/**
 * libp2p gives one error for all addresses, with those of the sockets in its text.
 */
function explainListen (err: Error, init: SettingsInit): ListenError | undefined {
  const address = (init.listen ?? []).map(String).join(', ')
  const code = /EADDRINUSE|EADDRNOTAVAIL|EACCES|ENOTFOUND/.exec(`${err.message} ${String(err.cause)} ${(err as AggregateError).errors?.join(' ') ?? ''}`)?.[0]
  const meanings: Record<string, string> = {
    EADDRINUSE: 'another process listens there already (is the node running twice?); change listen_port, or stop the other one',
    EADDRNOTAVAIL: 'this machine has no such address; change listen_ip, 0.0.0.0 means all that it has',
    EACCES: 'this user may not listen on that port; use one above 1024',
    ENOTFOUND: 'the name cannot be resolved; use an IP address as listen_ip'
  }

  return code == null ? undefined : new ListenError(address, meanings[code], { cause: err })
}
