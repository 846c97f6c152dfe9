import { directProtocol } from '@fisco-libp2p/direct'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { pEvent } from 'p-event'
import { fromString, toString } from 'uint8arrays'
import { failure, Network, outcome } from './support/network.ts'
import type { TestNode } from './support/network.ts'
import type { DirectProtocol, DirectProtocolInit } from '@fisco-libp2p/direct'
import type { ServiceFactoryMap } from 'libp2p'

interface Question { block: number }
interface Answer { hash: string }

const json = {
  encode: (message: unknown): Uint8Array => fromString(JSON.stringify(message)),
  decode: (bytes: Uint8Array) => JSON.parse(toString(bytes))
}

const NAME = 'hash/1.0.0'

/**
 * The type of `services` of any node knows nothing of `direct`, which is beside it here.
 */
function servicesOf (hash: unknown): ServiceFactoryMap {
  return { hash: hash as ServiceFactoryMap['hash'] }
}

describe('a protocol of typed messages', () => {
  const network = new Network()

  afterEach(async () => { await network.stop() })

  function declare (init: Partial<DirectProtocolInit<Question, Answer>> = {}): ReturnType<typeof directProtocol<Question, Answer>> {
    return directProtocol<Question, Answer>({ name: NAME, request: json, response: json, ...init })
  }

  /**
   * One that asks, and one that answers.
   */
  async function pair (init: Partial<DirectProtocolInit<Question, Answer>>, handler: (question: Question) => Answer | Promise<Answer>): Promise<{ hash: DirectProtocol<Question, Answer>, asked: TestNode, asking: TestNode }> {
    const hash = declare(init)
    const [asking, asked] = await network.pair({ services: servicesOf(hash()) }, { services: servicesOf(hash({ handler })) })

    return { hash: (asking.libp2p.services as unknown as { hash: DirectProtocol<Question, Answer> }).hash, asking, asked }
  }

  it('asks and answers', async () => {
    const { hash, asked } = await pair({}, ({ block }) => ({ hash: `0x${block}` }))

    expect(await hash.request(asked.nodeId, { block: 7 })).to.deep.equal({ hash: '0x7' })
  })

  it('answers while its node runs', async () => {
    const { hash, asking, asked } = await pair({}, () => ({ hash: '' }))

    expect(await outcome(asked.direct.request(asking.nodeId, NAME, new Uint8Array()))).to.equal('NoSuchHandlerError')
    const lost = pEvent(asking.libp2p, 'connection:close')
    await asked.libp2p.stop()
    await lost
    await asked.libp2p.start()
    await network.connect(asking, asked)
    expect(await outcome(hash.request(asked.nodeId, { block: 1 }))).to.equal('ok')
  })

  it('gives the time that it has', async () => {
    const { hash, asked } = await pair({ timeout: 50 }, async () => new Promise<Answer>(() => {}))

    expect((await failure(hash.request(asked.nodeId, { block: 1 }))).message).to.contain('50 ms')
    expect((await failure(hash.request(asked.nodeId, { block: 1 }, { timeout: 60 }))).message).to.contain('60 ms')
  })

  it('neither sends nor takes messages that are too long', async () => {
    const { hash, asking, asked } = await pair({ maxMessageSize: 100 }, ({ block }) => ({ hash: 'x'.repeat(block) }))

    expect(await outcome(hash.request(asked.nodeId, { block: 80 }))).to.equal('ok')
    expect((await failure(hash.request(asked.nodeId, { block: 200 }))).message).to.contain('is too large to be sent: 211 bytes; 100 are allowed')
    expect((await failure(hash.request(asked.nodeId, { block: 1, more: 'x'.repeat(100) } as Question))).message).to.match(/^A request "hash\/1\.0\.0" of \d+ bytes; 100 are allowed/)

    for (const length of [101, 200_000]) {
      expect((await failure(asking.direct.request(asked.nodeId, NAME, new Uint8Array(length)))).message).to.contain(`${length} bytes; 100 are allowed`)
    }

    asked.direct.handle('long', () => json.encode({ hash: 'x'.repeat(200) }))
    const long = declare({ name: 'long', maxMessageSize: 100 })()(asking.libp2p.services)
    expect((await failure(long.request(asked.nodeId, { block: 1 }))).message).to.match(/^The answer of node .* to "long" has 211 bytes; 100 are allowed/)
  })

  it('refuses what is more than its quota, of each peer', async () => {
    const hash = declare({ quota: { perPeer: 3, perMs: 3_600_000 } })
    const [a, b] = await network.pair({}, { services: servicesOf(hash({ handler: () => ({ hash: '' }) })) })
    const other = await network.node()
    await network.connect(other, b)
    const ask = async ({ direct }: TestNode): Promise<string[]> => Promise.all(Array.from({ length: 4 }, async () => outcome(direct.request(b.nodeId, NAME, fromString('{}')))))

    expect(await ask(a)).to.deep.equal(['ok', 'ok', 'ok', 'TooManyRequestsError'])
    expect(await ask(other)).to.deep.equal(['ok', 'ok', 'ok', 'TooManyRequestsError'])
    // coming back does not help
    await a.libp2p.hangUp(b.libp2p.peerId)
    await network.connect(a, b)
    expect((await failure(a.direct.request(b.nodeId, NAME, fromString('{}')))).message).to.match(/the quota for "hash\/1\.0\.0" is used up; the next one is welcome in \d+ ms/)
  })

  it('says so when bytes are no message', async () => {
    const { hash, asking, asked } = await pair({}, () => ({ hash: '' }))
    const refused = await failure(asking.direct.request(asked.nodeId, NAME, fromString('{')))

    expect(refused.name).to.equal('HandlerFailedError')
    expect(refused.message).to.contain('the request is no message of the protocol')
    asked.direct.unhandle(NAME)
    asked.direct.handle(NAME, () => fromString('}'))
    const unreadable = await failure(hash.request(asked.nodeId, { block: 1 }))
    expect(unreadable.name).to.equal('InvalidMessageError')
    expect(unreadable.message).to.match(/^the answer of node .* to "hash\/1\.0\.0" is no message of the protocol/)
  })

  it('is not made on a node without unicast', async () => {
    const node = createLibp2p({ services: servicesOf(declare()()) })

    expect((await failure(node)).name).to.equal('UnmetServiceDependenciesError')
  })

  it('is declared within the ranges', () => {
    for (const init of [{ name: '' }, { name: 'x'.repeat(256) }, { timeout: 0 }, { timeout: 3_600_001 }, { maxMessageSize: 0 }, { maxMessageSize: 1.5 }, { maxMessageSize: 200_000_000 }]) {
      expect(() => declare(init), JSON.stringify(init)).to.throw()
    }
  })
})
