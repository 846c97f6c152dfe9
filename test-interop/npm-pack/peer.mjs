// The other end of the examples: answers what they ask, and tells by JSON lines what came of them.
import { directProtocol } from '@fisco-libp2p/direct'
import { createNode } from '@fisco-libp2p/node'

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const bytes = (text) => new TextEncoder().encode(text)
const text = (data) => new TextDecoder().decode(data)

const node = await createNode({ config: 'config.ini' })
const { direct, topics, statusSeq, peers } = node.services

direct.handle('height', async (request) => {
  say({ event: 'request', data: text(request) })

  return bytes('from the peer')
})
direct.handleStream('blocks', async function * (source) {
  for await (const piece of source) {
    say({ event: 'stream', data: text(piece.subarray()) })
    yield bytes('a block')
  }
})

for (const topic of ['prices', 'orders']) {
  topics.follow(topic, ({ author, data }) => { say({ event: 'topic', topic, author, data: text(data) }) }, topic === 'orders' ? { delivery: 'reliable' } : {})
}

topics.addEventListener('broadcast:message', ({ detail: { author, data } }) => { say({ event: 'broadcast', author, data: text(data) }) })
statusSeq.addEventListener('status:change', ({ detail: { nodeId, record } }) => {
  const height = record?.entries.get('height')

  if (height != null) {
    say({ event: 'status', author: nodeId, data: text(height) })
    // the last thing that the example does: by now it answers, too
    direct.request(nodeId, 'height', bytes('?'), { timeout: 10_000 }).then((answer) => { say({ event: 'answer', author: nodeId, data: text(answer) }) }, ({ name }) => { say({ event: 'no answer', author: nodeId, data: name }) })
  }
})

peers.addEventListener('peer:up', ({ detail: { nodeId } }) => { say({ event: 'up', author: nodeId }) })

const number = { encode: (value) => bytes(String(value)), decode: (data) => Number(text(data)) }
const height = directProtocol({ name: 'height/1.0.0', request: number, response: number, timeout: 5_000, maxMessageSize: 64, quota: { perPeer: 10, perMs: 1_000 } })
await height({ handler: () => 4711 })(node.services).start()

process.stdin.resume().on('end', () => process.exit()) // whoever started it is gone
say({ event: 'ready', author: node.identity.nodeId })
