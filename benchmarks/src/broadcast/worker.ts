// A process with some of the nodes of a network, see network.ts: `worker.js <broadcaster> <credentials of each node, as JSON>`.
import { obey } from '../commanded.ts'
import { BROADCASTERS } from './contenders.ts'
import { now } from './network.ts'
import type { Credentials } from '../contender.ts'
import type { BroadcasterName } from './contenders.ts'
import type { BroadcastCommand, Seen } from './network.ts'

const [name, credentials] = process.argv.slice(2)
const start = BROADCASTERS[name as BroadcasterName]
let seen: Seen = { arrivals: [], copies: 0, control: 0, cpuMs: 0 }
const nodes = await Promise.all((JSON.parse(credentials) as Credentials[]).map(async member => start(member, data => {
  seen.arrivals.push([numberOf(data), now()])
})))

async function run (command: BroadcastCommand): Promise<unknown> {
  switch (command.op) {
    case 'addresses':
      return nodes.map(({ address }) => address)
    case 'connect':
      return nodes[command.node].connect(command.address)
    case 'neighbours':
      return nodes.map(node => node.neighbours())
    case 'broadcast':
      return broadcast(command)
    case 'seen':
      return flush()
  }
}

/**
 * Sends a message whose first bytes are its number.
 */
async function broadcast ({ node, number, size }: Extract<BroadcastCommand, { op: 'broadcast' }>): Promise<void> {
  const data = new Uint8Array(size)
  new DataView(data.buffer).setUint32(0, number)
  await nodes[node].broadcast(data)
}

function flush (): Seen {
  const { user, system } = process.cpuUsage()
  const traffic = nodes.map(node => node.traffic())
  const flushed = {
    ...seen,
    copies: traffic.reduce((sum, { copies }) => sum + copies, 0),
    control: traffic.reduce((sum, { control }) => sum + control, 0),
    cpuMs: (user + system) / 1_000
  }
  seen = { arrivals: [], copies: 0, control: 0, cpuMs: 0 }

  return flushed
}

function numberOf (data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(0)
}

obey(run, async () => { await Promise.all(nodes.map(async node => node.close())) })
