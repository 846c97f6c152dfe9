import { createIdentities } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { startNodes, text } from './support/nodes.ts'
import { bytes } from './support/records.ts'
import type { TestNode } from './support/nodes.ts'

describe('an iterator over changes', () => {
  async function connected (): Promise<TestNode[] & AsyncDisposable> {
    const nodes = await startNodes(await createIdentities(2, { keyType: 'ed25519' }))
    await nodes[0].connect(nodes[1])
    await Promise.all([nodes[0].sees(nodes[1].nodeId), nodes[1].sees(nodes[0].nodeId)])

    return nodes
  }

  it('begins with what is known, and goes on with what is new', async () => {
    await using nodes = await connected()
    const [a, b] = nodes
    const known = new Set<string>()

    for await (const record of a.status.changes()) {
      known.add(record.nodeId)

      if (known.size === 2 && !record.entries.has('n')) {
        b.status.set('n', bytes('1'))
      }

      if (text(record, 'n') === '1') {
        expect(record.nodeId).to.equal(b.nodeId)
        break
      }
    }

    expect([...known].sort()).to.deep.equal([a.nodeId, b.nodeId].sort())
  })

  it('gives a slow reader the newest of each node', async () => {
    await using nodes = await connected()
    const [a] = nodes
    const iterator = a.status.changes()
    await iterator.next()
    await iterator.next()

    for (let i = 0; i < 1_000; i++) {
      a.status.set('n', bytes(`${i}`))
    }

    // whatever of the other node comes in between
    for (;;) {
      const { value } = await iterator.next()

      if (value?.nodeId === a.nodeId) {
        expect(text(value, 'n')).to.equal('999')
        break
      }
    }

    await iterator.return?.()
  })

  it('ends with its signal, also while it waits', async () => {
    await using nodes = await connected()
    const [a] = nodes
    const controller = new AbortController()
    const seen: string[] = []

    setImmediate(() => { setImmediate(() => { controller.abort() }) })

    for await (const { nodeId } of a.status.changes({ signal: controller.signal })) {
      seen.push(nodeId)
    }

    expect(seen.length).to.be.at.least(1)

    for await (const record of a.status.changes({ signal: controller.signal })) {
      expect.fail(`${record.nodeId} came after the end`)
    }
  })
})
