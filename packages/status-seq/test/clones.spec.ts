import { incarnationOf } from '@fisco-libp2p/identity'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { startNode } from './support/nodes.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { ClonedIdentity } from '@fisco-libp2p/status-seq'

const ADDRESS = '/ip4/127.0.0.1/tcp/30399'

describe('a key in two processes', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(2, { keyType: 'ed25519' })
  })

  function verified (here: Identity, there: Identity, incarnation: number): void {
    const { nodeId, peerId } = there
    here.safeDispatchEvent('handshake:verified', { detail: { direction: 'inbound', nodeId, peerId, address: ADDRESS, incarnation, refuse: () => {} } })
  }

  /**
   * What was told when everything that was asked for is done.
   */
  async function told (type: 'identity:cloned' | 'node:cloned', there: Identity, numbers: (own: number) => number[]): Promise<ClonedIdentity[]> {
    const datastore = new MemoryDatastore()
    const found: ClonedIdentity[] = []
    await using a = await startNode(identities[0], { datastore })
    a.status.addEventListener(type, ({ detail }) => { found.push(detail) })

    for (const incarnation of numbers(await incarnationOf({ datastore }).get())) {
      verified(identities[0], there, incarnation)
    }

    await new Promise(resolve => { setImmediate(resolve) })

    return found
  }

  it('is told of when this node meets its own key, started at another time, and once', async () => {
    const [first, ...others] = await told('identity:cloned', identities[0], own => [own - 5, own + 5, own - 5])

    expect(first).to.include({ nodeId: identities[0].nodeId, address: ADDRESS })
    expect(others).to.deep.equal([])
  })

  it('is not told of when this node dials itself', async () => {
    expect(await told('identity:cloned', identities[0], own => [own, own])).to.deep.equal([])
  })

  it('is told of by neighbours, once, when the process that was started first is there again and again', async () => {
    expect(await told('node:cloned', identities[1], () => [1_000, 2_000, 1_000, 1_000, 2_000, 1_000])).to.deep.equal([
      { nodeId: identities[1].nodeId, incarnation: 1_000, address: ADDRESS }
    ])
  })

  it('is not told of when a node is restarted, with a handshake of its former life under way', async () => {
    expect(await told('node:cloned', identities[1], () => [1_000, 2_000, 1_000, 2_000, 3_000, 3_000])).to.deep.equal([])
  })
})
