// `npm run conformance -- [--json FILE] [--suite FILE]`: judges the public suite of certificate chains, prints tables,
// and writes the report to FILE. Exit code 1 if a case in scope is judged in another way than the suite expects, or if
// the policy fisco departs from rfc5280 in more than its four relaxations.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findOpenssl } from './openssl.ts'
import { isGood, judgeSuite, skipSuite } from './report.ts'
import { formatReport } from './table.ts'
import type { LimboSuite } from './limbo.ts'
import type { Report } from './report.ts'

const NAME = 'x509-limbo'
const ROOT = new URL('../../../../../', import.meta.url)
const SUITE = fileURLToPath(new URL('../shared/suites/x509-limbo/limbo-2023-12-02.json', ROOT))

const { values } = parseArgs({ options: { json: { type: 'string' }, suite: { type: 'string', default: SUITE } } })

function run (): Report {
  if (!existsSync(values.suite)) {
    return skipSuite(NAME, `there is no ${relative(process.cwd(), values.suite)}`)
  }

  const suite: LimboSuite = JSON.parse(readFileSync(values.suite, 'utf8'))
  const openssl = findOpenssl()

  try {
    return judgeSuite(NAME, suite, openssl)
  } finally {
    openssl?.close()
  }
}

const report = run()

if (values.json != null) {
  writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
}

process.stdout.write(formatReport(report))
process.exitCode = isGood(report) ? 0 : 1
