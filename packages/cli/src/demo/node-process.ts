import { createNode } from '@fisco-libp2p/node'
import { EndRequest, endWithin } from '../end-request.ts'
import type { CallMessage, Calls, ProcessMessage, Reports } from './messages.ts'
import type { FiscoNode } from '@fisco-libp2p/node'

/**
 * The process of one node of the demo: `node node-process.js CONFIG`. It is an ordinary node, started from its
 * config.ini, with a control channel to the demo.
 */
const CALL_TIMEOUT = 20_000
const STOP_TIMEOUT = 3_000
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function send (message: ProcessMessage): void {
  if (process.connected) {
    process.send?.(message)
  }
}

function report <Name extends keyof Reports> (name: Name, detail: Reports[Name]): void {
  send({ report: name, detail })
}

function reportEvents ({ identity, services }: FiscoNode): void {
  services.peers.addEventListener('peer:up', ({ detail }) => { report('peer:up', { nodeId: detail.nodeId, name: detail.name ?? '' }) })
  services.peers.addEventListener('peer:down', ({ detail }) => { report('peer:down', { nodeId: detail.nodeId }) })
  services.topics.addEventListener('topic:message', ({ detail }) => { report('topic', { ...detail, text: text(detail.data) }) })
  services.topics.addEventListener('broadcast:message', ({ detail }) => { report('broadcast', { ...detail, text: text(detail.data) }) })
  identity.addEventListener('handshake:rejected', ({ detail }) => { report('rejected', detail) })
  services.statusSeq.addEventListener('status:change', ({ detail: { record } }) => {
    const entries = Object.fromEntries([...record.entries].filter(([name]) => !name.startsWith('fisco/')).map(([name, value]) => [name, text(value)]))

    report('status', { nodeId: record.nodeId, incarnation: record.incarnation, seq: record.seq, entries })
  })
}

async function untilFollowers ({ services }: FiscoNode, topic: string, count: number): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string[]>()
  const timer = setTimeout(() => { reject(new Error(`${services.topics.followers(topic).length} instead of ${count} followers of "${topic}" are known`)) }, CALL_TIMEOUT)
  const look = (): void => {
    const followers = services.topics.followers(topic)

    if (followers.length === count) {
      resolve(followers)
    }
  }

  services.statusSeq.addEventListener('status:change', look)
  look()

  try {
    return await promise
  } finally {
    clearTimeout(timer)
    services.statusSeq.removeEventListener('status:change', look)
  }
}

type Implementation = { [Name in keyof Calls]: (args: Calls[Name]['args']) => Promise<Calls[Name]['result']> }

function implementation (node: FiscoNode): Implementation {
  const { direct, topics, statusSeq } = node.services

  return {
    async unicast (args) {
      const start = performance.now()
      const answer = await direct.request(args.nodeId, 'demo/greet', bytes(args.text))

      return { answer: text(answer), ms: performance.now() - start }
    },
    async follow ({ topic }) {
      topics.follow(topic)

      return {}
    },
    untilFollowers: async ({ topic, count }) => ({ followers: await untilFollowers(node, topic, count) }),
    publish: async args => topics.publish(args.topic, bytes(args.text)),
    broadcast: async args => topics.broadcast(bytes(args.text)),
    async setStatus (args) {
      statusSeq.set(args.name, bytes(args.value))
      const { seq = 0, incarnation = 0 } = statusSeq.get(node.identity.nodeId) ?? {}

      return { seq, incarnation }
    }
  }
}

async function answer (calls: Implementation, message: CallMessage): Promise<void> {
  const call = calls[message.call] as (args: object) => Promise<object>

  try {
    send({ id: message.id, result: await call(message.args) })
  } catch (err) {
    send({ id: message.id, error: err.message })
  }
}

// from the beginning, so that a parent that is gone before the node has started is noticed
using end = new EndRequest()

try {
  const node = await createNode({ config: process.argv[2], start: false })
  const { identity } = node
  const calls = implementation(node)

  reportEvents(node)
  node.services.direct.handle('demo/greet', (data, { from }) => bytes(`${identity.name} heard "${text(data)}" from ${from.slice(0, 8)}…`))
  process.on('message', (message: CallMessage) => {
    answer(calls, message).catch(err => { report('failed', { message: err.message }) })
  })
  await node.start()
  report('started', { nodeId: identity.nodeId, name: identity.name, agency: identity.agency, addresses: node.getMultiaddrs().map(String) })

  await end.promise
  endWithin(STOP_TIMEOUT)
  await node.stop()
  process.exit()
} catch (err) {
  report('failed', { message: err.message })
  process.exitCode = 1

  if (process.connected) {
    process.disconnect()
  }
}
