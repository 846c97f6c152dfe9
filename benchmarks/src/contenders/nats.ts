import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '@fisco-libp2p/test-kit'
import { connect } from '@nats-io/transport-node'
import type { Contender, Credentials } from '../contender.ts'
import type { NatsConnection } from '@nats-io/transport-node'

/**
 * Bodies that are handed over before the server is asked whether it has them.
 */
const FLUSH_EVERY = 8

/**
 * Messages through a NATS server, mutual TLS on both of its connections: a third process, which is what a message broker costs. Its TLS, Go's,
 * knows no secp256k1, so the chain must have other keys.
 */
export const nats: Contender = {
  async serve (credentials) {
    const [port] = await freePorts(1)
    const folder = await mkdtemp(join(tmpdir(), 'fisco-bench-nats-'))
    const config = join(folder, 'nats.conf')
    await writeFile(config, configuration(port, credentials))
    const server = spawn('nats-server', ['-c', config], { stdio: 'ignore' })
    const kill = (): void => { server.kill() }
    process.once('exit', kill)

    const connection = await connectTo(port, credentials)
    let pushed = 0
    let whenPushed = Promise.withResolvers<void>()
    let target = Infinity

    connection.subscribe('echo', { callback: (_, message) => { message.respond(message.data) } })
    connection.subscribe('push', {
      callback: () => {
        if (++pushed >= target) {
          whenPushed.resolve()
        }
      }
    })
    connection.subscribe('pushed', {
      callback: (_, message) => {
        target = Number(message.string())

        if (pushed >= target) {
          whenPushed.resolve()
        }

        whenPushed.promise.then(() => {
          pushed = 0
          target = Infinity
          whenPushed = Promise.withResolvers()
          message.respond()
        }, () => {})
      }
    })
    await connection.flush()

    return {
      port,
      async close () {
        await connection.close()
        const exit = once(server, 'exit')
        server.kill()
        await exit
        process.off('exit', kill)
        await rm(folder, { recursive: true, force: true })
      }
    }
  },

  async client (credentials) {
    return {
      async connect (port) {
        const connection = await connectTo(port, credentials)

        return {
          request: async body => (await connection.request('echo', body, { timeout: 10_000 })).data,
          push: async (body, count) => {
            for (let i = 1; i <= count; i++) {
              connection.publish('push', body)

              if (i % FLUSH_EVERY === 0) {
                await connection.flush()
              }
            }

            await connection.request('pushed', String(count), { timeout: 120_000 })
          },
          close: async () => { await connection.close() }
        }
      },
      async close () {}
    }
  }
}

/**
 * Version of the NATS server on this machine; undefined if there is none.
 */
export function natsVersion (): string | undefined {
  try {
    return execFileSync('nats-server', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split(' ').at(-1)
  } catch {
    return undefined
  }
}

/**
 * Room for all of `bulk` in the server, or it would cut off the side that receives.
 */
function configuration (port: number, { key, cert, ca }: Credentials): string {
  return `listen: "127.0.0.1:${port}"
max_payload: 8MB
max_pending: 1GB
tls {
  cert_file: ${JSON.stringify(cert)}
  key_file: ${JSON.stringify(key)}
  ca_file: ${JSON.stringify(ca)}
  verify: true
}
`
}

async function connectTo (port: number, credentials: Credentials): Promise<NatsConnection> {
  const [key, cert, ca] = await Promise.all([credentials.key, credentials.cert, credentials.ca].map(async path => readFile(path, 'utf8')))
  // certificates of nodes name no host: who the other end is was verified by its chain
  const tls = { key, cert, ca, checkServerIdentity: () => undefined }

  return connect({ servers: `127.0.0.1:${port}`, tls, waitOnFirstConnect: true, reconnectTimeWait: 100 })
}
