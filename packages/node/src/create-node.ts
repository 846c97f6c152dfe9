import { admin, AdminSocketError } from '@fisco-libp2p/admin'
import { loadIdentity } from '@fisco-libp2p/identity'
import { createLibp2p } from 'libp2p'
import { savePeers } from './config-file.ts'
import { readConfig } from './config.ts'
import { nodeDefaults } from './defaults.ts'
import { ListenError } from './errors.ts'
import { describeReload, identityFiles } from './reload.ts'
import { reloadable } from './reloadable.ts'
import { openState } from './state.ts'
import type { NodeConfig } from './config.ts'
import type { NodeSettings } from './defaults.ts'
import type { ReloadReport } from './reload.ts'
import type { NodeServices } from './services.ts'
import type { AccessLists } from '@fisco-libp2p/access'
import type { AdminInit } from '@fisco-libp2p/admin'
import type { Identity } from '@fisco-libp2p/identity'
import type { AbortOptions, ComponentLogger, Libp2p } from '@libp2p/interface'

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

  /**
   * Reload by itself when `config.ini`, or a file that it names, changes?
   *
   * @default true
   */
  watch?: boolean

  /**
   * Gets what came of each reload, however it came about.
   *
   * @default it is logged
   */
  onReload?(report: ReloadReport): void
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
  admin?: Pick<AdminInit, 'socket' | 'save' | 'reload'>
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
   * @throws ListenError if an address cannot be listened on, AdminSocketError if the admin socket cannot be made; the node is stopped then
   */
  start (): Promise<void>

  /**
   * What it was started from, if from a file.
   */
  config?: NodeConfig

  /**
   * Who may be connected, by node ID. Connections that no longer fit are closed at once.
   */
  lists: AccessLists

  /**
   * Reads `config.ini` and the files that it names again, and takes over the lists, a renewed certificate, other CAs and CRLs: new handshakes go by them, connections that
   * still pass stay. Done by itself when one of the files changes. Only of a node that was started from a file.
   */
  reload?(options?: AbortOptions): Promise<ReloadReport>
}

/**
 * Creates a node and starts it: from a FISCO BCOS `config.ini`, or from settings.
 *
 * @throws ConfigError, IdentityError, InvalidParametersError; ListenError if the address cannot be listened on; AdminSocketError if the admin
 * socket cannot be made; StateFolderError if the node's folder cannot be written to
 */
export async function createNode (init: ConfigFileInit | SettingsInit): Promise<FiscoNode> {
  if (!('config' in init)) {
    return buildNode(init, init.stateFolder)
  }

  const config = await readConfig(init.config, init)
  const identity = await loadIdentity(identityFiles(config, init.passphrase), init)
  // the admin API is made before the node that it reloads
  const reloading: { node?: FiscoNode } = {}
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
    admin: config.adminSocket == null
      ? undefined
      : { socket: config.adminSocket, save: async change => savePeers(config.file, change), reload: async () => describeReload(await reloading.node?.reload?.()) },
    start: false
  }, config.stateFolder)
  reloading.node = reloadable(node, config, init)

  if (init.start !== false) {
    await reloading.node.start()
  }

  return reloading.node
}

async function buildNode (init: SettingsInit, stateFolder?: string): Promise<FiscoNode> {
  const options = nodeDefaults(init)

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
    lists: options.connectionGater,
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
function explainListen (err: Error, init: SettingsInit): Error | undefined {
  // its codes are about a file, and not about a port
  const ofAdmin = [err, err.cause, ...(err as AggregateError).errors ?? []].find(part => part instanceof AdminSocketError)

  if (ofAdmin != null) {
    return ofAdmin
  }

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
