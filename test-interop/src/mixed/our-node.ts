// A node of ours in a process of its own that is driven by the same JSON lines as the reference node in Go, so that whoever drives a network need not know which is which.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { LANES } from '@fisco-libp2p/direct'
import { loadIdentity } from '@fisco-libp2p/identity'
import { createNode } from '@fisco-libp2p/node'
import { BROADCAST_TOPIC } from '@fisco-libp2p/topics'
import { pattern } from '../go/expect.ts'
import type { StatusRecord } from '@fisco-libp2p/status-seq'
import type { BroadcastMessage, TopicMessage } from '@fisco-libp2p/topics'

/**
 * A line of standard input.
 */
interface Command {
  id: number
  cmd: string

  /**
   * Whom to ask.
   */
  nodeId?: string

  /**
   * Index in {@link LANES}.
   */
  lane?: number

  /**
   * Of a handler, a topic, or an entry of status.
   */
  name?: string

  /**
   * Hex, or a length.
   */
  data?: string
  size?: number
}

const { values: { conf, listen, state, peer } } = parseArgs({
  options: { conf: { type: 'string', default: 'conf' }, listen: { type: 'string', default: '/ip4/127.0.0.1/tcp/0/tls' }, state: { type: 'string' }, peer: { type: 'string', multiple: true, default: [] } }
})
const identity = await loadIdentity({ key: join(conf, 'node.key'), cert: join(conf, 'node.crt'), ca: join(conf, 'ca.crt') })
const node = await createNode({ identity, listen: [listen], peers: peer, stateFolder: state, start: false })
const { direct, peers, statusSeq, topics } = node.services

function say (line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function sizeOf (data: Uint8Array): object {
  return { size: data.byteLength, sha256: createHash('sha256').update(data).digest('hex') }
}

function recordOf ({ nodeId, incarnation, seq, entries }: StatusRecord): object {
  return { nodeId, incarnation, seq, entries: Object.fromEntries([...entries].map(([name, value]) => [name, Buffer.from(value).toString('hex')])) }
}

function tellMessage (topic: string, { author, sequence, data }: TopicMessage | BroadcastMessage): void {
  say({ event: 'message', topic, author, sequence: Number(sequence), ...sizeOf(data) })
}

async function obey ({ cmd, nodeId = '', lane = 1, name = '', data = '', size = 0 }: Command): Promise<object> {
  const bytes = size > 0 ? pattern(size) : Buffer.from(data, 'hex')

  switch (cmd) {
    case 'request':
      return sizeOf(await direct.request(nodeId, name, bytes, { lane: LANES[lane] }))
    case 'follow':
      topics.follow(name, message => { tellMessage(`fisco/${name}`, message) })
      return {}
    case 'publish':
      return { sent: (await topics.publish(name, bytes)).recipients }
    case 'broadcast':
      return { sent: (await topics.broadcast(bytes)).recipients }
    case 'set-status':
      statusSeq.set(name, bytes)
      return {}
    case 'list-status':
      return { records: statusSeq.snapshot().map(recordOf) }
    default:
      throw new Error(`no command "${cmd}"`)
  }
}

direct.handle('echo', data => data)
peers.addEventListener('peer:up', ({ detail: { nodeId } }) => { say({ event: 'peer:up', nodeId }) })
peers.addEventListener('peer:down', ({ detail: { nodeId, reason } }) => { say({ event: 'peer:down', nodeId, reason }) })
topics.addEventListener('broadcast:message', ({ detail }) => { tellMessage(BROADCAST_TOPIC, detail) })
identity.addEventListener('handshake:rejected', ({ detail: { rule, refusedBy, direction } }) => { say({ event: 'refused', rule, byPeer: refusedBy === 'them', inbound: direction === 'inbound' }) })
statusSeq.addEventListener('status:self-superseded', () => { say({ event: 'self-superseded' }) })
await node.start()

createInterface(process.stdin).on('line', line => {
  const command: Command = JSON.parse(line)

  obey(command).then(
    answer => { say({ id: command.id, ok: true, ...answer }) },
    err => { say({ id: command.id, ok: false, error: `${err.name}: ${err.message}` }) }
  )
}).on('close', async () => { // whoever drives it is done, or gone
  await node.stop()
  process.exit()
})

const own = statusSeq.get(identity.nodeId)
say({ event: 'ready', peer: node.peerId.toString(), nodeId: identity.nodeId, incarnation: own?.incarnation, addrs: node.getMultiaddrs().map(address => address.toString().replace(/\/p2p\/.*/, '')) })
