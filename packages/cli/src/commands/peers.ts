import { parseEndpoint } from '@fisco-libp2p/node'
import { AdminClient } from '../admin-client.ts'
import { Output, UsageError } from '../output.ts'
import { peersTable } from '../peers-table.ts'
import { trafficTable } from '../traffic-table.ts'
import { CONFIG_OPTION } from './info.ts'
import type { PeerEntry, TrafficEntry } from '@fisco-libp2p/admin'
import type { Argv, CommandModule } from 'yargs'

interface PeersArguments {
  config: string
  json?: boolean
}

interface ChangeArguments extends PeersArguments {
  address: string
  save?: boolean
}

const SAVE = { type: 'boolean', default: false, describe: 'Write it to config.ini as well, whose comments stay' } as const

const list: CommandModule<object, PeersArguments> = {
  command: 'list',
  describe: 'List configured peers, and the other nodes that are connected',
  builder: yargs => yargs.options({ config: CONFIG_OPTION }),

  async handler (args) {
    const peers = await (await AdminClient.of(args.config)).call<PeerEntry[]>('GET', '/v1/peers')

    new Output(args).result(peersTable(peers, Date.now(), process.stdout.columns), peers)
  }
}

const add: CommandModule<object, ChangeArguments> = {
  command: 'add <address>',
  describe: 'Configure a peer and dial it',
  builder: yargs => change(yargs).options({ save: SAVE }),

  async handler (args) {
    const { address, client } = await prepare(args)
    const { added } = await client.call<{ added: boolean }>('POST', '/v1/peers', { address, save: args.save })

    new Output(args).result(`${address} ${added ? 'is added' : 'was there already'}${args.save === true ? `, and is in ${args.config}` : ''}`, { address, added, saved: args.save })
  }
}

const remove: CommandModule<object, ChangeArguments> = {
  command: 'remove <address>',
  describe: 'Remove a configured peer and close its link',
  builder: yargs => change(yargs).options({ save: SAVE }),

  async handler (args) {
    const { address, client } = await prepare(args)
    const { removed } = await client.call<{ removed: boolean }>('DELETE', '/v1/peers', { address, save: args.save })

    new Output(args).result(`${address} ${removed ? 'is removed' : 'was not there'}${args.save === true ? `, and is not in ${args.config}` : ''}`, { address, removed, saved: args.save })
  }
}

const retry: CommandModule<object, PeersArguments & { address?: string }> = {
  command: 'retry [address]',
  describe: 'Dial a configured peer now, or all that wait, those that refused for good among them',
  builder: yargs => yargs.positional('address', { type: 'string' }).options({ config: CONFIG_OPTION }),

  async handler (args) {
    const address = args.address == null ? undefined : toMultiaddr(args.address)
    const result = await (await AdminClient.of(args.config)).call<object>('POST', '/v1/peers/retry', { address })

    new Output(args).result(`${address ?? 'every peer that waits'} is dialled now`, result)
  }
}

const traffic: CommandModule<object, PeersArguments> = {
  command: 'traffic',
  describe: 'Show what unicast sent to each node and received from it, by protocol',
  builder: yargs => yargs.options({ config: CONFIG_OPTION }),

  async handler (args) {
    const entries = await (await AdminClient.of(args.config)).call<TrafficEntry[]>('GET', '/v1/traffic')

    new Output(args).result(trafficTable(entries), entries)
  }
}

export const peers: CommandModule = {
  command: 'peers',
  describe: 'Show and change the peers of a running node',
  builder: yargs => yargs.command(list).command(add).command(remove).command(retry).command(traffic).demandCommand(1, 'Say what to do with the peers: list, add, remove, retry or traffic'),
  handler: () => {}
}

function change (yargs: Argv): Argv<{ address: string, config: string }> {
  return yargs.positional('address', { type: 'string', demandOption: true, describe: 'IP:port, [IPv6]:port, name:port or a multiaddr' }).options({ config: CONFIG_OPTION })
}

async function prepare ({ address, config }: ChangeArguments): Promise<{ address: string, client: AdminClient }> {
  return { address: toMultiaddr(address), client: await AdminClient.of(config) }
}

function toMultiaddr (text: string): string {
  try {
    return parseEndpoint(text).toString()
  } catch (err) {
    throw new UsageError(err.message)
  }
}
