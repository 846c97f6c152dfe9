import { once } from 'node:events'
import { loadIdentity } from '@fisco-libp2p/identity'
import { noise } from '@libp2p/noise'
import { plaintext } from '@libp2p/plaintext'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { portOf } from './port.ts'
import type { Contender, Credentials } from '../contender.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { Libp2p, Libp2pOptions } from 'libp2p'

type Encrypter = NonNullable<Libp2pOptions['connectionEncrypters']>[number]

const ECHO = '/bench/echo/1.0.0'
const PUSH = '/bench/push/1.0.0'
const MANY = { maxInboundStreams: 1_000, maxOutboundStreams: 1_000 }

async function start (encrypter: Encrypter, credentials: Credentials, listen: string[]): Promise<Libp2p> {
  const { privateKey } = await loadIdentity(credentials)

  return createLibp2p({
    privateKey,
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [encrypter],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 10_000 },
    connectionMonitor: { enabled: false }
  })
}

/**
 * js-libp2p as it is mostly used: TCP, noise, yamux, and a stream for each request.
 */
export const libp2pNoise = contender(noise())

/**
 * The same without any security, to tell what security costs.
 */
export const libp2pPlaintext = contender(plaintext())

function contender (encrypter: Encrypter): Contender {
  return {
    async serve (credentials) {
      const node = await start(encrypter, credentials, ['/ip4/127.0.0.1/tcp/0'])
      await node.handle(ECHO, stream => {
        stream.addEventListener('message', ({ data }) => {
          stream.send(data)
          stream.close().catch(() => {})
        })
      }, MANY)
      await node.handle(PUSH, countBytes, MANY)

      return { port: portOf(node), close: async () => { await node.stop() } }
    },

    async client (credentials) {
      const node = await start(encrypter, credentials, [])

      return {
        async connect (port) {
          const connection = await node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}`))

          return {
            request: async body => requestOn(connection, body),
            push: async (body, count) => pushOn(connection, body, count),
            close: async () => { await connection.close() }
          }
        },
        close: async () => { await node.stop() }
      }
    }
  }
}

async function requestOn (connection: Connection, body: Uint8Array): Promise<Uint8Array> {
  const stream = await connection.newStream(ECHO, MANY)
  const answer = new Promise<Uint8Array>((resolve, reject) => {
    stream.addEventListener('message', ({ data }) => { resolve(data.subarray()) })
    stream.addEventListener('close', ({ error }) => { reject(error ?? new Error('no answer')) })
  })
  stream.send(body)
  await stream.close()

  return answer
}

async function pushOn (connection: Connection, body: Uint8Array, count: number): Promise<void> {
  const stream = await connection.newStream(PUSH, MANY)
  const done = once(stream, 'message')

  for (let i = 0; i < count; i++) {
    if (!stream.send(body)) {
      await once(stream, 'drain')
    }
  }

  await stream.close()
  await done
}

/**
 * Answers with one byte when all has come.
 */
function countBytes (stream: Stream): void {
  stream.addEventListener('message', () => {})
  stream.addEventListener('remoteCloseWrite', () => {
    stream.send(Uint8Array.of(1))
    stream.close().catch(() => {})
  })
}
