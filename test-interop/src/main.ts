import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { runCase } from './row.ts'
import { suites } from './suites/index.ts'
import type { Row } from './row.ts'

const { values: { json, minutes, only } } = parseArgs({ options: { json: { type: 'string' }, minutes: { type: 'string', default: '10' }, only: { type: 'string', multiple: true } } })
const chosen = suites.filter(({ name }) => only == null || only.includes(name))
const rows: Row[] = []

function add (row: Row): void {
  rows.push(row)
  process.stdout.write(`${row.skipped != null ? 'skipped' : row.ok ? 'ok     ' : 'FAILED '} ${row.pair}: ${row.case}${row.skipped == null && row.detail == null ? '' : ` (${row.skipped ?? row.detail})`}\n`)
}

for (const suite of chosen) {
  const lacks = await suite.lacks()

  if (lacks != null) {
    add({ pair: suite.name, case: 'all', ok: false, ms: 0, skipped: lacks })
    continue
  }

  await using prepared = await suite.prepare({ minutes: Number(minutes) })

  for (const one of prepared.cases) {
    add(await runCase(one))
  }
}

if (json != null) {
  await writeFile(json, `${JSON.stringify(rows, undefined, 2)}\n`)
}

const failed = rows.filter(({ ok, skipped }) => !ok && skipped == null)
process.stdout.write(`${rows.filter(({ ok }) => ok).length} passed, ${failed.length} failed, ${rows.filter(({ skipped }) => skipped != null).length} skipped\n`)
// nothing at all is no success: a name behind --only may be wrong
process.exitCode = failed.length > 0 || chosen.length === 0 ? 1 : 0
