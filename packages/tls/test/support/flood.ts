import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { issueNode } from '@fisco-libp2p/ca'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { multiaddr } from '@multiformats/multiaddr'
import { dialTls } from './raw-peer.ts'
import type { ProcessFigures } from './listener-process.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { ChildProcess } from 'node:child_process'

const SCRIPT = fileURLToPath(new URL('./listener-process.js', import.meta.url))
const CONCURRENCY = 24

/**
 * A node under attack, in a process of its own.
 */
export class FloodedNode implements AsyncDisposable {
  private readonly child: ChildProcess
  readonly address: Multiaddr
  private readonly members: Identity[]
  private readonly foreigner: Identity

  private constructor (child: ChildProcess, address: Multiaddr, members: Identity[], foreigner: Identity) {
    this.child = child
    this.address = address
    this.members = members
    this.foreigner = foreigner
  }

  /**
   * @param execPath - the Node to run it with
   */
  static async start (execPath: string): Promise<FloodedNode> {
    const consortium = await createConsortium({ keyType: 'ed25519' })
    const foreign = await createConsortium({ keyType: 'ed25519', name: 'foreign' })
    const { key, cert } = await issueNode(consortium.agency, { name: 'node' })
    const child = fork(SCRIPT, [], { execPath, execArgv: ['--expose-gc'], env: { ...process.env, NODE_V8_COVERAGE: '' } })

    // so many members that admission lets the flood in: what handshakes leave behind is the question here
    child.send({ key, cert, ca: consortium.root.cert, members: 100_000 })
    const [{ address }] = await once(child, 'message')

    return new FloodedNode(child, multiaddr(address), await consortium.identities(2), await foreign.identity())
  }

  async figures (): Promise<ProcessFigures> {
    this.child.send({})

    return (await once(this.child, 'message'))[0]
  }

  /**
   * Makes so many handshakes fail, in every way in turn.
   */
  async flood (count: number): Promise<void> {
    const ways = [this.randomBytes, this.halfAClientHello, this.nothing, this.wrongCa, this.neverConfirming, this.garbageForAConfirm]
    let next = 0

    await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
      while (next < count) {
        // some attempts are cut before TLS is done: they have failed as they should
        await ways[next++ % ways.length].call(this).catch(() => {})
      }
    }))
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    const ended = once(this.child, 'exit')

    this.child.disconnect()
    await ended
  }

  private async raw (bytes: Uint8Array): Promise<void> {
    const socket = connect(Number(this.address.getComponents().find(({ name }) => name === 'tcp')?.value), '127.0.0.1')
    const closed = new Promise(resolve => socket.once('close', resolve))

    socket.on('error', () => {})
    socket.end(bytes)
    socket.resume()
    await closed
  }

  private async randomBytes (): Promise<void> {
    await this.raw(randomBytes(64))
  }

  private async halfAClientHello (): Promise<void> {
    await this.raw(Buffer.from('16030101f40100010f0303', 'hex'))
  }

  private async nothing (): Promise<void> {
    await this.raw(new Uint8Array())
  }

  private async wrongCa (): Promise<void> {
    const peer = await dialTls(this.address, this.foreigner)

    await peer.closed
  }

  private async neverConfirming (): Promise<void> {
    const peer = await dialTls(this.address, this.members[0])

    peer.socket.destroy()
  }

  private async garbageForAConfirm (): Promise<void> {
    const peer = await dialTls(this.address, this.members[1])

    peer.send(Buffer.concat([Uint8Array.of(0, 32), randomBytes(32)]))
    await peer.closed
  }
}
