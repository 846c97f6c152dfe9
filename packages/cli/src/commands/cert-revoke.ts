import { REVOCATION_REASONS, revoke } from '@fisco-libp2p/ca'
import { describeCrl, nextCrl, shownPath, usingCrl } from '../crl-text.ts'
import { Output } from '../output.ts'
import { withPassphrase } from '../passphrase.ts'
import { CHAIN_OPTION, CRL_DAYS_OPTION } from './cert-crl.ts'
import type { Revocation, RevocationReason, RevokedCertificate } from '@fisco-libp2p/ca'
import type { CommandModule } from 'yargs'

interface CertRevokeArguments {
  node: string
  chain: string
  reason: RevocationReason
  days: number
  json?: boolean
}

export const certRevoke: CommandModule<object, CertRevokeArguments> = {
  command: 'revoke <node|file>',
  describe: 'Revoke all certificates of a node, or of the agency, and write the CRL',
  builder: yargs => yargs.positional('node', {
    type: 'string',
    demandOption: true,
    describe: 'Name of the node, its node ID or the beginning of that; or a PEM file with a certificate, of the agency for instance (.crt, .pem, .cer, or with a slash)'
  }).options({
    chain: CHAIN_OPTION,
    reason: { choices: REVOCATION_REASONS, default: 'unspecified' as const, requiresArg: true, describe: 'Why; others read it in the CRL' },
    days: CRL_DAYS_OPTION
  }).example('$0 cert revoke node3 --chain chain --reason keyCompromise', 'a key of node3 was stolen'),

  async handler (args) {
    const { node, chain, reason, days } = args
    const output = new Output(args)
    const result = await withPassphrase(async passphrase => revoke({ chain, reason, days, passphrase, ...isFile(node) ? { file: node } : { node } }))

    output.result(describe(chain, result), { ...result, crls: result.crls.map(crl => ({ ...crl, number: crl.number.toString() })) })

    for (const { serial, file } of result.unread) {
      output.warning(`the certificate of serial ${serial} is valid, and may be of the same node: its copy ${shownPath(file)} cannot be read. If it is, revoke its file`)
    }
  }
}

/**
 * By the text alone, so that it does not depend on what lies in the current folder. A node's name has no slash.
 */
function isFile (text: string): boolean {
  return /[/\\]|\.(crt|pem|cer)$/i.test(text)
}

function describe (chain: string, { nodeId, certificates, crls, deny }: Revocation): string {
  return [
    `${nodeId == null ? 'An agency' : `Node ${nodeId}`} is revoked, with ${certificates.length === 1 ? 'its certificate' : `${certificates.length} certificates`}:`,
    ...certificates.map(describeCertificate),
    ...crls.map(describeCrl),
    '',
    'Next:',
    usingCrl(crls.map(({ file }) => shownPath(file))),
    '- To refuse it wherever no CRL is read, have it in config.ini (with numbers that are free there):',
    '    [certificate_blacklist]',
    ...deny.map(line => `    ${line}`),
    nextCrl(chain, crls)
  ].join('\n')
}

function describeCertificate ({ serial, subject, before, date, reason }: RevokedCertificate): string {
  return `  serial ${serial}  ${subject}${before ? `  (was revoked already, on ${date.toISOString()}${reason === 'unspecified' ? '' : `, ${reason}`})` : ''}`
}
