import { certCrl } from './cert-crl.ts'
import { certExpiry } from './cert-expiry.ts'
import { certRenew } from './cert-renew.ts'
import { certRevoke } from './cert-revoke.ts'
import type { CommandModule } from 'yargs'

export const cert: CommandModule = {
  command: 'cert',
  describe: 'Revoke and renew the certificates of a chain\'s nodes, and show when they end',
  builder: yargs => yargs.command(certRevoke).command(certCrl).command(certRenew).command(certExpiry).demandCommand(1, 'Say what to do with the certificates: revoke, crl, renew or expiry'),
  handler: () => {}
}
