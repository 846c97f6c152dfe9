import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installSuites } from '../compliance/install.ts'
import { runMocha } from '../compliance/run-mocha.ts'
import type { Case, Suite } from '../row.ts'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

const ROOT = new URL('../../../../', import.meta.url)

/**
 * The Nodes that the repository brings.
 */
const NODES = ['node-22', 'node', 'node-26'].map(name => fileURLToPath(new URL(`node_modules/${name}/bin/node`, ROOT)))

const FILES = ['encrypter.spec.mjs', 'transport.spec.mjs', 'muxer.spec.mjs']

/**
 * Made when it is asked what this machine lacks, as that is known only then.
 */
let installed: TemporaryFolder | undefined

/**
 * js-libp2p's own compliance suites, unchanged, over our encrypter, our transport and our muxer.
 */
export const compliance: Suite = {
  name: 'compliance',

  async lacks () {
    try {
      installed = await installSuites()
    } catch (err) {
      return `the suites cannot be installed: ${err.message}`
    }
  },

  async prepare () {
    const folder = installed ?? await installSuites()
    const cases: Case[] = []
    installed = undefined

    for (const node of NODES) {
      for (const file of FILES) {
        cases.push(...await casesOf(node, folder.path, file))
      }
    }

    return { cases, [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]() }
  }
}

/**
 * All of them have run: mocha knows its tests only then.
 */
async function casesOf (node: string, folder: string, file: string): Promise<Case[]> {
  if (!existsSync(node)) {
    return [failed('js-libp2p compliance -> ours', file, `there is no ${node.replace(fileURLToPath(ROOT), '')}`)]
  }

  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const pair = `js-libp2p compliance (Node ${/\d+/.exec(version)?.[0]}) -> ours`

  try {
    const results = await runMocha(node, folder, file, new URL('packages/', ROOT))

    return results.map(({ title, ms, error }) => error == null
      ? { pair, case: title, async run () { return `${ms} ms, ${version}` } }
      : failed(pair, title, error))
  } catch (err) {
    return [failed(pair, file, err.message)]
  }
}

function failed (pair: string, name: string, reason: string): Case {
  return { pair, case: name, async run () { throw new Error(reason) } }
}
