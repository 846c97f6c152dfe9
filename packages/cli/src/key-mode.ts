import { stat } from 'node:fs/promises'

/**
 * What is wrong with a private key's file that others than its owner may read or write: whoever has the key is that node. Undefined if nothing is,
 * and where files have no such modes.
 */
export async function keyModeProblem (file: string): Promise<string | undefined> {
  const mode = process.platform === 'win32' ? 0 : (await stat(file)).mode & 0o777

  return (mode & 0o077) === 0
    ? undefined
    : `others than its owner may open it (its mode is ${mode.toString(8).padStart(3, '0')}), and whoever has the key is this node: chmod 600 ${file}`
}
