import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeChain } from '@fisco-libp2p/ca'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { Bench, GO_TO_OURS } from '../go/bench.ts'
import { directCases } from '../go/direct-cases.ts'
import { linkCases } from '../go/link-cases.ts'
import { CROWD, networkCases } from '../go/network-cases.ts'
import { statusCases } from '../go/status-cases.ts'
import { topicCases } from '../go/topic-cases.ts'
import type { Case, Suite } from '../row.ts'

const MODULE = fileURLToPath(new URL('../../../go-reference', import.meta.url))
const run = promisify(execFile)

/**
 * A node in Go that was written from docs/PROTOCOLS.md: whoever reads that document can join the network.
 */
export const goLibp2p: Suite = {
  name: 'go-libp2p',

  async lacks () {
    const go = await goCommand()

    if (go == null) {
      return 'Go is not installed'
    }

    try {
      await run(go, ['mod', 'download'], { cwd: MODULE, timeout: 300_000 })
    } catch (err) {
      return `Go cannot get the modules of the reference node: ${String(err.message).trim().split('\n').at(-1)}`
    }
  },

  async prepare () {
    const folder = await temporaryFolder()

    try {
      const binary = join(folder.path, 'go-reference')
      const go = await goCommand() ?? 'go'
      await run(go, ['build', '-o', binary, '.'], { cwd: MODULE, timeout: 600_000 })
      const home = await chainOf(folder.path, 'home', 'ed25519', CROWD + 2)
      const bench = new Bench(binary, folder.path, home)
      const foreign = await chainOf(folder.path, 'foreign', 'ed25519')
      const rsa = await chainOf(folder.path, 'rsa', 'rsa')

      return {
        cases: [vectorsCase(go), ...linkCases(bench, foreign, new Bench(binary, folder.path, rsa)), ...directCases(bench), ...statusCases(bench), ...topicCases(bench), ...networkCases(bench)],
        [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]()
      }
    } catch (err) {
      await folder[Symbol.asyncDispose]()

      throw err
    }
  }
}

function vectorsCase (go: string): Case {
  return {
    pair: GO_TO_OURS,
    case: 'the byte vectors of PROTOCOLS.md, read from it',
    run: async () => {
      await run(go, ['test', '-count=1', '.'], { cwd: MODULE, timeout: 600_000 }).catch(err => { throw new Error(`${err.stdout ?? ''}${err.stderr ?? err.message}`.trim()) })
    }
  }
}

/**
 * Go where it is found: on the path, or where its installer puts it.
 */
async function goCommand (): Promise<string | undefined> {
  const installed = '/usr/local/go/bin/go'

  return run('go', ['version']).then(() => 'go', async () => access(installed).then(() => installed, () => undefined))
}

/**
 * Makes a chain, and gives its nodes' folders of key and certificates.
 */
async function chainOf (folder: string, name: string, keyType: 'ed25519' | 'rsa', nodes = 2): Promise<string[]> {
  const output = join(folder, name)
  const chain = await writeChain({ output, nodes, agency: 'agency', keyType })

  return chain.nodes.map(({ name }) => join(output, 'nodes', name, 'conf'))
}
