import type { StatusSimulation } from '@fisco-libp2p/test-kit'

/**
 * One change that was told to all nodes.
 */
export interface SimulatedChange {
  /**
   * Milliseconds until all knew it; infinity if they did not in time.
   */
  ms: number
  pushes: number
  bytes: number
}

/**
 * Some changes of different nodes, 30 s apart.
 *
 * @param random - picks the nodes
 * @param longest - milliseconds that one may take
 */
export function simulateChanges (network: StatusSimulation, random: () => number, count: number, longest: number): SimulatedChange[] {
  return Array.from({ length: count }, (_, i) => {
    const before = { ...network.traffic }
    const ms = network.spread(Math.floor(random() * network.nodes.length), Uint8Array.of(i), longest) ?? Infinity
    const { pushes, bytes } = network.traffic
    network.run(30_000)

    return { ms, pushes: pushes - before.pushes, bytes: bytes - before.bytes }
  })
}
