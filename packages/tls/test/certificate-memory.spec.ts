import { createConsortium } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { CertificateMemory } from '../src/certificate-memory.ts'
import { nextRejection, startNode } from './support/nodes.ts'

const DAY = 24 * 60 * 60 * 1000

describe('certificates of peers that come back', () => {
  it('are judged by the clock each time', async () => {
    const { identity } = await createConsortium()
    let ahead = 0
    const [dialler, listener] = [await identity({ notAfter: new Date(Date.now() + DAY) }), await identity({ now: () => Date.now() + ahead })]
    await using a = await startNode(dialler, { carrier: 'tls-first' })
    await using b = await startNode(listener, { carrier: 'tls-first' })
    const connect = async (): Promise<void> => {
      const connection = await a.libp2p.dial(b.libp2p.getMultiaddrs())
      await connection.close()
    }

    await connect()
    ahead = 2 * DAY
    const rejection = nextRejection(listener)
    expect(await connect().then(() => 'connected', () => 'refused')).to.equal('refused')
    expect((await rejection).rule).to.equal('expired')
    ahead = 0
    await connect()
  })

  it('are read once, and forgotten when there are too many', async () => {
    const { identities } = await createConsortium()
    const chains = (await identities(4)).map(({ chain }) => chain)
    const memory = new CertificateMemory(4)
    const read = (i: number): object => memory.read(chains[i][0].der)

    expect(read(0)).to.not.equal(read(0))
    const first = chains[0].map(({ der }) => memory.read(der))
    memory.keep(first)
    expect(read(0)).to.equal(first[0])
    memory.keep(chains[1])
    // the agency is the same one
    expect(memory.size).to.equal(3)
    memory.keep(chains[2])
    memory.keep(first)
    memory.keep(chains[3])
    expect(memory.size).to.equal(4)
    const isKnown = [0, 1, 2, 3].map(i => {
      const certificate = read(i)

      return certificate === read(i)
    })
    expect(isKnown).to.deep.equal([true, false, true, true])
  })

  it('keep no more of what came in than themselves', async () => {
    const { identity } = await createConsortium()
    const [{ der }] = (await identity()).chain
    const frame = new Uint8Array(16_384)
    frame.set(der, 100)

    expect(new CertificateMemory().read(frame.subarray(100, 100 + der.byteLength)).der.buffer.byteLength).to.equal(der.byteLength)
  })
})
