import { certCrl } from './cert-crl.ts'
import { certExpiry } from './cert-expiry.ts'
import { certIssue } from './cert-issue.ts'
import { certRenew } from './cert-renew.ts'
import { certRevoke } from './cert-revoke.ts'
import type { CommandModule } from 'yargs'

export const cert: CommandModule = {
  command: 'cert',
  describe: 'Issue, renew and revoke the certificates of a chain\'s nodes, and show when they end',
  builder: yargs => yargs.command(certIssue).command(certRenew).command(certRevoke).command(certCrl).command(certExpiry).demandCommand(1, 'Say what to do with the certificates: issue, renew, revoke, crl or expiry'),
  handler: () => {}
}
