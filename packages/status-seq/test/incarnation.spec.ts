import { incarnationOf } from '@fisco-libp2p/identity'
import { sealRecord } from '@fisco-libp2p/status-seq'
import { createIdentities, ErrorLog } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { names, next, startNode, text } from './support/nodes.ts'
import { send, startRawPeer } from './support/raw-peer.ts'
import { bytes, seal, travelling } from './support/records.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { StatusEquivocation, StatusSelfSuperseded } from '@fisco-libp2p/status-seq'

describe('the life of a node', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(3, { keyType: 'ed25519' })
  })

  it('begins with what was set before the start, numbered 1', async () => {
    await using a = await startNode(identities[0], {
      before: status => {
        expect(status.get(identities[0].nodeId)).to.equal(undefined)
        status.set('one', bytes('1'))
        status.set('two', bytes('2'))
        status.set('three', bytes('3'))
        status.delete('two')
        expect(status.snapshot()).to.deep.equal([])
      }
    })

    const record = a.status.get(a.nodeId)

    expect(record?.seq).to.equal(1)
    expect(names(record)).to.deep.equal(['one', 'three'])
  })

  it('has the incarnation that the datastore gave', async () => {
    const datastore = new MemoryDatastore()
    const incarnation = await incarnationOf({ datastore }).raise(Date.now() + 3_600_000)
    await using a = await startNode(identities[0], { datastore })

    expect(a.status.get(a.nodeId)?.incarnation).to.equal(incarnation)
  })

  it('goes on above what others hold of an earlier one, when its state and its clock are lost', async () => {
    const datastore = new MemoryDatastore()
    await incarnationOf({ datastore }).raise(Date.now() + 3_600_000)
    await using b = await startNode(identities[1])
    const before = await startNode(identities[0], { datastore })

    await before.connect(b)
    before.status.set('n', bytes('before'))
    const old = await b.sees(before.nodeId, record => text(record, 'n') === 'before')
    await before.libp2p.stop()

    await using after = await startNode(identities[0], { before: status => { status.set('n', bytes('after')) } })
    const superseded = next<StatusSelfSuperseded>(after.status, 'status:self-superseded')
    await after.connect(b)

    const detail = await superseded
    expect(detail.incarnation).to.be.above(old.incarnation)
    expect(text(detail.found, 'n')).to.equal('before')
    expect((await b.sees(after.nodeId, record => text(record, 'n') === 'after')).incarnation).to.equal(detail.incarnation)
  })

  it('is seen to be led twice', async () => {
    // the same key on either side of two others
    await using b = await startNode(identities[1])
    await using c = await startNode(identities[2])
    await using one = await startNode(identities[0], { before: status => { status.set('host', bytes('one')) } })
    await using two = await startNode(identities[0], { before: status => { status.set('host', bytes('two')) } })
    const cloned = next<StatusSelfSuperseded>(one.status, 'identity:cloned')

    await Promise.all([one.connect(b), b.connect(c), c.connect(two)])

    expect(await cloned).to.include({ nodeId: identities[0].nodeId })
  })

  it('is reported when its key signs two records with the same numbers', async () => {
    await using a = await startNode(identities[0])
    await using peer = await startRawPeer(identities[1])
    const stream = await peer.open(a)
    const [kept, other] = [seal(identities[1], 1, 'one'), seal(identities[1], 1, 'two')].sort((a, b) => a.hash < b.hash ? -1 : 1)
    const reported = next<StatusEquivocation>(a.status, 'status:equivocation')

    send(stream, { records: [travelling(other), travelling(kept)] })
    const detail = await reported

    expect(detail.kept.hash).to.equal(kept.hash)
    expect(detail.other.bytes).to.deep.equal(other.bytes)
    expect(a.status.get(identities[1].nodeId)?.entries).to.deep.equal(kept.record.entries)
  })

  it('does not fill the log when it does so again and again', async () => {
    const logger = new ErrorLog()
    await using a = await startNode(identities[0], { logger })
    await using peer = await startRawPeer(identities[1])
    const stream = await peer.open(a)
    const numbers = Array.from({ length: 20 }, (_, i) => i + 1)
    let reported = 0
    const last = next<StatusEquivocation>(a.status, 'status:equivocation', () => ++reported === numbers.length)

    send(stream, { records: numbers.flatMap(seq => ['one', 'two'].map(value => travelling(seal(identities[1], seq, value)))) })
    await last

    expect(logger.of('fisco-libp2p:status-seq')).to.have.lengthOf(10)
  })

  it('shows when it is made up by a neighbour: the own record cannot be replaced', async () => {
    await using a = await startNode(identities[0])
    await using peer = await startRawPeer(identities[1])
    const stream = await peer.open(a)
    const stolen = sealRecord(identities[0], { incarnation: (a.status.get(a.nodeId)?.incarnation ?? 0) + 1_000, seq: 1, entries: new Map([['n', bytes('stolen')]]) })
    const superseded = next<StatusSelfSuperseded>(a.status, 'status:self-superseded')

    a.status.set('n', bytes('mine'))
    send(stream, { records: [travelling(stolen)] })
    await superseded

    expect(text(a.status.get(a.nodeId), 'n')).to.equal('mine')
    expect(a.status.get(a.nodeId)?.incarnation).to.be.above(stolen.incarnation)
  })

  it('answers newer records of itself at most once a second', async () => {
    await using a = await startNode(identities[0])
    await using peer = await startRawPeer(identities[1])
    const stream = await peer.open(a)
    const now = a.status.get(a.nodeId)?.incarnation ?? 0
    let answers = 0

    a.status.addEventListener('status:self-superseded', () => { answers++ })
    send(stream, { records: [1_000_000, 2_000_000, 3_000_000].map(lead => travelling(seal(identities[0], 1, 'x', now + lead))) })
    send(stream, { records: [travelling(seal(identities[1]))] })
    await a.sees(identities[1].nodeId)
    await a.sees(a.nodeId, record => record.incarnation > now)

    expect(answers).to.equal(1)
    expect(a.status.get(a.nodeId)?.incarnation).to.be.within(now + 1_000_001, now + 1_999_999)
  })
})
