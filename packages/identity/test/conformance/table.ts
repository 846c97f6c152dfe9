import type { Report } from './report.ts'

/**
 * A report as tables for a terminal.
 */
export function formatReport (report: Report): string {
  if (report.skipped != null) {
    return table([['suite', 'result'], [report.suite, `skipped: ${report.skipped}`]])
  }

  const { openssl } = report
  const cases = report.cases.map(({ id, expected, rfc5280, agree, openssl }) => [
    agree ? 'ok' : 'NO', id, word(expected), rfc5280.rule ?? word(rfc5280.result), openssl == null ? '' : word(openssl.default), openssl == null ? '' : word(openssl.strict)
  ])
  const summary = [['validator', 'agrees', 'in scope'], ['rfc5280', `${report.agree}`, `${report.inScope}`]]

  if (openssl != null) {
    summary.push([`${openssl.version} verify`, `${openssl.default}`, `${report.inScope}`], [`${openssl.version} verify -x509_strict`, `${openssl.strict}`, `${report.inScope}`])
  }

  return [
    table([['', 'case', 'expected', 'rfc5280', 'openssl', 'strict'], ...cases]),
    `What the policy fisco accepts and rfc5280 does not: ${report.relaxed.length} of ${report.inScope} cases.\n`,
    table([['case', 'relaxation', 'refused by rfc5280 as'], ...report.relaxed.map(({ id, relaxation, rule }) => [id, relaxation ?? 'NONE OF THE FOUR', rule ?? ''])]),
    `${report.suite}: ${report.outOfScope.length} cases are out of scope by their group.\n`,
    table(summary)
  ].join('\n')
}

function word (result: string): string {
  return result === 'SUCCESS' ? 'accepted' : 'refused'
}

function table (rows: string[][]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)))
  const lines = rows.map(row => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd())

  return `${[lines[0], widths.map(width => '-'.repeat(width)).join('  '), ...lines.slice(1)].join('\n')}\n`
}
