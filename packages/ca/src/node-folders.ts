import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NODES_DIR } from './constants.ts'
import { ifThere } from './replace-file.ts'

/**
 * The names of the nodes that have a folder in that of a chain, in their order (node2 before node10).
 *
 * @param chain - the folder that `writeChain` wrote
 * @returns undefined where there is no folder of nodes
 */
export async function nodeFolders (chain: string): Promise<string[] | undefined> {
  const entries = await ifThere(readdir(join(chain, NODES_DIR), { withFileTypes: true }))
  // a folder with a dot is one that is being written, or was when its process ended
  const names = entries?.filter(entry => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name)

  return names?.sort(new Intl.Collator('en', { numeric: true }).compare)
}
