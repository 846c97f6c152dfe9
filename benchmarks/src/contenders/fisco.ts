import { direct, DIRECT_PROTOCOLS } from '@fisco-libp2p/direct'
import { loadIdentity, peerIdToNodeId } from '@fisco-libp2p/identity'
import { muxer } from '@fisco-libp2p/muxer'
import { createNode } from '@fisco-libp2p/node'
import { caTlsTcp } from '@fisco-libp2p/tls'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { pEvent } from 'p-event'
import { portOf } from './port.ts'
import type { Contender, ContenderLink, Credentials } from '../contender.ts'
import type { Direct } from '@fisco-libp2p/direct'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Connection } from '@libp2p/interface'
import type { Libp2p } from 'libp2p'

type BenchNode = Libp2p<{ direct: Direct }>

/**
 * Messages that are handed over at once.
 */
const PUSHERS = 8

/**
 * Our plugins alone: transport, muxer, unicast.
 */
export const plugins = contender(async (credentials, listen) => {
  const identity = await loadIdentity(credentials)

  return createLibp2p({
    privateKey: identity.privateKey,
    addresses: { listen },
    transports: [caTlsTcp({ identity })],
    streamMuxers: [muxer({ early: DIRECT_PROTOCOLS })],
    connectionManager: { inboundConnectionThreshold: 10_000 },
    connectionMonitor: { enabled: false },
    services: { direct: direct() }
  })
})

/**
 * The whole node as an operator runs it.
 */
export const node = contender(async (credentials, listen) => createNode({ identity: await loadIdentity(credentials), listen }))

function contender (start: (credentials: Credentials, listen: string[]) => Promise<BenchNode>): Contender {
  return {
    async serve (credentials) {
      const libp2p = await start(credentials, ['/ip4/127.0.0.1/tcp/0/tls'])
      const { direct } = libp2p.services
      const pushes = new PushCounter()
      direct.handle('echo', data => data)
      direct.handleStream('pull', endless)
      direct.handle('push', () => { pushes.add() })
      direct.handle('pushed', async data => { await pushes.reach(new DataView(data.buffer, data.byteOffset).getUint32(0)) })

      return { port: portOf(libp2p), close: async () => { await libp2p.stop() } }
    },

    async client (credentials) {
      const libp2p = await start(credentials, [])

      return {
        async connect (port) {
          const opened = pEvent<'connection:open', CustomEvent<Connection>>(libp2p, 'connection:open')
          const dialled = libp2p.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}/tls`))
          // it may be written to from this event on, which for a node that was met before is half a round trip before it has accepted
          const connection = await Promise.race([dialled, opened.then(({ detail }) => detail)])

          return { ...linkTo(libp2p.services.direct, peerIdToNodeId(connection.remotePeer)), close: async () => { await connection.close() } }
        },
        close: async () => { await libp2p.stop() }
      }
    }
  }
}

/**
 * Tells when so many messages have come, and begins anew.
 */
class PushCounter {
  #count = 0
  #target = Infinity
  #reached?: () => void

  add (): void {
    if (++this.#count === this.#target) {
      this.#reached?.()
    }
  }

  async reach (target: number): Promise<void> {
    if (this.#count < target) {
      this.#target = target
      await new Promise<void>(resolve => { this.#reached = resolve })
    }

    this.#count = 0
    this.#target = Infinity
  }
}

function linkTo (direct: Direct, nodeId: NodeId): Pick<ContenderLink, 'request' | 'pull' | 'push'> {
  return {
    request: async (body, lane) => direct.request(nodeId, 'echo', body, { lane }),
    pull: lane => direct.stream(nodeId, 'pull', [], { lane }),
    push: async (body, count) => {
      let left = count
      const pusher = async (): Promise<void> => {
        while (left-- > 0) {
          await direct.notify(nodeId, 'push', body)
        }
      }

      await Promise.all(Array.from({ length: PUSHERS }, pusher))
      await direct.request(nodeId, 'pushed', uint32(count), { timeout: 120_000 })
    }
  }
}

async function * endless (): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(2 ** 16).fill(7)

  while (true) {
    yield piece
  }
}

function uint32 (value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)

  return bytes
}
