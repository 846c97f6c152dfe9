import getPort from 'get-port'

/**
 * Ports of 127.0.0.1 on which nobody listens now, all different.
 */
export async function freePorts (count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, async () => getPort({ host: '127.0.0.1' })))
}
