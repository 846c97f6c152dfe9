import { readIdentityFiles, reloadIdentity } from '@fisco-libp2p/identity'
import { readConfig } from './config.ts'
import type { NodeConfig } from './config.ts'
import type { AccessLists } from '@fisco-libp2p/access'
import type { Identity, IdentityFiles } from '@fisco-libp2p/identity'
import type { AbortOptions } from '@libp2p/interface'

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
   * What is written there now and needs a restart, or something else done.
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
   * As it is in force.
   */
  config: NodeConfig
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
  const config = await readConfig(node.config.file, options).catch((err: Error) => {
    report.errors.push(err)

    return node.config
  })

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

  report.warnings.push(...needsRestart(node, config))

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

function needsRestart ({ identity, config: before }: Reloadable, after: NodeConfig): string[] {
  const changed = FIXED.filter(([key]) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).map(([, name]) => name)

  // written down what is in force already, it changes nothing
  if (after.networkId != null && Buffer.compare(after.networkId, identity.networkId) !== 0) {
    changed.push('[chain] network_id')
  }

  return changed.map(name => `${name} is another one now, and is taken over when the node is started again`)
}
