import { AdminClient } from '../admin-client.ts'
import { Output } from '../output.ts'
import type { NodeInfo } from '@fisco-libp2p/admin'
import type { CommandModule } from 'yargs'

interface InfoArguments {
  config: string
  json?: boolean
}

/**
 * The option that names the node, of every command that asks a running one.
 */
export const CONFIG_OPTION = { type: 'string', demandOption: true, requiresArg: true, describe: 'The config.ini of the running node' } as const

export const info: CommandModule<object, InfoArguments> = {
  command: 'info',
  describe: 'Show who a running node is, and how many peers it has',
  builder: yargs => yargs.options({ config: CONFIG_OPTION }),

  async handler (args) {
    const client = await AdminClient.of(args.config)
    const node = await client.call<NodeInfo>('GET', '/v1/info')

    new Output(args).result([
      `node ID    ${node.NodeID}`,
      `peer ID    ${node.peerId}`,
      `name       ${node.Node}, agency ${node.Agency}`,
      `network    ${node.networkId}`,
      `addresses  ${node.addresses.join(', ')}`,
      `topics     ${node.Topic.join(', ') || 'none'}`,
      `peers      ${node.peers.connected} of ${node.peers.configured} configured are connected, ${node.peers.members} nodes in all`,
      `running    since ${new Date(node.started).toISOString()}, process ${node.pid}`
    ].join('\n'), node)
  }
}
