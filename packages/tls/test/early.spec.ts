import { createConsortium } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { nextRejection, startNode } from './support/nodes.ts'
import type { TestNode } from './support/nodes.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

const PROTOCOL = '/test/early/1.0.0'

/**
 * What a gater answers, when it is told to.
 */
class Verdict {
  readonly #answers: Array<(denied: boolean) => void> = []
  #asked = Promise.withResolvers<void>()

  async ask (): Promise<boolean> {
    return new Promise(resolve => {
      this.#answers.push(resolve)
      this.#asked.resolve()
    })
  }

  /**
   * Answers once, as soon as it is asked. It is asked for each connection twice, by the handshake and by libp2p.
   */
  async answer (denied: boolean): Promise<void> {
    await this.#asked.promise
    this.#asked = Promise.withResolvers()
    this.#answers.splice(0).forEach(answer => { answer(denied) })
  }
}

/**
 * Two nodes, of which the one that listens takes its time to say whether the other is welcome.
 */
class Hesitation implements AsyncDisposable {
  /**
   * Connections that were opened at the dialler.
   */
  readonly opened: Connection[] = []

  private constructor (readonly dialler: TestNode, readonly listener: TestNode, private readonly verdict: Verdict) {
    dialler.libp2p.addEventListener('connection:open', evt => { this.opened.push(evt.detail) })
  }

  static async create (keyType: 'secp256k1' | 'ed25519'): Promise<Hesitation> {
    const { identity } = await createConsortium()
    const verdict = new Verdict()
    const dialler = await startNode(await identity({ keyType }), { carrier: 'tls-first' })
    const listener = await startNode(await identity({ keyType }), {
      carrier: 'tls-first',
      connectionGater: { denyInboundEncryptedConnection: async () => verdict.ask() }
    })

    return new Hesitation(dialler, listener, verdict)
  }

  async answer (denied: boolean): Promise<void> {
    await this.verdict.answer(denied)
  }

  async dial (): Promise<Connection> {
    return this.dialler.libp2p.dial(this.listener.libp2p.getMultiaddrs())
  }

  /**
   * Connects them once, and closes the connection.
   */
  async meet (): Promise<void> {
    const dialled = this.dial()
    await this.answer(false)
    await this.answer(false)
    await (await dialled).close()
    this.opened.splice(0)
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all([this.dialler.libp2p.stop(), this.listener.libp2p.stop()])
  }
}

for (const keyType of ['secp256k1', 'ed25519'] as const) {
  describe(`a connection that is written to before the other end has accepted (${keyType})`, () => {
    it('is not opened to a node that has never accepted this one', async () => {
      await using pair = await Hesitation.create(keyType)
      const dialled = pair.dial()
      const refused = nextRejection(pair.dialler.identity)

      await pair.answer(true)

      expect(await refused).to.include({ rule: 'denied', refusedBy: 'them' })
      await dialled.then(() => expect.fail('the dial succeeded'), err => expect(err.message).to.contain('not allowed here'))
      expect(pair.opened).to.deep.equal([])
    })

    it('carries what is written first, once the other end accepts', async () => {
      await using pair = await Hesitation.create(keyType)
      await pair.meet()
      const received = Promise.withResolvers<Uint8Array | Uint8ArrayList>()
      await pair.listener.libp2p.handle(PROTOCOL, stream => {
        stream.addEventListener('message', evt => { received.resolve(evt.data) })
      })

      const open = pEvent<'connection:open', CustomEvent<Connection>>(pair.dialler.libp2p, 'connection:open')
      const dialled = pair.dial()
      const { detail: connection } = await open
      const stream: Promise<Stream> = connection.newStream(PROTOCOL)

      await pair.answer(false)
      await pair.answer(false)
      expect((await dialled).id).to.equal(connection.id)
      ;(await stream).send(Uint8Array.of(1, 2, 3))
      expect(Array.from((await received.promise).subarray())).to.deep.equal([1, 2, 3])
    })

    it('fails with the reason if the other end has changed its mind, and is not opened early again', async () => {
      await using pair = await Hesitation.create(keyType)
      await pair.meet()

      for (const connections of [1, 0]) {
        const closed: Connection[] = []
        pair.dialler.libp2p.addEventListener('connection:close', evt => { closed.push(evt.detail) })
        const dialled = pair.dial()
        const refused = nextRejection(pair.dialler.identity)
        await pair.answer(true)

        expect(await refused).to.include({ rule: 'denied', refusedBy: 'them', nodeId: pair.listener.identity.nodeId })
        await dialled.then(() => expect.fail('the dial succeeded'), err => expect(err.message).to.contain('not allowed here'))
        expect(pair.opened.splice(0)).to.have.lengthOf(connections)
        expect(closed).to.have.lengthOf(connections)
        expect(pair.dialler.libp2p.getConnections()).to.deep.equal([])
      }
    })
  })
}
