import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import yargs from 'yargs'
import { soak } from './soak.ts'

/**
 * `npm run soak -- --minutes N [--nodes N] [--seed S] [--json FILE]`: exit code 0 only if every property held.
 */
const args = await yargs(process.argv.slice(2))
  .scriptName('npm run soak --')
  .options({
    minutes: { type: 'number', default: 10, describe: 'How long faults happen, 0.1 to 1440; the whole takes about a minute and a half more' },
    nodes: { type: 'number', default: 6, describe: 'How many nodes, 2 to 50' },
    seed: { type: 'number', default: 1, describe: 'The same seed gives the same faults' },
    json: { type: 'string', describe: 'File for the report' }
  })
  .check(({ minutes, nodes }) => (minutes >= 0.1 && minutes <= 1440 && Number.isInteger(nodes) && nodes >= 2 && nodes <= 50) || '--minutes or --nodes is out of range')
  .strict()
  .version(false)
  .parseAsync()

const folder = await mkdtemp(join(tmpdir(), 'fisco-soak-'))
const progress = (line: string): void => { process.stderr.write(`${line}\n`) }
const report = await soak({ minutes: args.minutes, nodes: args.nodes, seed: args.seed, folder: join(folder, 'net'), progress })

if (args.json != null) {
  await writeFile(args.json, `${JSON.stringify(report, undefined, 2)}\n`)
}

for (const { name, ok, checked, violations } of report.properties) {
  process.stdout.write(`${ok ? 'held    ' : 'VIOLATED'} ${name} (${checked} observations)\n${violations.map(line => `         ${line}\n`).join('')}`)
}

process.stdout.write(`${JSON.stringify(report.figures)}\n`)

if (report.ok) {
  await rm(folder, { recursive: true, force: true })
} else {
  process.stdout.write(`the logs are in ${folder}\n`)
}

process.exitCode = report.ok ? 0 : 1
