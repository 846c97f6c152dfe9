import { relative } from 'node:path'
import { DEFAULT_NODES, DEFAULT_PORT, writeChain } from '@fisco-libp2p/ca'
import { Output } from '../output.ts'
import type { CommandModule } from 'yargs'

interface ChainCreateArguments {
  output: string
  nodes: number
  agency: string
  'key-type': 'secp256k1' | 'ed25519' | 'rsa'
  listen: string
  port: number
  json?: boolean
}

export const chainCreate: CommandModule<object, ChainCreateArguments> = {
  command: 'create',
  describe: 'Create a chain: its CA, an agency, and nodes with certificate and config.ini each',
  builder: yargs => yargs.options({
    output: { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder for the chain; it must not exist or be empty' },
    nodes: { type: 'number', default: DEFAULT_NODES, describe: 'How many nodes' },
    agency: { type: 'string', default: 'agency', describe: 'Name of the agency that issues their certificates' },
    'key-type': { choices: ['secp256k1', 'ed25519', 'rsa'] as const, default: 'secp256k1' as const, describe: 'Kind of all keys; FISCO BCOS 2.x knows secp256k1' },
    listen: { type: 'string', default: '127.0.0.1', describe: 'IP address that the nodes listen on' },
    port: { type: 'number', default: DEFAULT_PORT, describe: 'Port of the first node; each further one has the next' }
  }).example('$0 chain create --output chain --nodes 4', 'four nodes on this machine, ports 30300 to 30303'),

  async handler (args) {
    const output = new Output(args)
    const chain = await writeChain({ output: args.output, nodes: args.nodes, agency: args.agency, keyType: args['key-type'], listenIp: args.listen, port: args.port })
    const shown = (path: string): string => relative(process.cwd(), path)

    output.result([
      `Created a chain with ${chain.nodes.length} nodes in ${shown(chain.dir)}. Keep ca.key and agency/agency.key secret and offline.`,
      ...chain.nodes.map(node => `${node.name}  ${node.nodeId.slice(0, 16)}…  ${node.endpoint.host}:${node.endpoint.port}  fisco-p2p start --config ${shown(node.config)}`)
    ].join('\n'), {
      dir: chain.dir,
      nodes: chain.nodes.map(({ name, nodeId, config, endpoint }) => ({ name, nodeId, config, endpoint }))
    })
  }
}
