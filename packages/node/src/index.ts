/**
 * @packageDocumentation
 *
 * A node of a permissioned network in one call: from the `config.ini` that a FISCO BCOS operator already has, or from
 * settings. `nodeDefaults()` returns the same node as plain libp2p options, to be changed before they are used.
 *
 * @example One call
 *
 * ```typescript
 * import { createNode } from '@fisco-libp2p/node'
 *
 * const node = await createNode({ config: 'config.ini' })
 *
 * node.services.direct.handle('height', async () => new TextEncoder().encode('42'))
 * node.services.peers.addEventListener('peer:up', (evt) => {
 *   console.info(`${evt.detail.nodeId} is connected`)
 * })
 * ```
 *
 * @example Your own libp2p node, with the same defaults
 *
 * ```typescript
 * import { loadIdentity } from '@fisco-libp2p/identity'
 * import { nodeDefaults } from '@fisco-libp2p/node'
 * import { ping } from '@libp2p/ping'
 * import { createLibp2p } from 'libp2p'
 *
 * const identity = await loadIdentity({ key: 'conf/node.key', cert: 'conf/node.crt', ca: 'conf/ca.crt' })
 * const defaults = nodeDefaults({ identity, listen: ['/ip4/0.0.0.0/tcp/30300/tls'], peers: ['/ip4/10.0.0.2/tcp/30300/tls'] })
 *
 * const node = await createLibp2p({
 *   ...defaults,
 *   services: { ...defaults.services, ping: ping() }
 * })
 * ```
 */

export { editPeers, savePeers } from './config-file.ts'
export { parseConfig, readConfig } from './config.ts'
export { createNode } from './create-node.ts'
export { nodeDefaults } from './defaults.ts'
export { formatEndpoint, parseEndpoint } from './endpoint.ts'
export { ConfigError, ListenError, StateFolderError } from './errors.ts'
export { likeConfig } from './like-config.ts'

export type { ConfigPeersChange } from './config-file.ts'
export type { NodeConfig } from './config.ts'
export type { ConfigFileInit, CreateNodeOptions, FiscoNode, SettingsInit } from './create-node.ts'
export type { NodeOptions, NodeSettings } from './defaults.ts'
export type { LikeConfigOptions } from './like-config.ts'
export type { ReloadReport } from './reload.ts'
export type { NodeServices } from './services.ts'
export type { TrustSettings } from './trust-settings.ts'
