import { lstat, stat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { PROBE_TIMEOUT, SOCKET_UMASK } from './constants.ts'
import { AdminSocketError } from './errors.ts'
import type { Server } from 'node:net'

/**
 * Listens on a unix socket that nobody but this process's user may open, in the place of one that a process left behind which is
 * gone.
 *
 * @throws AdminSocketError if somebody listens there, the file is no socket, or it cannot be made
 */
export async function listenOnSocket (server: Server, path: string): Promise<void> {
  await removeStale(path)

  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', resolve)
  })

  // bound within the call, so the file never exists with another mode
  const before = process.umask(SOCKET_UMASK)

  try {
    server.listen(path)
  } finally {
    process.umask(before)
  }

  await listening.catch(async err => {
    throw new AdminSocketError(`the admin socket ${path} cannot be made: ${await explain(err, dirname(path))}, or change [admin] socket in config.ini (none: no admin API)`, { cause: err })
  })
}

/**
 * @returns why, and what to do
 */
async function explain ({ code = '', message }: NodeJS.ErrnoException, folder: string): Promise<string> {
  // of a folder that does not exist, Node.js says EACCES
  const kind = await stat(folder).then(found => found.isDirectory() ? code : 'ENOTDIR', (err: NodeJS.ErrnoException) => err.code ?? code)
  const denied = `this user may not write to the folder ${folder} (${kind}); give the folder to the user that runs the node`
  const reasons: Record<string, string> = {
    ENOENT: `the folder ${folder} does not exist; make it`,
    ENOTDIR: `${folder} is no folder; make it one`,
    EROFS: `the folder ${folder} is on a file system that cannot be written to; mount it so that it can be`,
    EADDRINUSE: 'a socket of that name is there, and this user may not remove it; remove it',
    EACCES: denied,
    EPERM: denied
  }

  return reasons[kind] ?? `${message}; see to it`
}

async function removeStale (path: string): Promise<void> {
  const file = await lstat(path).catch(() => undefined)

  if (file == null) {
    return
  }

  if (!file.isSocket()) {
    throw new AdminSocketError(`${path} is no socket, and is left alone: move it away, or set [admin] socket to another path`)
  }

  if (await isAlive(path)) {
    throw new AdminSocketError(`another node listens on ${path}: is this node running already? Stop it, or set [admin] socket to another path`)
  }

  await unlink(path).catch(() => {})
}

async function isAlive (path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    const end = (alive: boolean): void => {
      socket.destroy()
      resolve(alive)
    }

    socket.setTimeout(PROBE_TIMEOUT, () => { end(true) })
    socket.once('connect', () => { end(true) })
    socket.once('error', err => { end((err as NodeJS.ErrnoException).code !== 'ECONNREFUSED') })
  })
}
