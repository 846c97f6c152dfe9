import { freePorts } from '../free-ports.ts'
import { NodeNetwork } from './node-network.ts'
import { seededRandom } from './random.ts'
import { Relay } from './relay.ts'
import type { NodeNetworkInit } from './node-network.ts'
import type { Fault } from './schedule.ts'

const HOST = '127.0.0.1'

/**
 * A network whose nodes are dialled over relays: everything can go wrong in it.
 */
export class FaultNetwork extends NodeNetwork<Relay> {
  /**
   * Makes a fault happen, and resolves when it is over.
   */
  async inflict ({ at, kind, node: number, lasts }: Fault, signal: AbortSignal): Promise<void> {
    const { node, line } = this.stations[number]
    node.note('harness:fault', { kind, lasts })

    switch (kind) {
      case 'kill':
      case 'terminate':
      case 'move':
        await node.end(kind === 'terminate' ? 'SIGTERM' : 'SIGKILL')
        await sleep(lasts, signal)

        if (kind === 'move') {
          [line.target] = await freePorts(1)
          await node.move(line.target)
        }

        await node.start()
        break
      case 'pause':
        node.signal('SIGSTOP')
        await sleep(lasts, signal)
        node.signal('SIGCONT')
        break
      case 'refuse':
        line.refuse()
        line.cut('reset')
        await sleep(lasts, signal)
        await line.listen()
        break
      case 'silence':
        line.silence(true)
        await sleep(lasts, signal)
        line.silence(false)
        break
      case 'slow':
        line.delay = 100
        await sleep(lasts, signal)
        line.delay = 0
        break
      case 'lossy':
        line.loss = seededRandom(at)
        await sleep(lasts, signal)
        line.loss = undefined
        break
      default:
        line.cut(kind === 'cut-fin' ? 'fin' : 'reset')
    }

    node.note('harness:fault-over', { kind })
  }
}

/**
 * Creates a network on 127.0.0.1 with a relay in front of each node, and starts no node yet.
 */
export async function createFaultNetwork (init: NodeNetworkInit): Promise<FaultNetwork> {
  const ports = await freePorts(2 * init.nodes)
  const network = new FaultNetwork()

  try {
    for (let i = 0; i < init.nodes; i++) {
      const [port, linePort] = [ports[i], ports[init.nodes + i]]
      network.places.push({ line: await new Relay(port).listen(linePort), listen: { host: HOST, port }, dialled: { host: HOST, port: linePort } })
    }

    await network.settle(init)

    return network
  } catch (err) {
    await network[Symbol.asyncDispose]()
    throw err
  }
}

async function sleep (milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  signal.addEventListener('abort', () => { resolve() })
  await promise
  clearTimeout(timer)
}
