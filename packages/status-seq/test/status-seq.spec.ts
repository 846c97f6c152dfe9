import { describeRecord, NEIGHBOURS_ENTRY, STATUS_SEQ_PROTOCOL } from '@fisco-libp2p/status-seq'
import { createConsortium, createIdentities } from '@fisco-libp2p/test-kit'
import { start, stop } from '@libp2p/interface'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { names, next, startNode, startNodes, text } from './support/nodes.ts'
import { send, startRawPeer } from './support/raw-peer.ts'
import { bytes, seal, travelling } from './support/records.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { StatusChange, StatusGone } from '@fisco-libp2p/status-seq'

describe('status between nodes', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(5, { keyType: 'ed25519' })
  })

  it('reaches neighbours', async () => {
    await using nodes = await startNodes(identities.slice(0, 3))
    const [a, b, c] = nodes

    await Promise.all([a.connect(b), a.connect(c), b.connect(c)])
    a.status.set('height', bytes('7'))

    for (const node of [b, c]) {
      const record = await node.sees(a.nodeId, record => text(record, 'height') === '7')

      expect(record.certificate.commonName).to.equal('node0')
      expect(record.incarnation).to.equal(a.status.get(a.nodeId)?.incarnation)
      expect(record.seq).to.equal(a.status.get(a.nodeId)?.seq)
    }

    a.status.delete('height')
    await b.sees(a.nodeId, record => !record.entries.has('height'))
  })

  it('reaches those that are not neighbours', async () => {
    await using nodes = await startNodes(identities.slice(0, 3))
    const [a, b, c] = nodes

    await a.connect(b)
    await b.connect(c)
    a.status.set('height', bytes('7'))
    c.status.set('height', bytes('8'))

    await c.sees(a.nodeId, record => text(record, 'height') === '7')
    await a.sees(c.nodeId, record => text(record, 'height') === '8')
    expect(a.libp2p.getConnections(c.identity.peerId)).to.deep.equal([])
  })

  it('works between nodes with every type of key', async () => {
    const consortium = await createConsortium()
    await using a = await startNode(await consortium.identity({ keyType: 'secp256k1' }))
    await using b = await startNode(await consortium.identity({ keyType: 'rsa' }))
    await using c = await startNode(await consortium.identity({ keyType: 'ed25519' }))

    await a.connect(b)
    await b.connect(c)
    a.status.set('key', bytes('secp256k1'))
    b.status.set('key', bytes('rsa'))
    c.status.set('key', bytes('ed25519'))

    expect(text(await a.sees(c.nodeId, record => record.entries.has('key')), 'key')).to.equal('ed25519')
    expect(text(await a.sees(b.nodeId, record => record.entries.has('key')), 'key')).to.equal('rsa')
    expect(text(await c.sees(a.nodeId, record => record.entries.has('key')), 'key')).to.equal('secp256k1')
  })

  it('is all known to a node that joins', async () => {
    await using nodes = await startNodes(identities.slice(0, 4))
    const [a, b, c] = nodes

    await Promise.all([a.connect(b), b.connect(c), c.connect(nodes[3])])
    nodes.forEach((node, i) => { node.status.set('n', bytes(`${i}`)) })
    await Promise.all(nodes.flatMap(node => nodes.map(async (other, i) => node.sees(other.nodeId, record => text(record, 'n') === `${i}`))))

    await using e = await startNode(identities[4])
    await e.connect(a)
    await Promise.all(nodes.map(async (node, i) => e.sees(node.nodeId, record => text(record, 'n') === `${i}`)))
    await Promise.all(nodes.map(async node => node.sees(e.nodeId)))

    expect(e.status.snapshot().map(record => record.nodeId)).to.deep.equal(identities.map(identity => identity.nodeId).sort())
    expect([...e.status].map(record => record.nodeId)).to.deep.equal(e.status.snapshot().map(record => record.nodeId))
  })

  it('of a node that restarted is taken at once, although its seq begins anew', async () => {
    await using b = await startNode(identities[1])
    await using c = await startNode(identities[2])
    await b.connect(c)
    const before = await startNode(identities[0])

    await before.connect(b)

    for (let i = 0; i < 50; i++) {
      before.status.set('n', bytes(`${i}`))
    }

    const old = await c.sees(before.nodeId, record => text(record, 'n') === '49')
    await before.libp2p.stop()

    await using after = await startNode(identities[0], { before: status => { status.set('n', bytes('reborn')) } })
    await after.connect(b)
    const record = await c.sees(after.nodeId, record => text(record, 'n') === 'reborn')

    expect(old.seq).to.be.above(record.seq)
    // what it says of its neighbours may be in it already
    expect(record.seq).to.be.within(1, 3)
    expect(record.incarnation).to.be.above(old.incarnation)
  })

  it('ages out when a node is gone, and only then', async () => {
    await using nodes = await startNodes(identities.slice(0, 2), { maxAge: 2_400, interval: 100 })
    const [a, b] = nodes

    // a hears of c, and of d, through b alone
    await using c = await startNode(identities[2], { maxAge: 2_400, interval: 100 })
    await using d = await startNode(identities[3], { maxAge: 2_400, interval: 100 })
    await Promise.all([a.connect(b), b.connect(c), b.connect(d)])
    await Promise.all([a.sees(c.nodeId), a.sees(d.nodeId)])

    const gone: StatusGone[] = []
    a.status.addEventListener('status:gone', ({ detail }) => { gone.push(detail) })
    const bLost = next<StatusGone>(b.status, 'status:gone')
    const aLost = next<StatusGone>(a.status, 'status:gone', ({ nodeId }) => nodeId === c.nodeId)
    await c.libp2p.stop()

    expect(await aLost).to.include({ nodeId: c.nodeId, reason: 'aged' })
    expect(await bLost).to.include({ nodeId: c.nodeId, reason: 'aged' })
    expect(a.status.get(c.nodeId)).to.equal(undefined)
    expect(a.status.get(b.nodeId)).to.not.equal(undefined)
    expect(gone.map(({ nodeId }) => nodeId)).to.deep.equal([c.nodeId])
    expect(a.status.get(d.nodeId)).to.not.equal(undefined)
  })

  it('stays while its owner is connected, however long that says nothing', async () => {
    await using a = await startNode(identities[0], { maxAge: 400, interval: 50 })
    await using peer = await startRawPeer(identities[1])
    const stream = await peer.open(a)
    const silent = next<StatusGone>(a.status, 'status:gone', ({ nodeId }) => nodeId === identities[1].nodeId)

    // its own, and one of a node that is not there: both are never signed again
    send(stream, { records: [travelling(seal(identities[1])), travelling(seal(identities[2]))] })

    expect(await next<StatusGone>(a.status, 'status:gone')).to.include({ nodeId: identities[2].nodeId })
    expect(a.status.get(identities[1].nodeId)).to.not.equal(undefined)

    await peer.libp2p.stop()

    expect(await silent).to.include({ reason: 'aged' })
  })

  it('is dropped when its owner is no longer trusted', async () => {
    const consortium = await createConsortium({ keyType: 'ed25519' })
    const other = await createConsortium({ keyType: 'ed25519', name: 'other' })
    await using a = await startNode(await consortium.identity())
    await using b = await startNode(await consortium.identity())

    await a.connect(b)
    await a.sees(b.nodeId)
    const gone = next<StatusGone>(a.status, 'status:gone')
    a.identity.trust.update({ anchors: (await other.identity()).trust.anchors })

    expect(await gone).to.include({ nodeId: b.nodeId, reason: 'untrusted' })
    expect(a.status.snapshot().map(({ nodeId }) => nodeId)).to.deep.equal([a.nodeId])
  })

  it('is dropped when the certificate of its owner has expired', async () => {
    const consortium = await createConsortium({ keyType: 'ed25519' })
    let late = 0
    await using a = await startNode(await consortium.identity({ now: () => Date.now() + late }))
    await using b = await startNode(await consortium.identity())

    await a.connect(b)
    const { certificate } = await a.sees(b.nodeId)
    const gone = next<StatusGone>(a.status, 'status:gone')
    late = certificate.notAfter

    expect(await gone).to.include({ nodeId: b.nodeId, reason: 'expired' })
    expect(a.status.get(a.nodeId)).to.not.equal(undefined)
  })

  it('is told of when its certificates alone are new', async () => {
    const consortium = await createConsortium({ keyType: 'ed25519' })
    const renewing = await consortium.identity()
    await using a = await startNode(await consortium.identity())
    await using b = await startNode(renewing)

    await a.connect(b)
    await a.sees(b.nodeId, record => record.entries.has(NEIGHBOURS_ENTRY) && describeRecord(record).addresses.length > 0)
    const change = next<StatusChange>(a.status, 'status:change', ({ nodeId }) => nodeId === b.nodeId)
    const { chain } = await consortium.identity({ key: renewing.key.export({ format: 'pem', type: 'pkcs8' }).toString() })
    renewing.renew(chain)

    const { record, previous } = await change
    expect(record.certificate.serial).to.equal(chain[0].serial)
    expect(record.entries).to.deep.equal(previous?.entries)
  })

  it('costs few pushes when it changes a thousand times', async () => {
    await using a = await startNode(identities[0])
    await using peer = await startRawPeer(identities[1])

    const pushes = (): number => peer.received.filter(message => message.records != null).length

    await a.libp2p.dial(peer.libp2p.getMultiaddrs())
    // all that the node says of itself, so that nothing else changes its record
    await a.sees(a.nodeId, record => record.entries.has(NEIGHBOURS_ENTRY) && describeRecord(record).addresses.length > 0)
    await peer.gets(message => message.records != null)
    const before = a.status.get(a.nodeId)?.seq ?? 0
    const pushesBefore = pushes()

    for (let i = 0; i < 1_000; i++) {
      a.status.set('n', bytes(`${i}`))

      if (i % 100 === 0) {
        await new Promise(resolve => { setImmediate(resolve) })
      }
    }

    await a.sees(a.nodeId)
    const last = await peer.gets(message => message.records?.some(({ bytes }) => Buffer.from(bytes).includes('999')) === true)

    expect(last.records).to.have.lengthOf(1)
    expect(a.status.get(a.nodeId)?.seq).to.equal(before + 1_000)
    expect(pushes() - pushesBefore).to.be.at.most(20)
  })

  it('goes on over a new stream when the old one dies', async () => {
    await using nodes = await startNodes(identities.slice(0, 2))
    const [a, b] = nodes

    await a.connect(b)
    await Promise.all([b.sees(a.nodeId), a.sees(b.nodeId)])
    const streams = a.libp2p.getConnections().flatMap(connection => connection.streams).filter(stream => stream.protocol === STATUS_SEQ_PROTOCOL)

    expect(streams.map(stream => stream.direction).sort()).to.deep.equal(['inbound', 'outbound'])
    streams.forEach(stream => { stream.abort(new Error('cut')) })
    a.status.set('n', bytes('1'))
    b.status.set('n', bytes('2'))

    await b.sees(a.nodeId, record => text(record, 'n') === '1')
    await a.sees(b.nodeId, record => text(record, 'n') === '2')
  })

  it('goes on when one of two connections is closed, whichever it is', async () => {
    for (const which of [0, 1]) {
      await using nodes = await startNodes(identities.slice(0, 2))
      const [a, b] = nodes

      await a.connect(b)
      await Promise.all([b.sees(a.nodeId), a.sees(b.nodeId)])
      const second = pEvent(a.libp2p, 'connection:open')
      await b.libp2p.dial(a.libp2p.getMultiaddrs(), { force: true })
      await second
      const connections = a.libp2p.getConnections()

      expect(connections).to.have.lengthOf(2)
      await connections[which].close()
      a.status.set('n', bytes('1'))
      b.status.set('n', bytes('2'))

      await b.sees(a.nodeId, record => text(record, 'n') === '1')
      await a.sees(b.nodeId, record => text(record, 'n') === '2')
    }
  })

  it('goes to a peer that begins to speak the protocol later', async () => {
    await using a = await startNode(identities[0])
    await using b = await startNode(identities[1])

    await stop(b.status)
    await a.connect(b)
    await start(b.status)

    await a.sees(b.nodeId)
    await b.sees(a.nodeId)
  })

  it('tells changes, its own and others\', with what was before', async () => {
    await using a = await startNode(identities[0])
    await using b = await startNode(identities[1])
    const changes: StatusChange[] = []

    await a.connect(b)
    await Promise.all([a.sees(b.nodeId), b.sees(a.nodeId)])
    for (const { status } of [a, b]) {
      status.addEventListener('status:change', ({ detail }) => {
        // those of the stack's own entries come when they come
        if (text(detail.record, 'n') !== text(detail.previous, 'n')) {
          changes.push(detail)
        }
      })
    }

    a.status.set('n', bytes('1'))

    expect(changes.map(({ nodeId, local }) => ({ nodeId, local }))).to.deep.equal([{ nodeId: a.nodeId, local: true }])
    expect(text(changes[0].record, 'n')).to.equal('1')
    expect(names(changes[0].previous)).to.deep.equal([])
    expect(text(a.status.get(a.nodeId), 'n')).to.equal('1')

    a.status.set('n', bytes('1'))
    a.status.delete('none')

    expect(changes).to.have.lengthOf(1)

    await b.sees(a.nodeId, record => text(record, 'n') === '1')

    expect(changes.at(-1)).to.include({ nodeId: a.nodeId, local: false })
    expect(names(changes.at(-1)?.previous)).to.deep.equal([])
    expect(changes).to.have.lengthOf(2)
  })

  it('leaves nothing behind when it is stopped, as often as it is', async () => {
    await using a = await startNode(identities[0])
    await using b = await startNode(identities[1])

    await a.connect(b)
    await Promise.all([a.sees(b.nodeId), b.sees(a.nodeId)])
    const streams = a.libp2p.getConnections().flatMap(connection => connection.streams).filter(stream => stream.protocol === STATUS_SEQ_PROTOCOL)
    a.status.set('n', bytes('pending'))
    const before = a.status.get(a.nodeId)
    await Promise.all([stop(a.status), stop(a.status)])
    await stop(a.status)

    expect(a.libp2p.getProtocols()).to.not.include(STATUS_SEQ_PROTOCOL)
    expect(streams.map(stream => stream.status)).to.deep.equal(['aborted', 'aborted'])
    expect(a.identity.trust.listenerCount('trust:change')).to.equal(0)
    expect(a.status.snapshot()).to.deep.equal([])

    // and can be started again, with what was set in between, numbered above what others hold
    a.status.set('n', bytes('again'))
    await start(a.status)
    const again = await b.sees(a.nodeId, record => text(record, 'n') === 'again')

    expect(again.incarnation).to.equal(before?.incarnation)
    expect(again.seq).to.be.above(before?.seq ?? 0)
  })

  it('ends with a connection', async () => {
    await using a = await startNode(identities[0])
    await using b = await startNode(identities[1])

    await a.connect(b)
    await a.sees(b.nodeId)
    const closed = pEvent(b.libp2p, 'connection:close')
    await a.libp2p.hangUp(b.identity.peerId)
    await closed
    a.status.set('n', bytes('1'))
    await a.connect(b)

    await b.sees(a.nodeId, record => text(record, 'n') === '1')
  })
})
