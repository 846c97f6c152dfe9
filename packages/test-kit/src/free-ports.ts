import { randomInt } from 'node:crypto'
import getPort, { portNumbers } from 'get-port'

/**
 * Below the range from which operating systems take the ports of outbound connections (32768 on Linux, 49152 elsewhere): a port
 * that is free stays so until somebody asks for it.
 */
const FIRST = 12_000
const LAST = 32_000

/**
 * Ports of 127.0.0.1 on which nobody listens now, all different, and none that an outbound connection could take meanwhile.
 */
export async function freePorts (count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, async () => getPort({ host: '127.0.0.1', port: portNumbers(randomInt(FIRST, LAST), LAST + 500) })))
}
