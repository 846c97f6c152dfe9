import { createIdentities } from '@fisco-libp2p/test-kit'
import { MAX_DATA_BYTES, Pacer } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import { connect, TestNetwork, text, until } from './helpers/network.ts'
import type { TestNode } from './helpers/network.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { PacedStream } from '@fisco-libp2p/topics'

const MIB = 1_048_576

class FakeStream extends EventTarget implements PacedStream {
  writeBufferLength = 0
  listeners = 0

  addEventListener (type: string, listener: () => void): void {
    this.listeners++
    super.addEventListener(type, listener)
  }

  removeEventListener (type: string, listener: () => void): void {
    this.listeners--
    super.removeEventListener(type, listener)
  }

  drainTo (bytes: number): void {
    this.writeBufferLength = bytes
    this.dispatchEvent(new Event('drain'))
  }
}

async function isPending (promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')

  return await Promise.race([promise, new Promise(resolve => { setImmediate(() => { resolve(pending) }) })]) === pending
}

describe('pacer', () => {
  it('lets an author write while its streams take it', async () => {
    const stream = new FakeStream()
    const pacer = new Pacer(() => [stream], 60_000)

    for (let i = 0; i < 100; i++) {
      await pacer.ready(MIB)
    }

    expect(stream.listeners).to.equal(0)
  })

  it('waits for a stream whose buffer is full, until it has room', async () => {
    const streams = [new FakeStream(), new FakeStream()]
    const pacer = new Pacer(() => streams, 60_000)

    streams[1].writeBufferLength = 4 * MIB

    const ready = pacer.ready(MIB)

    expect(await isPending(ready)).to.equal(true)
    streams[1].drainTo(3 * MIB)
    expect(await isPending(ready)).to.equal(true)
    streams[1].drainTo(2 * MIB)
    await ready
    expect(streams.map(({ listeners }) => listeners)).to.deep.equal([0, 0])
  })

  it('looks only when enough was written', async () => {
    let looks = 0
    const pacer = new Pacer(() => {
      looks++

      return []
    })

    for (let i = 0; i < 1_024; i++) {
      await pacer.ready(1_024)
    }

    expect(looks).to.equal(4)
  })

  it('does not wait for a stream that is closed', async () => {
    const stream = new FakeStream()
    const pacer = new Pacer(() => [stream], 60_000)

    stream.writeBufferLength = 4 * MIB

    const ready = pacer.ready(MIB)

    stream.writeBufferLength = 0
    stream.dispatchEvent(new Event('close'))
    await ready
    expect(stream.listeners).to.equal(0)
  })

  it('gives up on a stream that takes next to nothing, until that has caught up', async () => {
    const stream = new FakeStream()
    const pacer = new Pacer(() => [stream], 10)

    stream.writeBufferLength = 4 * MIB
    await pacer.ready(MIB)
    // at once from now on
    expect(await isPending(pacer.ready(MIB))).to.equal(false)
    stream.drainTo(3 * MIB)
    expect(await isPending(pacer.ready(MIB))).to.equal(false)
    stream.drainTo(MIB)
    await pacer.ready(MIB)
    stream.writeBufferLength = 4 * MIB

    const ready = pacer.ready(MIB)

    expect(await isPending(ready)).to.equal(true)
    stream.drainTo(0)
    await ready
    expect(stream.listeners).to.equal(0)
  })

  it('goes on waiting for a stream that is slow, but gets on', async () => {
    const stream = new FakeStream()
    const pacer = new Pacer(() => [stream], 10)

    stream.writeBufferLength = 6 * MIB

    const slow = setInterval(() => { stream.drainTo(stream.writeBufferLength - MIB) }, 5)

    await pacer.ready(MIB)
    clearInterval(slow)
    expect(stream.writeBufferLength).to.be.at.most(2 * MIB)
  })
})

describe('publishing faster than the network takes it', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(3, { keyType: 'ed25519' })
  })

  async function create (network: TestNetwork, count: number): Promise<TestNode[]> {
    const nodes = await Promise.all(identities.slice(0, count).map(async identity => network.add(identity)))

    await Promise.all(nodes.slice(1).map(async node => connect(nodes[0], node)))

    return nodes
  }

  it('loses nothing, one message after another', async () => {
    await using network = new TestNetwork()
    const [a, b] = await create(network, 2)

    for (let i = 0; i < 30; i++) {
      expect(await a.topics.broadcast(Buffer.alloc(MAX_DATA_BYTES))).to.deep.include({ sequence: i + 1, recipients: 1 })
    }

    await until(() => b.broadcasts.length === 30)
    expect(b.broadcasts.map(({ sequence }) => sequence)).to.deep.equal(Array.from({ length: 30 }, (_, i) => i + 1))
  })

  it('loses nothing, all at once, and keeps the order; what is too much is an error', async () => {
    await using network = new TestNetwork()
    const [a, b] = await create(network, 2)
    const results = await Promise.allSettled(Array.from({ length: 70 }, async (_, i) => a.topics.broadcast(Buffer.alloc(MAX_DATA_BYTES, i))))
    const refused = results.filter(result => result.status === 'rejected')

    expect(refused).to.have.lengthOf(6)
    refused.forEach(({ reason }) => { expect(reason).to.have.property('name', 'PublishQueueFullError') })
    await until(() => b.broadcasts.length === 64)
    expect(b.broadcasts.map(({ data, sequence }) => [data[0], sequence])).to.deep.equal(Array.from({ length: 64 }, (_, i) => [i, i + 1]))
  })

  it('is not slowed down for long by a neighbour that does not read', async () => {
    await using network = new TestNetwork()
    const [a, stuck, b] = await create(network, 3)

    network.bus.stuck.add(stuck.nodeId)

    for (let i = 0; i < 30; i++) {
      await a.topics.broadcast(Buffer.alloc(MAX_DATA_BYTES))
    }

    await until(() => b.broadcasts.length === 30)
    expect(stuck.broadcasts.length).to.be.below(30)
  })

  it('stops with the caller\'s signal, and with the node', async () => {
    await using network = new TestNetwork()
    const [a, b] = await create(network, 2)
    const controller = new AbortController()
    const outcome = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'sent', err => err.name)
    const first = Array.from({ length: 5 }, async () => outcome(a.topics.broadcast(Buffer.alloc(MAX_DATA_BYTES))))
    const aborted = outcome(a.topics.broadcast(Buffer.from('aborted'), { signal: controller.signal }))
    const after = outcome(a.topics.broadcast(Buffer.from('after')))

    controller.abort()
    expect(await Promise.all(first)).to.deep.equal(['sent', 'sent', 'sent', 'sent', 'sent'])
    expect(await aborted).to.equal('AbortError')
    expect(await after).to.equal('sent')
    await until(() => b.broadcasts.length === 6)
    expect(text(b.broadcasts[5].data)).to.equal('after')

    const late = Array.from({ length: 20 }, async () => outcome(a.topics.broadcast(Buffer.alloc(MAX_DATA_BYTES))))

    await a.libp2p.stop()
    expect(new Set(await Promise.all(late)).has('NotStartedError')).to.equal(true)
  })
})
