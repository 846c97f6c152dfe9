import { DEFAULT_DAYS, renew } from '@fisco-libp2p/ca'
import { shownPath } from '../crl-text.ts'
import { Output } from '../output.ts'
import { withPassphrase } from '../passphrase.ts'
import { CHAIN_OPTION } from './cert-crl.ts'
import type { CommandModule } from 'yargs'

interface CertRenewArguments {
  node: string
  chain: string
  days: number
  json?: boolean
}

export const certRenew: CommandModule<object, CertRenewArguments> = {
  command: 'renew <node>',
  describe: 'Issue a new certificate for a node\'s key; the old one stays valid until its end',
  builder: yargs => yargs.positional('node', { type: 'string', demandOption: true, describe: 'Name of the node\'s folder, its node ID or the beginning of that' }).options({
    chain: CHAIN_OPTION,
    days: { type: 'number', default: DEFAULT_DAYS, requiresArg: true, describe: 'Days of validity; not beyond the agency\'s own end' }
  }).example('$0 cert renew node0 --chain chain --days 365', 'another year for node0'),

  async handler (args) {
    const { node, chain, days } = args
    const renewed = await withPassphrase(async passphrase => renew({ chain, node, days, passphrase }))

    new Output(args).result([
      `Renewed ${renewed.name} (node ${renewed.nodeId}) until ${renewed.notAfter.toISOString()}, serial ${renewed.serial}.`,
      `Its new certificate is in ${shownPath(renewed.file)}: put that in the place of the node's own conf/node.crt.`
    ].join('\n'), renewed)
  }
}
