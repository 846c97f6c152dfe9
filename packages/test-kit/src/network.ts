import { createNode } from '@fisco-libp2p/node'
import { pEvent } from 'p-event'
import { createConsortium } from './consortium.ts'
import { freePorts } from './free-ports.ts'
import type { ConsortiumOptions } from './consortium.ts'
import type { FiscoNode } from '@fisco-libp2p/node'

const SOCKETS = ['TCPSocketWrap', 'TCPServerWrap']

/**
 * Milliseconds that the operating system has to close what nodes let go of.
 */
const PATIENCE = 2_000

/**
 * Nodes of one consortium in this process, each connected with all others.
 */
export interface TestNetwork extends AsyncDisposable {
  nodes: FiscoNode[]

  /**
   * Resolves when each node is connected with all others.
   */
  connected (): Promise<void>
}

/**
 * Starts `count` nodes that are configured with each other's addresses, and waits until all are connected. At the end of
 * the scope that holds the network (`await using network = await createNetwork(4)`) it stops them and makes sure that no
 * socket of theirs is left: what is left running is an error of the test.
 */
export async function createNetwork (count: number, options: ConsortiumOptions = {}): Promise<TestNetwork> {
  const before = openSockets()
  const consortium = await createConsortium(options)
  const addresses = (await freePorts(count)).map(port => `/ip4/127.0.0.1/tcp/${port}/tls`)
  const nodes = await Promise.all(addresses.map(async address => createNode({
    identity: await consortium.identity(), listen: [address], peers: addresses.filter(other => other !== address)
  })))
  const network: TestNetwork = {
    nodes,
    async connected () {
      await Promise.all(nodes.map(async ({ services: { peers } }) => {
        while (peers.members().length < nodes.length - 1) {
          await pEvent(peers, 'peer:up')
        }
      }))
    },
    async [Symbol.asyncDispose] () {
      await Promise.all(nodes.map(async node => node.stop()))
      await expectSockets(before)
    }
  }

  await network.connected()

  return network
}

function openSockets (): number {
  return process.getActiveResourcesInfo().filter(name => SOCKETS.includes(name)).length
}

async function expectSockets (before: number): Promise<void> {
  for (const end = Date.now() + PATIENCE; openSockets() > before;) {
    if (Date.now() > end) {
      throw new Error(`The network was stopped, and ${openSockets() - before} of its sockets are still open`)
    }

    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
