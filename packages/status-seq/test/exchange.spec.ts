import { MAX_INCARNATION_LEAD } from '@fisco-libp2p/identity'
import { NEIGHBOURS_ENTRY, neighboursEntry, Outbox, sealRecord, StatusTable } from '@fisco-libp2p/status-seq'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { PureNetwork } from './support/network.ts'
import { seal, travelling, unsigned, version } from './support/records.ts'
import type { PureNode } from './support/network.ts'
import type { Identity } from '@fisco-libp2p/identity'

const digests = (nodes: PureNode[]): Set<string> => new Set(nodes.map(node => node.table.digest()))

describe('exchange', () => {
  let identities: Identity[]
  let network: PureNetwork

  /**
   * Nodes in a row, each connected to the next, that know each other.
   */
  function line (count: number, options?: { maxNodes?: number, maxAge?: number }): PureNode[] {
    const nodes = identities.slice(0, count).map(identity => network.add(identity, options))

    nodes.forEach((node, i) => {
      node.set(1, `${i}`)

      if (i > 0) {
        network.connect(nodes[i - 1], node)
      }
    })

    network.settle()
    network.pass(5_000)

    return nodes
  }

  before(async () => {
    identities = await createIdentities(8, { keyType: 'ed25519' })
  })

  beforeEach(() => {
    network = new PureNetwork()
  })

  it('tells a new neighbour everything, and is told everything', () => {
    const nodes = line(4)

    expect(digests(nodes).size).to.equal(1)
    expect(nodes[0].table.size).to.equal(4)
    expect(nodes[0].value(nodes[3])).to.equal('3')
  })

  it('says nothing of records when both know the same', () => {
    const nodes = line(4)

    network.log.length = 0
    network.pass(10_000)

    expect(network.log.length).to.be.above(0)
    expect(network.log.every(({ message }) => message.announce != null && message.lists == null && message.records == null)).to.equal(true)
    expect(digests(nodes).size).to.equal(1)
  })

  it('carries a change to the end of a line, once over each link', () => {
    const nodes = line(5)

    network.log.length = 0
    nodes[0].set(2, 'new', network.now)
    network.settle()

    expect(nodes.map(node => node.value(nodes[0]))).to.deep.equal(['new', 'new', 'new', 'new', 'new'])
    expect(network.log.map(({ message }) => message.records?.length)).to.deep.equal([1, 1, 1, 1])
  })

  it('coalesces changes that follow each other closely', () => {
    const nodes = line(2)

    network.log.length = 0

    for (let i = 0; i < 1_000; i++) {
      network.now++
      nodes[0].set(2 + i, `${i}`, network.now)
      network.settle()
    }

    network.now += 100
    network.settle()

    expect(nodes[1].value(nodes[0])).to.equal('999')
    expect(network.log.length).to.be.at.most(11)
  })

  it('repairs every second push that is lost', () => {
    const nodes = line(4)
    let count = 0

    for (let seq = 2; seq < 12; seq++) {
      nodes[seq % 4].set(seq, `${seq}`, network.now)
      network.settle(({ message }) => message.records != null && count++ % 2 === 0)
      network.now += 200
    }

    network.pass(10_000)

    expect(count).to.be.above(10)
    expect(digests(nodes).size).to.equal(1)
    expect(nodes[0].value(nodes[3])).to.equal('11')
  })

  it('repairs a difference with the records that differ, not with all', () => {
    const [a, b] = line(2)

    // both come to know nodes of which the other does not hear
    network.disconnect(a, b)
    identities.slice(2, 5).forEach(identity => a.table.take(seal(identity), 0, network.now))
    identities.slice(5, 8).forEach(identity => b.table.take(seal(identity), 0, network.now))
    network.connect(a, b)
    network.log.length = 0
    network.settle()
    network.pass(3_000)

    expect(digests([a, b]).size).to.equal(1)
    expect(a.table.size).to.equal(8)
    // three each way, and the own record with which each greets
    expect(network.log.reduce((sum, { message }) => sum + (message.records?.length ?? 0), 0)).to.equal(8)
  })

  it('answers a list with what its sender lacks, and what it has older, and nothing else', () => {
    const [a, b] = line(2)
    const [lacking, older, same] = [seal(identities[2]), seal(identities[3], 5), seal(identities[4])]

    for (const sealed of [lacking, older, same]) {
      a.table.take(sealed, 0, network.now)
    }

    const numbers = [version(b.table.records()[0]), version(b.table.records()[1]), version(seal(identities[3], 4)), version(same)]
    a.exchange.receive(a.outbox(b), { lists: [{ from: '', numbers }] }, network.now)
    const records = a.outbox(b).next(network.now)?.records

    expect(records?.map(({ bytes }) => bytes)).to.have.deep.members([lacking.bytes, older.bytes])
    expect(a.outbox(b).next(network.now + 200)).to.equal(undefined)

    // a node outside of the range of a list is not spoken of
    a.table.take(seal(identities[5]), 0, network.now)
    a.exchange.receive(a.outbox(b), { lists: [{ from: '', to: identities[5].nodeId, numbers }] }, network.now)

    expect(a.outbox(b).next(network.now + 200)?.records?.some(({ bytes }) => Buffer.compare(bytes, seal(identities[5]).bytes) === 0)).to.not.equal(true)
  })

  it('does not send a node its own record', () => {
    const nodes = line(3)

    network.connect(nodes[0], nodes[2])
    network.settle()
    network.pass(2_000)
    network.log.length = 0
    nodes[0].set(2, 'new', network.now)
    // the push from the owner to the third is lost, so that one has it from the second, and knows nothing of the owner
    network.settle(({ from, to }) => from === nodes[0] && to === nodes[2])

    expect(nodes.map(node => node.value(nodes[0]))).to.deep.equal(['new', 'new', 'new'])
    expect(network.log.filter(({ to }) => to === nodes[0])).to.deep.equal([])
  })

  it('sends the chain of an owner once over each link', () => {
    const nodes = line(3)

    network.log.length = 0
    nodes[0].set(2, 'new', network.now)
    network.settle()

    expect(nodes[2].value(nodes[0])).to.equal('new')
    expect(network.log.flatMap(({ message }) => message.records ?? []).map(({ chain }) => chain.length)).to.deep.equal([0, 0])
    expect(nodes[2].table.get(nodes[0].nodeId)?.chain).to.deep.equal(identities[0].chain.map(({ der }) => der))
  })

  it('asks for the chain if it has none, and is given it', () => {
    const [a, b] = line(2)
    const [first, second] = [seal(identities[2], 1), seal(identities[2], 2)]

    a.exchange.receive(a.outbox(b), { records: [travelling(first)] }, network.now)
    network.settle()
    network.pass(1_000)
    // b has dropped what it knew, and a does not know
    b.table.remove(identities[2].nodeId)
    network.now += 1_000
    network.log.length = 0
    b.exchange.receive(b.outbox(a), { records: [{ ...travelling(second), chain: [] }] }, network.now)
    a.table.take(second, 0, network.now)
    network.settle()

    expect(b.refused).to.deep.equal([])
    expect(network.log[0].message.request).to.deep.equal([identities[2].nodeId])
    expect(b.table.get(identities[2].nodeId)?.hash).to.equal(second.hash)
  })

  it('does not pass on what the owner has sent already to the neighbours that it names', () => {
    const [a, b, c] = line(3)
    const entries = (...names: PureNode[]): Map<string, Uint8Array> => new Map([[NEIGHBOURS_ENTRY, neighboursEntry(names.map(({ nodeId }) => nodeId))]])
    const named = sealRecord(identities[3], { incarnation: 1_000, seq: 1, entries: entries(b, c) })
    const later = sealRecord(identities[3], { incarnation: 1_000, seq: 2, entries: entries(b) })

    network.now += 1_000
    network.log.length = 0
    b.exchange.receive(b.outbox(a), { records: [travelling(named)] }, network.now)
    network.settle()

    expect(network.log).to.deep.equal([])

    b.exchange.receive(b.outbox(a), { records: [travelling(later)] }, network.now + 1_000)
    network.now += 1_000
    network.settle()

    expect(network.log.filter(({ message }) => message.records != null).map(({ to }) => to)).to.deep.equal([c])
  })

  it('asks for a number that is new to it', () => {
    const [a, b] = line(2)
    const news = seal(identities[2])

    a.table.take(news, 0, network.now)
    a.exchange.receive(a.outbox(b), {}, network.now)
    b.exchange.receive(b.outbox(a), { lists: [{ from: '', numbers: [version(news)] }] }, network.now)
    network.log.length = 0
    network.settle()

    expect(network.log[0].message.request).to.deep.equal([identities[2].nodeId])
    expect(b.table.get(identities[2].nodeId)?.hash).to.equal(news.hash)
  })

  it('gives a newer record to the neighbour that shows an older number, its owner too', () => {
    const [a, b] = line(2)

    // b has lost its state and its clock
    b.table.remove(b.nodeId)
    b.set(1, 'reborn', network.now, 500)
    network.pass(5_000)

    expect(b.superseded.at(-1)?.incarnation).to.equal(1_000)
    expect(a.value(b)).to.equal('1')
  })

  it('takes a node that restarted at once, although its seq is smaller', () => {
    const nodes = line(3)

    nodes[0].set(100, 'before', network.now)
    network.settle()
    network.now += 200
    nodes[0].table.remove(nodes[0].nodeId)
    nodes[0].set(1, 'after', network.now, 2_000)
    network.settle()

    expect(nodes[2].value(nodes[0])).to.equal('after')
  })

  it('does not ask for a number of the far future', () => {
    const [a, b] = line(2)
    const far = { ...version(seal(identities[2])), incarnation: Date.now() + 2 * MAX_INCARNATION_LEAD }

    b.exchange.receive(b.outbox(a), { lists: [{ from: far.nodeId, to: `${far.nodeId}00`, numbers: [far] }] }, network.now)

    expect(b.outbox(a).next(network.now)).to.equal(undefined)
  })

  describe('refuses', () => {
    it('what the owner did not sign, whoever brings it', () => {
      const [a, b] = line(2)
      const forged = { ...travelling(seal(identities[2])), signature: seal(identities[3]).signature }

      expect(() => a.exchange.receive(a.outbox(b), { records: [forged] }, network.now)).to.throw().with.property('name', 'ForgedRecordError')
      expect(a.table.size).to.equal(2)
    })

    it('an owner of another consortium, without blaming the neighbour', async () => {
      const [a, b] = line(2)
      const [stranger] = await createIdentities(1, { keyType: 'ed25519' })

      a.exchange.receive(a.outbox(b), { records: [travelling(seal(stranger))] }, network.now)

      expect(a.refused).to.deep.equal(['untrusted'])
      expect(a.table.size).to.equal(2)
    })

    it('an incarnation more than 24 hours ahead', () => {
      const [a, b] = line(2)
      const future = (lead: number): ReturnType<typeof travelling> => travelling(seal(identities[2], 1, 'x', Date.now() + lead))

      a.exchange.receive(a.outbox(b), { records: [future(MAX_INCARNATION_LEAD + 60_000)] }, network.now)

      expect(a.refused).to.deep.equal(['future'])

      a.exchange.receive(a.outbox(b), { records: [future(MAX_INCARNATION_LEAD - 60_000)] }, network.now)

      expect(a.table.size).to.equal(3)
    })

    it('more nodes than it has room for, and does not ask for them for ever', () => {
      const [a, b] = line(2, { maxNodes: 3 })

      for (const identity of identities.slice(2, 5)) {
        a.exchange.receive(a.outbox(b), { records: [travelling(seal(identity))] }, network.now)
      }

      expect(a.table.size).to.equal(3)
      expect(a.refused).to.deep.equal(['table-full', 'table-full'])

      // b knows another set of nodes than a: the digests differ for good
      network.pass(10_000)
      b.table.remove(identities[2].nodeId)
      b.table.take(seal(identities[3]), 0, network.now)
      network.pass(5_000)
      network.log.length = 0
      network.pass(30_000)

      expect(digests([a, b]).size).to.equal(2)
      // the pauses double
      expect(network.log.filter(({ message }) => message.lists != null).length).to.be.at.most(6)
    })
  })

  it('verifies what is news, and only that', () => {
    const [a, b] = line(2)
    const sealed = seal(identities[2], 5)
    const receive = (record = sealed): number => a.exchange.receive(a.outbox(b), { records: [travelling(record)] }, network.now)

    expect(receive()).to.equal(1)
    expect(receive()).to.equal(0)
    expect(receive(seal(identities[2], 4))).to.equal(0)
    expect(receive(seal(identities[2], 5, 'other'))).to.equal(1)
  })

  it('reports two records with the same numbers, and all come to keep the same', () => {
    const nodes = line(3)
    const [one, two] = [seal(identities[3], 7, 'one'), seal(identities[3], 7, 'two')]
    const smaller = one.hash < two.hash ? one : two

    nodes[0].exchange.receive(nodes[0].outbox(nodes[1]), { records: [travelling(one)] }, network.now)
    nodes[2].exchange.receive(nodes[2].outbox(nodes[1]), { records: [travelling(two)] }, network.now)
    network.settle()
    network.pass(5_000)

    expect(nodes.map(node => node.table.get(identities[3].nodeId)?.hash)).to.deep.equal([smaller.hash, smaller.hash, smaller.hash])
    expect(nodes.flatMap(node => node.equivocations).length).to.be.at.least(1)

    for (const [kept, other] of nodes.flatMap(node => node.equivocations)) {
      expect(kept.hash).to.equal(smaller.hash)
      expect([one, two].map(({ signature }) => signature)).to.deep.include(other.signature)
    }
  })

  it('reports them whichever comes first', () => {
    const [smaller, larger] = [seal(identities[3], 7, 'one'), seal(identities[3], 7, 'two')].sort((a, b) => a.hash < b.hash ? -1 : 1)

    for (const order of [[smaller, larger], [larger, smaller]]) {
      network = new PureNetwork()
      const [a, b] = line(2)

      order.forEach(sealed => a.exchange.receive(a.outbox(b), { records: [travelling(sealed)] }, network.now))

      expect(a.equivocations.map(([kept, other]) => [kept.hash, other.signature])).to.deep.equal([[smaller.hash, larger.signature]])
    }
  })

  it('reports a record of this node that is newer than its own, and does not take it', () => {
    const [a, b] = line(2)
    const newer = seal(identities[0], 9)

    a.exchange.receive(a.outbox(b), { records: [travelling(newer)] }, network.now)

    expect(a.superseded.map(({ hash }) => hash)).to.deep.equal([newer.hash])
    expect(a.value(a)).to.equal('0')
  })

  describe('a node that is gone', () => {
    const maxAge = 60_000
    let drops: string[]

    beforeEach(() => {
      drops = []
    })

    function agesOut (node: PureNode): void {
      for (const { nodeId } of node.table.records()) {
        if (nodeId !== node.nodeId && node.table.age(nodeId, network.now) >= maxAge) {
          node.table.bury(nodeId, network.now)
          drops.push(nodeId)
          node.outboxes.forEach(outbox => { outbox.forget(nodeId) })
        }
      }
    }

    /**
     * Everybody that lives signs anew three times in maxAge, and drops what has aged.
     */
    function live (milliseconds: number): void {
      for (const end = network.now + milliseconds; network.now < end;) {
        network.pass(1_000)

        for (const node of network.nodes) {
          if (network.now % (maxAge / 3) === 0) {
            node.set(network.now, 'alive', network.now)
          }

          agesOut(node)
        }

        network.settle()
      }
    }

    it('is dropped by everybody, however they tell each other of it, and those that live are not', () => {
      const nodes = line(5, { maxAge })

      network.connect(nodes[1], nodes[4])
      network.connect(nodes[2], nodes[4])
      network.remove(nodes[0])
      live(30_000)

      expect(nodes.slice(1).every(node => node.table.size === 5)).to.equal(true)

      live(60_000)

      expect(nodes.slice(1).map(node => node.table.size)).to.deep.equal([4, 4, 4, 4])
      // once each, and nobody else
      expect(drops).to.deep.equal(Array.from({ length: 4 }, () => nodes[0].nodeId))
      expect(digests(nodes.slice(1)).size).to.equal(1)
    })

    it('is not kept alive by newcomers that hear of it late', () => {
      const nodes = line(2, { maxAge })

      network.remove(nodes[0])

      // every 20 s another node comes and is told of the one that is gone
      for (const identity of identities.slice(2, 7)) {
        const newcomer = network.add(identity, { maxAge })

        newcomer.set(network.now, 'new', network.now)
        network.connect(network.nodes[network.nodes.length - 2], newcomer)
        live(20_000)
      }

      expect(network.nodes.map(node => node.table.get(nodes[0].nodeId))).to.deep.equal(network.nodes.map(() => undefined))
      expect(network.nodes.every(node => node.table.size === 6)).to.equal(true)
    })
  })

  it('remembers of neighbours no more than it has in its table', () => {
    const [a, b] = line(2)

    for (let i = 0; i < 2_000; i++) {
      a.outbox(b).learn({ ...version(unsigned(i.toString(16).padStart(64, '0'), { incarnation: 1, seq: 1, hash: 'aa' })) }, network.now)
    }

    // a record of a node that b only said it had is pushed to it all the same
    const sealed = seal(identities[5])
    a.table.take(sealed, 0, network.now)
    a.exchange.spread(sealed)

    expect(a.outbox(b).next(network.now + 200)?.records?.map(record => record.bytes)).to.deep.equal([sealed.bytes])
  })

  it('gives a neighbour that says without end that it has nothing records at a bounded rate', () => {
    const [a, b] = line(2)
    let sent = 0
    a.outbox(b).next(network.now)

    for (let i = 0; i < 600; i++) {
      network.now += 250
      // as many ranges that hold everything as a message takes
      a.exchange.receive(a.outbox(b), { lists: Array.from({ length: 256 }, () => ({ from: '', numbers: [] })) }, network.now)
      a.exchange.receive(a.outbox(b), { compares: Array.from({ length: 256 }, () => ({ from: '', parts: [{ digest: '00'.repeat(16) }] })) }, network.now)

      for (let message = a.outbox(b).next(network.now); message != null; message = a.outbox(b).next(network.now)) {
        sent += (message.records?.length ?? 0) + (message.lists?.length ?? 0)
      }
    }

    // 150 s: what it may be told at a stretch, and 256 lists and 200 records a second after that
    expect(sent).to.be.below(2_048 + 2_000 + 150 * 456)
    expect(sent).to.be.above(500)
  })

  it('answers a neighbour that asks without end at a bounded rate', () => {
    const table = new StatusTable({ maxNodes: 1_000, maxAge: 10_000 })
    const outbox = new Outbox('ff', '00', table)
    const nodeIds = Array.from({ length: 250 }, (_, i) => i.toString(16).padStart(64, '0'))
    let now = 0
    let sent = 0

    const ask = (): number => {
      let count = 0

      outbox.answer(nodeIds, now)

      for (let message = outbox.next(now); message != null; message = outbox.next(now)) {
        count += message.records?.length ?? 0
      }

      return count
    }

    nodeIds.forEach(nodeId => table.take(unsigned(nodeId, { incarnation: 1, seq: 1, hash: 'aa' }), 0, 0))

    expect(ask()).to.equal(250)
    now += 199
    // what was sent a moment ago counts as having arrived
    expect(ask()).to.equal(0)

    for (now = 2_000; now < 62_000; now += 1_000) {
      sent += ask()
    }

    expect(sent).to.be.within(200 * 58, 2_000 + 200 * 63)
  })
})
