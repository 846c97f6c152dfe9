import { request } from 'node:http'
import { createNode } from '@fisco-libp2p/node'
import { createConsortium, freePorts, temporaryFolder } from '@fisco-libp2p/test-kit'
import type { PeersChange } from '@fisco-libp2p/admin'
import type { FiscoNode, NodeSettings } from '@fisco-libp2p/node'

export interface Answer {
  status?: number
  value: any // whatever JSON comes
}

/**
 * One HTTP request over a unix socket; `body` goes as it is.
 */
export async function ask (socketPath: string, method: string, path: string, body: string | Uint8Array = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, headers: { 'content-length': Buffer.byteLength(body) } }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => { text += String(chunk) })
      response.on('end', () => { resolve({ status: response.statusCode, value: JSON.parse(text) }) })
    })
    call.on('error', reject)
    call.end(body)
  })
}

/**
 * Two nodes, the first of them with an admin socket, and the second among its peers.
 *
 * @param topics - settings of the first one
 */
export async function startPair (topics?: NodeSettings['topics']): Promise<{ node: FiscoNode, other: FiscoNode, socket: string, saved: PeersChange[] } & AsyncDisposable> {
  const folder = await temporaryFolder()
  const consortium = await createConsortium({ keyType: 'ed25519' })
  const [port] = await freePorts(1)
  const saved: PeersChange[] = []
  const socket = folder.join('admin.sock')
  const other = await createNode({ identity: await consortium.identity(), listen: [`/ip4/127.0.0.1/tcp/${port}/tls`] })
  const node = await createNode({
    identity: await consortium.identity(),
    listen: ['/ip4/127.0.0.1/tcp/0/tls'],
    peers: [`/ip4/127.0.0.1/tcp/${port}/tls`],
    topics,
    admin: {
      socket,
      save: async change => {
        if (change.add?.[0].includes('/tcp/13/') === true) {
          throw new Error('the disk is full')
        }

        saved.push(change)
      }
    }
  })

  return {
    node,
    other,
    socket,
    saved,
    async [Symbol.asyncDispose] () {
      await Promise.all([node.stop(), other.stop()])
      await folder[Symbol.asyncDispose]()
    }
  }
}
