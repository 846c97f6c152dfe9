import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import { createAgency, createChainCa, issueNode } from '@fisco-libp2p/ca'
import { nodeIdFromPublicKey, publicKeyFromKeyObject } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import type { IssuedNode, KeyType } from '@fisco-libp2p/ca'
import type { AddressInfo } from 'node:net'
import type { SecureContextOptions, TLSSocket } from 'node:tls'

/**
 * TLS 1.3 has no signature scheme for secp256k1: a node with such a key speaks TLS 1.2 alone, and the others accept
 * that and the curve.
 */
function settings (node: IssuedNode): SecureContextOptions {
  return {
    key: node.key,
    cert: node.cert,
    ca: node.root,
    minVersion: 'TLSv1.2',
    maxVersion: node.keyType === 'secp256k1' ? 'TLSv1.2' : 'TLSv1.3',
    ecdhCurve: 'prime256v1:secp256k1'
  }
}

/**
 * Whom a socket talks to, or why OpenSSL does not trust the certificate. To be called once per socket.
 */
function peerOf (socket: TLSSocket): string {
  const certificate = socket.getPeerX509Certificate()

  return certificate != null && socket.authorized ? nodeIdFromPublicKey(publicKeyFromKeyObject(certificate.publicKey)) : String(socket.authorizationError)
}

/**
 * Mutual TLS between two nodes over a real connection. Neither hangs up on the other, so that both verdicts are seen.
 *
 * @returns whom each of them saw, and the TLS version
 */
async function handshake (listener: IssuedNode, dialler: IssuedNode): Promise<{ listenerSaw: string, diallerSaw: string, protocol: string | null }> {
  const server = createServer({ ...settings(listener), requestCert: true, rejectUnauthorized: false })

  try {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const accepted = once(server, 'secureConnection')
    const { port } = server.address() as AddressInfo
    const socket = connect({ ...settings(dialler), port, rejectUnauthorized: false, checkServerIdentity: () => undefined })

    // Node 24 and later end the process in their own call of this method if the certificate is a secp256k1 one
    Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}) })

    const [[inbound]] = await Promise.all([accepted, once(socket, 'secureConnect')])
    const result = { listenerSaw: peerOf(inbound), diallerSaw: peerOf(socket), protocol: socket.getProtocol() }

    inbound.destroy()
    socket.destroy()

    return result
  } finally {
    server.close()
    await once(server, 'close')
  }
}

describe('issued nodes talk TLS', () => {
  for (const [keyType, protocol] of [['secp256k1', 'TLSv1.2'], ['ed25519', 'TLSv1.3'], ['rsa', 'TLSv1.3']] as Array<[KeyType, string]>) {
    it(`with ${keyType} keys, in ${protocol}`, async () => {
      const agency = await createAgency(await createChainCa({ keyType }))
      const [a, b] = await Promise.all(['node0', 'node1'].map(async name => issueNode(agency, { name })))

      expect(await handshake(a, b)).to.deep.equal({ listenerSaw: b.nodeId, diallerSaw: a.nodeId, protocol })
    })
  }

  it('across agencies of one chain', async () => {
    const ca = await createChainCa()
    const a = await issueNode(await createAgency(ca, { name: 'agencyA' }), { name: 'node0' })
    const b = await issueNode(await createAgency(ca, { name: 'agencyB' }), { name: 'node0', keyType: 'ed25519' })

    expect(await handshake(a, b)).to.include({ listenerSaw: b.nodeId, diallerSaw: a.nodeId })
  })

  it('not with a node of another chain of the same name', async () => {
    const [a, b] = await Promise.all([0, 1].map(async () => issueNode(await createAgency(await createChainCa()), { name: 'node0' })))
    const { listenerSaw, diallerSaw } = await handshake(a, b)

    expect(listenerSaw).to.match(/^(UNABLE_TO|CERT_)/)
    expect(diallerSaw).to.match(/^(UNABLE_TO|CERT_)/)
  })
})
