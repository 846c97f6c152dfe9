import { AdminClient } from '../admin-client.ts'
import { expiryTable } from '../expiry-table.ts'
import { Output } from '../output.ts'
import { CONFIG_OPTION } from './info.ts'
import type { TrustEntry } from '@fisco-libp2p/admin'
import type { CommandModule } from 'yargs'

interface CertExpiryArguments {
  config: string
  json?: boolean
}

export const certExpiry: CommandModule<object, CertExpiryArguments> = {
  command: 'expiry',
  describe: 'Show when the certificates of all nodes of the network, its CAs and their CRLs end',
  builder: yargs => yargs.options({ config: CONFIG_OPTION }),

  async handler (args) {
    const trust = await (await AdminClient.of(args.config)).call<TrustEntry>('GET', '/v1/trust')

    new Output(args).result(expiryTable(trust, Date.now()), trust)
  }
}
