import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import yargs from 'yargs'
import { pullCables } from './cables.ts'
import { soak } from './soak.ts'
import type { PropertyResult } from '@fisco-libp2p/test-kit'

/**
 * `npm run soak -- --minutes N [--nodes N] [--seed S] [--json FILE]`: exit code 0 only if every property held.
 */
const args = await yargs(process.argv.slice(2))
  .scriptName('npm run soak --')
  .options({
    minutes: { type: 'number', default: 10, describe: 'How long faults happen, 0.1 to 1440; the whole takes about four minutes more' },
    nodes: { type: 'number', default: 6, describe: 'How many nodes, 2 to 50' },
    seed: { type: 'number', default: 1, describe: 'The same seed gives the same faults' },
    cables: { type: 'boolean', default: true, describe: 'Whether cables are pulled as well, in network namespaces; --no-cables leaves that out' },
    json: { type: 'string', describe: 'File for the report' }
  })
  .check(({ minutes, nodes }) => (minutes >= 0.1 && minutes <= 1440 && Number.isInteger(nodes) && nodes >= 2 && nodes <= 50) || '--minutes or --nodes is out of range')
  .strict()
  .version(false)
  .parseAsync()

function print (properties: PropertyResult[]): void {
  for (const { name, ok, checked, violations } of properties) {
    process.stdout.write(`${ok ? 'held    ' : 'VIOLATED'} ${name} (${checked} observations)\n${violations.map(line => `         ${line}\n`).join('')}`)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'fisco-soak-'))
const progress = (line: string): void => { process.stderr.write(`${line}\n`) }
const report = await soak({ minutes: args.minutes, nodes: args.nodes, seed: args.seed, folder: join(folder, 'faults'), progress })
print(report.properties)
process.stdout.write(`${JSON.stringify(report.figures)}\n`)

const cables = args.cables ? await pullCables(join(folder, 'cables'), progress) : { skipped: '--no-cables' }

if ('skipped' in cables) {
  process.stdout.write(`skipped  pulling cables: ${cables.skipped}\n`)
} else {
  print(cables.properties)
  process.stdout.write(`${JSON.stringify(cables.figures)}\n`)
}

const ok = report.ok && ('skipped' in cables || cables.properties.every(property => property.ok))

if (args.json != null) {
  await writeFile(args.json, `${JSON.stringify({ ...report, cables, ok }, undefined, 2)}\n`)
}

if (ok) {
  await rm(folder, { recursive: true, force: true })
} else {
  process.stdout.write(`the logs are in ${folder}\n`)
}

process.exitCode = ok ? 0 : 1
