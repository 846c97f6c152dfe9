import { AdminClient } from '../admin-client.ts'
import { findNode } from '../find-node.ts'
import { Output } from '../output.ts'
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
      const node = findNode(nodes, args.node)
      output.result(statusDetails(node, Date.now()), node)
    }
  }
}
