import { AdminClient } from '../admin-client.ts'
import { Output, UsageError } from '../output.ts'
import { statusDetails, statusTable } from '../status-table.ts'
import { CONFIG_OPTION } from './info.ts'
import type { StatusEntry } from '@fisco-libp2p/admin'
import type { CommandModule } from 'yargs'

interface StatusArguments {
  node?: string
  config: string
  json?: boolean
}

export const status: CommandModule<object, StatusArguments> = {
  command: 'status [node]',
  describe: 'Show what a running node knows of every node of the network, or all of one',
  builder: yargs => yargs.positional('node', { type: 'string', describe: 'Name of the node, or its node ID or the beginning of that' }).options({ config: CONFIG_OPTION }),

  async handler (args) {
    const nodes = await (await AdminClient.of(args.config)).call<StatusEntry[]>('GET', '/v1/status')
    const output = new Output(args)

    if (args.node == null) {
      output.result(statusTable(nodes, Date.now()), nodes)
    } else {
      const node = find(nodes, args.node)
      output.result(statusDetails(node, Date.now()), node)
    }
  }
}

/**
 * @throws UsageError unless there is one such node
 */
function find (nodes: StatusEntry[], text: string): StatusEntry {
  const id = text.toLowerCase().replace(/^0x/, '')
  const named = nodes.filter(({ Node }) => Node === text)
  const found = named.length > 0 ? named : nodes.filter(({ NodeID }) => NodeID.startsWith(id))

  if (found.length === 1) {
    return found[0]
  }

  throw new UsageError(found.length === 0
    ? `no node is known by the name or node ID "${text}": fisco-p2p status shows all`
    : `${found.length} nodes are known by the name or node ID "${text}": give more of the node ID`)
}
