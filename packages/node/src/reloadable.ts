import { resolve } from 'node:path'
import { reload } from './reload.ts'
import { FileWatch } from './watch.ts'
import type { NodeConfig } from './config.ts'
import type { ConfigFileInit, FiscoNode } from './create-node.ts'
import type { ReloadReport } from './reload.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'

/**
 * Adds to a node that it reads its files again.
 */
export function reloadable (node: FiscoNode, config: NodeConfig, init: ConfigFileInit): FiscoNode {
  const log = node.logger.forComponent('fisco-libp2p:node')
  const { start, stop } = { start: node.start.bind(node), stop: node.stop.bind(node) }
  const named = new Set(config.peers.map(String))
  let lastRead = config
  let files: FileWatch | undefined

  // one after the other: a later one must not be overtaken by an earlier one
  let last: Promise<unknown> = Promise.resolve()
  const once = async (options?: AbortOptions): Promise<ReloadReport> => {
    const { report, config: read } = await reload({
      identity: node.identity,
      lists: node.lists,
      config: lastRead,
      started: config,
      peers: () => node.services.peers.list().map(({ address }) => address),
      named,
      passphrase: init.passphrase
    }, options)
    lastRead = read
    logReload(log, report)
    init.onReload?.(report)
    await files?.watch(watched(read))

    return report
  }

  const again = async (options?: AbortOptions): Promise<ReloadReport> => {
    const mine = last.then(async () => once(options))
    last = mine.catch(() => {})

    return mine
  }

  return Object.assign(node, {
    config,
    reload: again,
    start: async () => {
      await start()

      if (init.watch !== false && files == null) {
        files = new FileWatch(async () => { await again() })
        await files.watch(watched(lastRead))
      }
    },
    stop: async () => {
      await files?.close()
      files = undefined
      await stop()
    }
  })
}

function watched ({ file, key, cert, caCert, crls }: NodeConfig): string[] {
  return [resolve(file), key, cert, caCert, ...crls.map(crl => crl.file)]
}

function logReload (log: Logger, { changed, errors, warnings }: ReloadReport): void {
  errors.forEach(err => { log.error('reload: what was in force stays - %s', err.message) })
  warnings.forEach(warning => { log.error('reload: %s', warning) })

  if (changed.length > 0) {
    log('reload: new are %s', changed.join(', '))
  }
}
