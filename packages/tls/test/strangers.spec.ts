import { once } from 'node:events'
import { connect } from 'node:net'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { nextRejection, startNode } from './support/nodes.ts'
import { dialTls } from './support/raw-peer.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

function dialRaw (address: Multiaddr): ReturnType<typeof connect> {
  const socket = connect(Number(address.getComponents().find(({ name }) => name === 'tcp')?.value), '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()

  return socket
}

async function untilClosed (socket: ReturnType<typeof connect>): Promise<void> {
  if (!socket.destroyed) {
    await new Promise(resolve => socket.once('close', resolve))
  }
}

describe('strangers at a TLS-first port', () => {
  for (const [title, bytes] of Object.entries({
    HTTP: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    SSH: Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
    'libp2p without TLS': Buffer.from('\u0013/multistream/1.0.0\n'),
    'random bytes': Buffer.from('deadbeefcafe', 'hex'),
    'a TLS alert': Buffer.from('15030100020228', 'hex'),
    'a record that is no ClientHello': Buffer.concat([Buffer.from('1603010010', 'hex'), Buffer.alloc(16, 0xff)])
  })) {
    it(`who speak ${title} are hung up on, and members are served`, async () => {
      const consortium = await createConsortium()
      await using node = await startNode(await consortium.identity(), { carrier: 'tls-first' })
      await using member = await startNode(await consortium.identity(), { carrier: 'tls-first' })
      const [address] = node.libp2p.getMultiaddrs()
      const stranger = dialRaw(address)

      stranger.write(bytes)
      await untilClosed(stranger)

      expect((await member.libp2p.dial(address)).status).to.equal('open')
    })
  }

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`who speak ${maxVersion} without ALPN see a handshake that is done, then its end, and no byte`, async () => {
      const consortium = await createConsortium({ keyType: 'ed25519' })
      await using node = await startNode(await consortium.identity(), { carrier: 'tls-first' })
      const rejected = nextRejection(node.identity)
      const { socket } = await dialTls(node.libp2p.getMultiaddrs()[0], await consortium.identity(), { ALPNProtocols: undefined, maxVersion })

      let bytes = 0
      socket.on('data', chunk => { bytes += chunk.byteLength })

      // rejects if the connection is cut
      await once(socket, 'end')
      expect(bytes).to.equal(0)
      expect(await rejected).to.have.property('rule', 'no-alpn')
    })
  }

  it('who send one byte at a time, or none, lose their place in time', async () => {
    const consortium = await createConsortium()
    await using node = await startNode(await consortium.identity(), { carrier: 'tls-first', timeout: 300 })
    const [address] = node.libp2p.getMultiaddrs()
    const [silent, slow, slower] = [dialRaw(address), dialRaw(address), dialRaw(address)]

    slow.write(Uint8Array.of(22))
    // a record that announces 500 bytes and brings 5
    slower.write(Buffer.from('16030101f4' + '0100010f03', 'hex'))

    await Promise.all([silent, slow, slower].map(untilClosed))
  })

  it('do not keep members out who come while all of the strangers\' places are taken', async () => {
    const consortium = await createConsortium()
    await using node = await startNode(await consortium.identity(), { carrier: 'tls-first', members: 4, isReserved: ip => ip === '127.0.0.1' })
    await using member = await startNode(await consortium.identity(), { carrier: 'tls-first' })
    const [address] = node.libp2p.getMultiaddrs()
    // every address of 127.0.0.0/8 is this machine's: 100 strangers from 100 addresses
    const strangers = Array.from({ length: 100 }, (_, i) => {
      const socket = connect({ port: Number(address.getComponents().find(({ name }) => name === 'tcp')?.value), host: '127.0.0.1', localAddress: `127.0.1.${i + 1}` })
      socket.on('error', () => {})

      return socket
    })
    await Promise.all(strangers.map(async socket => new Promise(resolve => socket.once('connect', resolve))))

    expect((await member.libp2p.dial(address)).status).to.equal('open')
    strangers.forEach(socket => { socket.destroy() })
  })

  it('who come in great numbers from one address are refused without a handshake', async () => {
    const consortium = await createConsortium()
    await using node = await startNode(await consortium.identity(), { carrier: 'tls-first', members: 4 })
    const [address] = node.libp2p.getMultiaddrs()
    const sockets = Array.from({ length: 40 }, () => dialRaw(address))

    // 16 get a place and may be silent for a while; the others are cut at once
    await new Promise<void>(resolve => {
      let closed = 0
      sockets.forEach(socket => socket.once('close', () => {
        if (++closed === 24) {
          resolve()
        }
      }))
    })
    expect(sockets.filter(socket => !socket.destroyed)).to.have.lengthOf(16)
    sockets.forEach(socket => { socket.destroy() })
  })

  it('leave nothing behind when the node stops', async () => {
    const consortium = await createConsortium()
    const node = await startNode(await consortium.identity(), { carrier: 'tls-first' })
    const sockets = Array.from({ length: 5 }, () => dialRaw(node.libp2p.getMultiaddrs()[0]))

    await Promise.all(sockets.map(async socket => new Promise(resolve => socket.once('connect', resolve))))
    await node[Symbol.asyncDispose]()
    await Promise.all(sockets.map(untilClosed))
  })
})
