import { MemoryDatastore, MountDatastore } from 'datastore-core'
import { FsDatastore } from 'datastore-fs'
import { Key } from 'interface-datastore'
import type { Datastore } from 'interface-datastore'

/**
 * A node's datastore: what this stack keeps (its incarnation) lies in files and survives a restart; what libp2p keeps
 * (peer store) stays in memory, because libp2p writes there with every stream that it opens.
 *
 * @param folder - is made if it does not exist
 */
export async function openState (folder: string): Promise<Datastore> {
  const files = new FsDatastore(folder)
  await files.open()

  return new MountDatastore([
    { prefix: new Key('/fisco'), datastore: files },
    { prefix: new Key('/'), datastore: new MemoryDatastore() }
  ])
}
