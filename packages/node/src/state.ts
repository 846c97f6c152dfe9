import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MemoryDatastore, MountDatastore } from 'datastore-core'
import { FsDatastore } from 'datastore-fs'
import { Key } from 'interface-datastore'
import { StateFolderError } from './errors.ts'
import type { Datastore } from 'interface-datastore'

/**
 * A node's datastore: what this stack keeps (its incarnation) lies in files and survives a restart; what libp2p keeps
 * (peer store) stays in memory, because libp2p writes there with every stream that it opens.
 *
 * @param folder - is made if it does not exist
 * @throws StateFolderError if it cannot be made or written to
 */
export async function openState (folder: string): Promise<Datastore> {
  const files = new FsDatastore(folder)

  try {
    await files.open()
  } catch (err) {
    throw new StateFolderError(folder, explain(err, folder), { cause: err })
  }

  // to open a file is no error, to write into it later would be
  if (!(await stat(folder)).isDirectory()) {
    throw new StateFolderError(folder, 'it is no folder; move it away')
  }

  return new MountDatastore([
    { prefix: new Key('/fisco'), datastore: files },
    { prefix: new Key('/'), datastore: new MemoryDatastore() }
  ])
}

/**
 * @returns why, and what to do
 */
function explain ({ code, syscall, message }: NodeJS.ErrnoException, folder: string): string {
  const where = syscall === 'mkdir' ? dirname(folder) : folder
  const denied = `this user may not write to ${where} (${code}); give that folder to the user that runs the node, or start the node as its owner`
  const reasons: Record<string, string> = {
    EACCES: denied,
    EPERM: denied,
    EROFS: `${where} is on a file system that cannot be written to; mount it so that it can be, or move the node's folder`,
    ENOTDIR: `one of the folders above it is a file; move that away`,
    ENOSPC: `the file system of ${where} is full; make room`
  }

  return reasons[code ?? ''] ?? `${message}; see to it that ${where} can be written to`
}
