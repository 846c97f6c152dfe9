import { Incarnation, incarnationOf } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'

describe('incarnation', () => {
  it('is the time, once', async () => {
    let now = 1_000
    const incarnation = new Incarnation(new MemoryDatastore(), () => now++)

    expect(await incarnation.get()).to.equal(1_000)
    expect(await incarnation.get()).to.equal(1_000)
  })

  it('grows with every start, even when the clock was set back', async () => {
    const datastore = new MemoryDatastore()

    expect(await new Incarnation(datastore, () => 5_000).get()).to.equal(5_000)
    expect(await new Incarnation(datastore, () => 4_000).get()).to.equal(5_001)
    expect(await new Incarnation(datastore, () => 9_000).get()).to.equal(9_000)
  })

  it('goes above a number that somebody else has seen', async () => {
    const datastore = new MemoryDatastore()
    const incarnation = new Incarnation(datastore, () => 100)

    expect(await incarnation.raise(50)).to.equal(100)
    expect(await incarnation.raise(100)).to.equal(101)
    expect(await incarnation.raise(500)).to.equal(501)
    expect(await new Incarnation(datastore, () => 100).get()).to.equal(502)
  })

  it('begins again from the clock when what is stored is damaged', async () => {
    const datastore = new MemoryDatastore()
    await datastore.put(new Key('/fisco/incarnation'), Uint8Array.of(1, 2, 3))
    expect(await new Incarnation(datastore, () => 100).get()).to.equal(100)

    await datastore.put(new Key('/fisco/incarnation'), new Uint8Array(8).fill(255))
    expect(await new Incarnation(datastore, () => 100).get()).to.equal(100)
  })

  it('says when it cannot be stored', async () => {
    const datastore = new MemoryDatastore()
    datastore.put = () => { throw new Error('disk full') }

    const failure = await new Incarnation(datastore).get().catch(err => err)
    expect(failure).to.have.property('message', 'disk full')
  })

  it('is shared by all plugins of a node', () => {
    const datastore = new MemoryDatastore()

    expect(incarnationOf({ datastore })).to.equal(incarnationOf({ datastore }))
    expect(incarnationOf({ datastore })).to.not.equal(incarnationOf({ datastore: new MemoryDatastore() }))
  })
})
