import { FrameKind } from '@fisco-libp2p/direct'
import { ErrorLog } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { Network, outcome } from './support/network.ts'
import { RawStream } from './support/raw-stream.ts'
import type { TestNode } from './support/network.ts'

const LINES_PER_PEER = 10

describe('the log of a node', () => {
  const network = new Network()
  const logger = new ErrorLog()
  let b: TestNode

  before(async () => {
    b = await network.node({ logger })
    b.direct.handle('bad', data => { throw new Error(`no ${Buffer.from(data).toString()}`) })
  })

  after(async () => { await network.stop() })

  it('has some of the failures that one peer causes, and those of others beside them', async () => {
    const [a, c] = [await network.node(), await network.node()]
    await Promise.all([a, c].map(async node => network.connect(node, b)))
    const flood = Array.from({ length: 100 }, async (_, i) => outcome(a.direct.request(b.nodeId, 'bad', Buffer.from(`${i}`))))

    expect(new Set(await Promise.all(flood))).to.deep.equal(new Set(['HandlerFailedError']))
    expect(await outcome(c.direct.request(b.nodeId, 'bad', Buffer.from('more')))).to.equal('HandlerFailedError')

    const lines = logger.of('fisco-libp2p:direct')

    expect(lines.filter(line => line.includes(a.nodeId))).to.have.lengthOf(LINES_PER_PEER)
    expect(lines.at(-1)).to.equal(`handler "bad" failed for node ${c.nodeId}: no more`)
  })

  it('has some of the streams that one peer spoils', async () => {
    const bare = await network.bare()
    const connection = await network.connect(bare, b)

    for (let i = 0; i < 2 * LINES_PER_PEER; i++) {
      const stream = await RawStream.open(connection)
      stream.send({ kind: FrameKind.CANCEL, id: 1 })
      expect(await stream.closed).to.equal('StreamResetError')
    }

    expect(logger.of('fisco-libp2p:direct').filter(line => line.includes(bare.nodeId))).to.have.lengthOf(LINES_PER_PEER)
  })
})
