import { Cable, NetworkSwitch } from './cable.ts'
import { NodeNetwork } from './node-network.ts'
import type { NodeNetworkInit } from './node-network.ts'

const PORT = 30_300

/**
 * A network whose nodes are machines of their own as far as the kernel is concerned: each has its own network stack, and a cable to a
 * switch that can be pulled.
 */
export class CableNetwork extends NodeNetwork<Cable> {
  readonly #switch: NetworkSwitch

  constructor (networkSwitch: NetworkSwitch) {
    super()
    this.#switch = networkSwitch
  }

  override async [Symbol.asyncDispose] (): Promise<void> {
    await super[Symbol.asyncDispose]()
    await this.#switch[Symbol.asyncDispose]()
  }
}

/**
 * Creates a network with a cable to each node, and starts no node yet. It has no way out: nothing but its nodes is reached.
 *
 * @throws Error where the machine does not allow it: it takes Linux, the `ip` command, and the right to create network namespaces
 */
export async function createCableNetwork (init: NodeNetworkInit): Promise<CableNetwork> {
  const network = new CableNetwork(await NetworkSwitch.create(`fisco-${process.pid}`))

  try {
    for (let i = 0; i < init.nodes; i++) {
      const endpoint = { host: `10.77.0.${i + 1}`, port: PORT }
      const line = await Cable.create(`fisco-${process.pid}`, i, endpoint.host)
      network.places.push({ line, listen: endpoint, dialled: endpoint, wrapper: line.wrapper })
    }

    await network.settle(init)

    return network
  } catch (err) {
    await network[Symbol.asyncDispose]()
    throw err
  }
}
