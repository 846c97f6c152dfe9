import { DEFAULT_CRL_DAYS, publishCrl } from '@fisco-libp2p/ca'
import { describeCrl, nextCrl, shownPath, usingCrl } from '../crl-text.ts'
import { Output } from '../output.ts'
import { withPassphrase } from '../passphrase.ts'
import type { CommandModule } from 'yargs'

interface CertCrlArguments {
  chain: string
  issuer: 'agency' | 'root'
  days: number
  json?: boolean
}

/**
 * The option that names the chain, of every command that works with its CAs.
 */
export const CHAIN_OPTION = { type: 'string', demandOption: true, requiresArg: true, describe: 'The chain\'s folder, with the keys of its CAs' } as const

/**
 * The option for how long a CRL is good, of every command that writes one.
 */
export const CRL_DAYS_OPTION = { type: 'number', default: DEFAULT_CRL_DAYS, requiresArg: true, describe: 'Days until the next CRL has to be there' } as const

export const certCrl: CommandModule<object, CertCrlArguments> = {
  command: 'crl',
  describe: 'Write the next CRL, before the last one ends, and revoke nothing',
  builder: yargs => yargs.options({
    chain: CHAIN_OPTION,
    issuer: { choices: ['agency', 'root'] as const, default: 'agency' as const, requiresArg: true, describe: 'Whose: the agency issued for the nodes, the root for the agency' },
    days: CRL_DAYS_OPTION
  }).example('$0 cert crl --chain chain --days 30', 'the agency\'s next CRL'),

  async handler (args) {
    const { chain, issuer, days } = args
    const crl = await withPassphrase(async passphrase => publishCrl({ chain, issuer, days, passphrase }))

    new Output(args).result([
      describeCrl(crl), '', 'Next:', usingCrl([shownPath(crl.file)]), nextCrl(chain, [crl])
    ].join('\n'), { ...crl, number: crl.number.toString() })
  }
}
