import { networkIdOf, readIdentityFiles, reloadIdentity } from '@fisco-libp2p/identity'
import { multiaddr } from '@multiformats/multiaddr'
import { readConfig } from './config.ts'
import { formatEndpoint } from './endpoint.ts'
import type { NodeConfig } from './config.ts'
import type { AccessLists } from '@fisco-libp2p/access'
import type { Identity, IdentityFiles } from '@fisco-libp2p/identity'
import type { AbortOptions } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * What a running node took from its files.
 */
export interface ReloadReport {
  /**
   * What is new: `lists` (`[certificate_blacklist]` and `[certificate_whitelist]`), `certificate` (`node.crt`), `anchors` (`ca.crt`), `revocations` (CRLs and denied serial numbers).
   */
  changed: Array<'lists' | 'certificate' | 'anchors' | 'revocations'>

  /**
   * Why something was left as it was: file, rule and what to do.
   */
  errors: Error[]

  /**
   * What is written there and needs a restart, or something else done: again each time, for as long as the node runs with something else. And what looks like a mistake.
   */
  warnings: string[]
}

/**
 * What is reloaded.
 */
export interface Reloadable {
  identity: Identity
  lists: Pick<AccessLists, 'allow' | 'deny' | 'update'>

  /**
   * As it was read last: what is taken over is in force from it.
   */
  config: NodeConfig

  /**
   * As the node was started from it: what is not taken over is in force from this one.
   */
  started: NodeConfig

  /**
   * The addresses that it keeps connected now.
   */
  peers (): string[]

  /**
   * The addresses that any `config.ini` so far has named; those of this one are put to them. Others were added at run time, and need not be in the file.
   */
  named: Set<string>
  passphrase?: string
}

/**
 * The files of a node's identity, as its `config.ini` names them.
 */
export function identityFiles (config: NodeConfig, passphrase?: string): IdentityFiles {
  return {
    key: config.key,
    cert: config.cert,
    ca: config.caCert,
    chainId: config.chainId,
    networkId: config.networkId,
    policy: config.policy,
    crls: config.crls,
    deniedSerials: config.deniedSerials,
    passphrase
  }
}

/**
 * Reads a node's files again and puts them into force, without a connection being lost that still passes. The lists are one thing, certificate, CAs and CRLs another: each is taken whole, or stays
 * as it was.
 *
 * @returns what changed, and the `config.ini` as it is now
 */
export async function reload (node: Reloadable, options: AbortOptions = {}): Promise<{ report: ReloadReport, config: NodeConfig }> {
  const report: ReloadReport = { changed: [], errors: [], warnings: [] }
  const read = await readConfig(node.config.file, options).catch((err: Error) => {
    report.errors.push(err)
  })
  const config = read ?? node.config

  if (!sameEntries(config.allow, node.lists.allow) || !sameEntries(config.deny, node.lists.deny)) {
    attempt(report, () => {
      node.lists.update({ allow: config.allow, deny: config.deny })
      report.changed.push('lists')
    })
  }

  await readIdentityFiles(identityFiles(config, node.passphrase), options).then(pem => {
    attempt(report, () => {
      const changes = reloadIdentity(node.identity, { ...pem, now: node.identity.trust.now })
      report.changed.push(...(['certificate', 'anchors', 'revocations'] as const).filter(what => changes[what]))
    })
  }, (err: Error) => { report.errors.push(err) })

  if (read != null) {
    read.peers.forEach(address => { node.named.add(String(address)) })
    report.warnings.push(...read.warnings, ...needsRestart(node, read), ...otherPeers(node, read.peers))
  }

  return { report, config }
}

/**
 * A report as the admin API tells it.
 */
export function describeReload ({ changed, errors, warnings }: ReloadReport = { changed: [], errors: [], warnings: [] }): { changed: string[], errors: string[], warnings: string[] } {
  return { changed, errors: errors.map(({ message }) => message), warnings }
}

function attempt (report: ReloadReport, work: () => void): void {
  try {
    work()
  } catch (err) {
    report.errors.push(err)
  }
}

function sameEntries (a: readonly string[], b: readonly string[]): boolean {
  const [left, right] = [new Set(a), new Set(b)]

  return left.size === right.size && [...left].every(entry => right.has(entry))
}

/**
 * Settings that a running node does not take over.
 */
const FIXED: ReadonlyArray<[keyof NodeConfig, string]> = [
  ['listen', '[p2p] listen_ip and listen_port'],
  ['maxNodes', '[p2p] max_nodes'],
  ['maxUnconfiguredNodes', '[p2p] max_unconfigured_nodes'],
  ['linkTimeout', '[p2p] link_timeout_ms'],
  ['maxRetryDelay', '[p2p] max_retry_delay_ms'],
  ['chainId', '[chain] id'],
  ['policy', '[network_security] policy'],
  ['key', '[network_security] key'],
  ['bytesPerSecond', '[flow_control] outgoing_bandwidth_limit'],
  ['bytesPerSecondPerPeer', '[flow_control] outgoing_bandwidth_limit_per_peer'],
  ['adminSocket', '[admin] socket'],
  ['restrictedTopics', '[restricted_topic.N]']
]

function needsRestart ({ identity, started }: Reloadable, now: NodeConfig): string[] {
  const other = FIXED.filter(([key]) => JSON.stringify(started[key]) !== JSON.stringify(now[key])).map(([, name]) => name)

  // written down what is in force already, it changes nothing; nor does it change anything if what was written down follows from the CAs
  const networkId = now.networkId ?? (started.networkId == null ? identity.networkId : networkIdOf(identity.trust.anchors, now.chainId))

  if (Buffer.compare(networkId, identity.networkId) !== 0) {
    other.push('[chain] network_id')
  }

  return other.map(name => `${name} is another one in config.ini than the one that the node runs with, and is taken over when the node is started again`)
}

/**
 * What somebody changed in the file, and not with `peers add` or `peers remove`.
 */
function otherPeers ({ peers, named }: Reloadable, addresses: readonly Multiaddr[]): string[] {
  const [running, written] = [peers(), addresses.map(String)]
  const added = addresses.filter(address => !running.includes(String(address)))
  const removed = running.filter(address => named.has(address) && !written.includes(address))

  return [
    ...added.length === 0 ? [] : [`[p2p] node.N: the node does not keep ${added.map(formatEndpoint).join(', ')} connected, which config.ini names: use "fisco-p2p peers add" for each, or start the node again`],
    ...removed.length === 0 ? [] : [`[p2p] node.N: the node still keeps ${removed.map(address => formatEndpoint(multiaddr(address))).join(', ')} connected, which config.ini does not name any more: use "fisco-p2p peers remove" for each, or start the node again`]
  ]
}
