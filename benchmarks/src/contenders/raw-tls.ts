import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, createServer } from 'node:tls'
import { FrameSocket } from './frame-socket.ts'
import type { Contender, Credentials } from '../contender.ts'
import type { AddressInfo } from 'node:net'
import type { CommonConnectionOptions, SecureContextOptions, TLSSocket } from 'node:tls'

type RawOptions = SecureContextOptions & CommonConnectionOptions

const ECHO = 0
const PUSH = 1

async function optionsOf (credentials: Credentials): Promise<RawOptions> {
  const [key, cert, ca] = await Promise.all([credentials.key, credentials.cert, credentials.ca].map(async path => readFile(path)))
  const { namedCurve } = new X509Certificate(cert).publicKey.asymmetricKeyDetails ?? {}

  return {
    key,
    cert,
    ca,
    // TLS 1.3 has no signature scheme for secp256k1
    maxVersion: namedCurve === 'secp256k1' ? 'TLSv1.2' : 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: true,
    // a client that does not name the curve of the server's certificate is refused; X25519 first, as it is the fastest
    ecdhCurve: 'X25519:prime256v1:secp256k1'
  }
}

/**
 * The least that mutual TLS costs in Node: frames of a length and an id on `node:tls`, written in batches.
 */
export const rawTls: Contender = {
  async serve (credentials) {
    const server = createServer({ ...await optionsOf(credentials), noDelay: true }, socket => {
      let pushed = 0
      const frames = new FrameSocket(socket, (id, kind, body) => {
        if (kind === ECHO) {
          frames.send(id, ECHO, body)
        } else if (++pushed === id) {
          pushed = 0
          frames.send(0, ECHO, new Uint8Array())
        }
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')

    return {
      port: (server.address() as AddressInfo).port,
      close: async () => { server.close() }
    }
  },

  async client (credentials) {
    const options = await optionsOf(credentials)

    return {
      async connect (port) {
        const socket = await dial(options, port)
        const waiting = new Map<number, (body: Uint8Array) => void>()
        let next = 0
        const frames = new FrameSocket(socket, (id, _, body) => {
          const resolve = waiting.get(id)
          waiting.delete(id)
          resolve?.(body)
        })
        const answerTo = async (id: number): Promise<Uint8Array> => new Promise(resolve => { waiting.set(id, resolve) })

        return {
          async request (body) {
            const id = next = next % 0x7fffffff + 1
            frames.send(id, ECHO, body)

            return answerTo(id)
          },
          async push (body, count) {
            const done = answerTo(0)

            for (let i = 0; i < count; i++) {
              if (!frames.send(count, PUSH, body)) {
                await once(socket, 'drain')
              }
            }

            await done
          },
          async close () {
            socket.destroy()
            await once(socket, 'close')
          }
        }
      },
      async close () {}
    }
  }
}

async function dial (options: RawOptions, port: number): Promise<TLSSocket> {
  const socket = connect({ ...options, host: '127.0.0.1', port, checkServerIdentity: () => undefined })
  // on Node 24 and 26 this, which tls.connect() calls by itself, crashes on secp256k1 certificates
  Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}) })
  socket.setNoDelay(true)
  await once(socket, 'secureConnect')

  return socket
}
