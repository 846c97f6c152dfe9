import { AdminClient } from '../admin-client.ts'
import { Output } from '../output.ts'
import { newText } from '../trust-reports.ts'
import { CONFIG_OPTION } from './info.ts'
import type { ReloadEntry } from '@fisco-libp2p/admin'
import type { CommandModule } from 'yargs'

interface ReloadArguments {
  config: string
  json?: boolean
}

export const reload: CommandModule<object, ReloadArguments> = {
  command: 'reload',
  describe: 'Have a running node read its lists, certificates, CAs and CRLs again; it does so by itself when they change',
  builder: yargs => yargs.options({ config: CONFIG_OPTION }),

  async handler (args) {
    const report = await (await AdminClient.of(args.config)).call<ReloadEntry>('POST', '/v1/reload')
    const { changed, errors, warnings } = report

    new Output(args).result([
      ...errors.map(error => `what was in force stays: ${error}`),
      ...warnings,
      changed.length === 0 ? 'nothing is new' : newText(changed)
    ].join('\n'), report)

    if (errors.length > 0) {
      process.exitCode = 1
    }
  }
}
