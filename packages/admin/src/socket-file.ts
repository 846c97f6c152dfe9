import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
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
    server.once('error', err => { reject(new AdminSocketError(`the admin socket ${path} cannot be made: ${err.message}; see [admin] socket`, { cause: err })) })
    server.once('listening', resolve)
  })

  // bound within the call, so the file never exists with another mode
  const before = process.umask(SOCKET_UMASK)

  try {
    server.listen(path)
  } finally {
    process.umask(before)
  }

  await listening
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
