import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeChain } from '@fisco-libp2p/ca'
import yargs from 'yargs'
import { environment } from './environment.ts'
import { FIGURES } from './figures/index.ts'
import { formatTable } from './table.ts'
import type { Credentials } from './contender.ts'
import type { FigureResult } from './figure.ts'
import type { FigureName } from './figures/index.ts'
import type { KeyType } from '@fisco-libp2p/ca'

/**
 * `npm run bench -- [--json FILE] [--only NAMES] [--rounds N] [--scale SHARE]`, see README.md.
 */
const names = Object.keys(FIGURES) as FigureName[]
const args = await yargs(process.argv.slice(2))
  .scriptName('npm run bench --')
  .options({
    json: { type: 'string', describe: 'File for the report' },
    only: { type: 'string', describe: `Figures to measure, between commas: ${names.join(', ')}` },
    rounds: { type: 'number', default: 5, describe: 'How often each contender is measured, 1 to 100' },
    scale: { type: 'number', default: 1, describe: 'A share of the usual amounts of work, above 0 to 1; below 1 for a trial' }
  })
  .check(({ rounds, scale }) => (Number.isInteger(rounds) && rounds >= 1 && rounds <= 100 && scale > 0 && scale <= 1) || '--rounds or --scale is out of range')
  .check(({ only }) => only == null || only.split(',').every(name => names.includes(name as FigureName)) || `--only knows ${names.join(', ')}`)
  .strict()
  .version(false)
  .parseAsync()

/**
 * Two nodes for most figures, and a crowd to connect.
 */
const NODES = { secp256k1: 202, ed25519: 2 }

async function createCredentials (folder: string, keyType: 'secp256k1' | 'ed25519'): Promise<Credentials[]> {
  const { nodes } = await writeChain({ output: join(folder, keyType), nodes: NODES[keyType], keyType })

  return nodes.map(({ dir }) => ({ key: join(dir, 'conf', 'node.key'), cert: join(dir, 'conf', 'node.crt'), ca: join(dir, 'conf', 'ca.crt') }))
}

const folder = await mkdtemp(join(tmpdir(), 'fisco-bench-'))
const progress = (line: string): void => { process.stderr.write(`${line}\n`) }

try {
  const chains: Partial<Record<KeyType, Credentials[]>> = { secp256k1: await createCredentials(folder, 'secp256k1'), ed25519: await createCredentials(folder, 'ed25519') }
  const credentials = (keyType: KeyType): Credentials[] => chains[keyType] ?? []
  const figures: Record<string, FigureResult> = {}
  const before = environment()

  for (const name of args.only?.split(',') as FigureName[] ?? names) {
    progress(`${name} ...`)
    figures[name] = await FIGURES[name]({ rounds: args.rounds, scale: args.scale, credentials, progress })
  }

  process.stdout.write(`${JSON.stringify(before)}\n\n${formatTable(figures)}`)

  if (args.json != null) {
    await writeFile(args.json, `${JSON.stringify({ environment: { ...before, rounds: args.rounds, scale: args.scale }, figures }, undefined, 2)}\n`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
