import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { certificatesToPem } from '@fisco-libp2p/identity'
import { decodeFrame, encodeFrame } from '@fisco-libp2p/tls'
import type { Identity } from '@fisco-libp2p/identity'
import type { Frame } from '@fisco-libp2p/tls'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'

/**
 * A dialler that does by hand what libp2p and this package do, so that it can do it wrongly: TCP, then, for an address
 * without `/tls`, multistream-select for `/fisco/tls/1.0.0`.
 */
export async function dialTcp (address: Multiaddr): Promise<Socket> {
  const port = Number(address.getComponents().find(({ name }) => name === 'tcp')?.value)
  const socket = connectTcp(port, '127.0.0.1')
  const line = (text: string): Buffer => Buffer.from(`${String.fromCharCode(text.length + 1)}${text}\n`)
  const expected = Buffer.concat([line('/multistream/1.0.0'), line('/fisco/tls/1.0.0')])
  let received = Buffer.alloc(0)

  socket.on('error', () => {})

  if (address.getComponents().some(({ name }) => name === 'tls')) {
    await once(socket, 'connect')

    return socket
  }

  socket.write(expected)

  while (received.byteLength < expected.byteLength) {
    const [chunk] = await once(socket, 'data')
    received = Buffer.concat([received, chunk])
  }

  return socket
}

/**
 * The same, with the TLS handshake done as `identity`, or without a certificate.
 */
export async function dialTls (address: Multiaddr, identity?: Identity, options: ConnectionOptions = {}): Promise<RawPeer> {
  const socket = connectTls({
    socket: await dialTcp(address),
    key: identity?.key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cert: identity == null ? undefined : certificatesToPem([...identity.chain]),
    rejectUnauthorized: false,
    maxVersion: identity?.profile === 'modern' ? 'TLSv1.3' : 'TLSv1.2',
    ecdhCurve: 'prime256v1:secp256k1',
    ALPNProtocols: ['fisco-libp2p'],
    ...options
  })

  // Node 24 and 26 crash when tls.connect() calls it on a secp256k1 certificate
  Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}) })
  await once(socket, 'secureConnect')

  return new RawPeer(socket)
}

/**
 * The dialler's end of a confirm exchange.
 */
export class RawPeer {
  private received: Buffer = Buffer.alloc(0)

  /**
   * Resolves when the connection is gone.
   */
  readonly closed: Promise<unknown>

  constructor (readonly socket: TLSSocket) {
    this.closed = new Promise(resolve => socket.once('close', resolve))
    socket.on('error', () => {})
    socket.on('data', chunk => { this.received = Buffer.concat([this.received, chunk]) })
  }

  send (frame: Frame | Uint8Array): void {
    this.socket.write(frame instanceof Uint8Array ? frame : encodeFrame(frame))
  }

  async next (): Promise<Frame> {
    for (;;) {
      const decoded = decodeFrame(this.received)

      if (decoded != null) {
        this.received = decoded.rest

        return decoded.frame
      }

      await once(this.socket, 'data')
    }
  }

  /**
   * Reads on until the other side refuses.
   */
  async refusal (): Promise<Extract<Frame, { type: 'refusal' }>> {
    for (;;) {
      const frame = await this.next()

      if (frame.type === 'refusal') {
        return frame
      }
    }
  }
}
