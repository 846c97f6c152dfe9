import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { pEvent } from 'p-event'
import { echo, receiveAll, sendAll } from './stream-io.ts'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Two nodes on the transport under test. The listener has at least two addresses.
 */
export interface TransportPair {
  dialer: Libp2p
  listener: Libp2p
  addresses: Multiaddr[]
}

const ECHO = '/test-kit/echo'
const SINK = '/test-kit/sink'
const MIB = 1024 * 1024

async function echoed (node: Libp2p, address: Multiaddr, bytes: number, options: { force?: boolean } = {}): Promise<Connection> {
  const connection = await node.dial(address, options)
  const stream = await connection.newStream(ECHO)
  const received = receiveAll(stream)

  await sendAll(stream, bytes)
  await stream.close()
  equal(await received, bytes)

  return connection
}

/**
 * A stream of a protocol, seen from both ends.
 */
async function openStream ({ dialer, listener, addresses }: TransportPair, protocol: string): Promise<{ local: Stream, remote: Stream }> {
  const { promise, resolve } = Promise.withResolvers<Stream>()

  await listener.handle(protocol, resolve)

  return { local: await dialer.dialProtocol(addresses[0], protocol), remote: await promise }
}

async function untilClosed (stream: Stream): Promise<void> {
  if (stream.status !== 'closed') {
    await pEvent(stream, 'close')
  }

  equal(stream.status, 'closed')
  equal(stream.writeStatus, 'closed')
  ok(stream.timeline.close != null)
}

async function untilGone (node: Libp2p): Promise<void> {
  while (node.getConnections().length > 0) {
    await pEvent(node, 'connection:close')
  }
}

/**
 * What js-libp2p asks of every transport (its compliance suite has these fifteen cases), in words of our own. Each case
 * throws when the transport fails it. The pair must answer `prepareTransportPair` first.
 */
export const TRANSPORT_CASES: Record<string, (pair: TransportPair) => Promise<void>> = {
  async 'echoes a few bytes' ({ dialer, addresses }) {
    await echoed(dialer, addresses[0], 5)
  },

  async 'listens on several addresses at once' ({ dialer, addresses }) {
    ok(addresses.length > 1)
    await echoed(dialer, addresses[0], 5)
    await echoed(dialer, addresses[1], 5, { force: true })
  },

  async 'closes a connection, and says when' ({ dialer, addresses }) {
    const connection = await dialer.dial(addresses[0])

    await connection.close()
    equal(connection.status, 'closed')
    ok(Math.abs((connection.timeline.close ?? 0) - Date.now()) < 60_000)
  },

  async 'does not dial once it was told not to' ({ dialer, addresses }) {
    await rejects(async () => dialer.dial(addresses[0], { signal: AbortSignal.abort() }), { name: 'AbortError' })
  },

  async 'closes all streams with their connection, at both ends' ({ dialer, listener, addresses }) {
    const opened = pEvent<'connection:open', CustomEvent<Connection>>(listener, 'connection:open')
    const connection = await dialer.dial(addresses[0])
    const remote = (await opened).detail
    const { promise, resolve } = Promise.withResolvers<void>()
    let streams = 0
    await listener.handle(SINK, () => {
      if (++streams === 5) {
        resolve()
      }
    })

    for (let i = 0; i < 5; i++) {
      await connection.newStream(SINK)
    }

    await promise
    equal(connection.streams.filter(({ protocol }) => protocol === SINK).length, 5)
    equal(remote.streams.filter(({ protocol }) => protocol === SINK).length, 5)

    const closed = pEvent(remote, 'close')
    await connection.close()
    await closed
    deepEqual([connection.status, remote.status, connection.streams.length, remote.streams.length], ['closed', 'closed', 0, 0])
  },

  async 'ends a connection whose upgrade is refused at the other end' ({ dialer, listener, addresses }) {
    const { upgrader } = (listener as unknown as { components: { upgrader: { upgradeInbound (): Promise<void> } } }).components
    upgrader.upgradeInbound = async () => { throw new Error('refused by the test') }

    // to the dialler the connection may seem to be open for a moment
    await dialer.dial(addresses[0]).catch(() => {})
    await untilGone(dialer)
    equal(listener.getConnections().length, 0)
  },

  async 'lists its addresses without the peer id' ({ listener }) {
    const { transportManager } = (listener as unknown as { components: { transportManager: { getListeners (): Array<{ getAddrs (): Multiaddr[] }> } } }).components
    const listed = transportManager.getListeners().flatMap(listener => listener.getAddrs().map(String))

    ok(listed.length > 0)
    deepEqual(listed.filter(address => address.includes('/p2p/')), [])
  },

  async 'takes one small write' ({ dialer, addresses }) {
    const connection = await echoed(dialer, addresses[0], 1024)
    equal(connection.streams.filter(({ protocol }) => protocol === ECHO).length, 0)
  },

  async 'takes one big write' ({ dialer, addresses }) {
    const connection = await echoed(dialer, addresses[0], 10 * MIB)
    equal(connection.streams.filter(({ protocol }) => protocol === ECHO).length, 0)
  },

  async 'takes many small writes, each on a stream of its own' ({ dialer, addresses }) {
    for (let i = 0; i < 300; i++) {
      const connection = await echoed(dialer, addresses[0], 1024)
      equal(connection.streams.filter(({ protocol }) => protocol === ECHO).length, 0)
    }
  },

  async 'lets one end close while the other goes on writing' (pair) {
    const { local, remote } = await openStream(pair, '/test-kit/remote-writes')
    const received = receiveAll(local)
    const noticed = pEvent(remote, 'remoteCloseWrite')

    await local.close()
    await noticed
    await sendAll(remote, MIB)
    await remote.close()

    equal(await received, MIB)
    await Promise.all([untilClosed(local), untilClosed(remote)])
  },

  async 'lets one end close when all it wrote was read' (pair) {
    const { local, remote } = await openStream(pair, '/test-kit/remote-reads')
    const received = receiveAll(remote)

    await sendAll(local, 12, 4)
    await local.close()
    equal(await received, 12)
    await remote.close()
    await Promise.all([untilClosed(local), untilClosed(remote)])
  },

  async 'receives much after it closed its own end' (pair) {
    const { local, remote } = await openStream(pair, '/test-kit/much')
    const received = receiveAll(local)

    await Promise.all([local.close(), sendAll(remote, 10 * MIB, 1024).then(async () => remote.close())])
    equal(await received, 10 * MIB)
  },

  async 'says that it listens' ({ listener, addresses }) {
    await listener.stop()
    const listening = pEvent<'transport:listening', CustomEvent<{ getAddrs (): Multiaddr[] }>>(listener, 'transport:listening')
    await listener.start()

    const protocols = (address: Multiaddr): string => address.getComponents().map(({ name }) => name).filter(name => name !== 'p2p').join('/')
    equal(protocols((await listening).detail.getAddrs()[0]), protocols(addresses[0]))
  },

  async 'says that it does not listen any more' ({ listener }) {
    const closed = pEvent(listener, 'transport:close')
    await listener.stop()
    await closed
  }
}

/**
 * Starts the services that the cases use.
 *
 * @returns the pair, with the listener's addresses
 */
export async function prepareTransportPair (dialer: Libp2p, listener: Libp2p): Promise<TransportPair> {
  await listener.handle(ECHO, echo)

  return { dialer, listener, addresses: listener.getMultiaddrs() }
}
