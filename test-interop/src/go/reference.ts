import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeChain } from '@fisco-libp2p/ca'

const MODULE = fileURLToPath(new URL('../../../go-reference', import.meta.url))
const run = promisify(execFile)

/**
 * What this machine lacks to build the reference node, in words; undefined if nothing.
 */
export async function lacksGo (): Promise<string | undefined> {
  const go = await goCommand()

  if (go == null) {
    return 'Go is not installed'
  }

  try {
    await run(go, ['mod', 'download'], { cwd: MODULE, timeout: 300_000 })
  } catch (err) {
    return `Go cannot get the modules of the reference node: ${String(err.message).trim().split('\n').at(-1)}`
  }
}

/**
 * Builds the reference node into a folder.
 *
 * @returns the program's path
 */
export async function buildReference (folder: string): Promise<string> {
  const binary = join(folder, 'go-reference')
  await run(await goCommand() ?? 'go', ['build', '-o', binary, '.'], { cwd: MODULE, timeout: 600_000 })

  return binary
}

/**
 * Runs the reference node's own tests: the byte vectors of docs/PROTOCOLS.md.
 */
export async function testReference (): Promise<void> {
  await run(await goCommand() ?? 'go', ['test', '-count=1', '.'], { cwd: MODULE, timeout: 600_000 }).catch(err => { throw new Error(`${err.stdout ?? ''}${err.stderr ?? err.message}`.trim()) })
}

/**
 * Makes a chain, and gives its nodes' folders of key and certificates.
 */
export async function chainOf (folder: string, name: string, keyType: 'ed25519' | 'rsa', nodes = 2): Promise<string[]> {
  const output = join(folder, name)
  const chain = await writeChain({ output, nodes, agency: 'agency', keyType })

  return chain.nodes.map(({ name }) => join(output, 'nodes', name, 'conf'))
}

/**
 * Go where it is found: on the path, or where its installer puts it.
 */
async function goCommand (): Promise<string | undefined> {
  const installed = '/usr/local/go/bin/go'

  return run('go', ['version']).then(() => 'go', async () => access(installed).then(() => installed, () => undefined))
}
