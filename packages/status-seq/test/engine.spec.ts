import { identityNotary, NEIGHBOURS_ENTRY, StatusEngine } from '@fisco-libp2p/status-seq'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { ANSWER_BURST, ANSWER_PER_SECOND, COMPARE_BURST, MAX_REMEMBERED } from '../src/constants.ts'
import { names } from './support/nodes.ts'
import { bytes } from './support/records.ts'
import type { Identity } from '@fisco-libp2p/identity'

const INTERVAL = 1_000

function createEngine (identity: Identity): StatusEngine {
  const nothing = (): void => {}

  return new StatusEngine({
    notary: identityNotary(identity),
    interval: INTERVAL,
    maxAge: 600_000,
    maxNodes: 10,
    random: () => 0.5,
    observer: { taken: nothing, changed: nothing, gone: nothing, equivocated: nothing, superseded: nothing, refused: nothing }
  })
}

describe('the rules of a node', () => {
  let engine: StatusEngine
  let other: Identity

  beforeEach(async () => {
    const [identity, neighbour] = await createIdentities(2, { keyType: 'ed25519' })
    engine = createEngine(identity)
    other = neighbour
  })

  it('have nothing to do before it begins, and when it has ended', () => {
    expect(engine.nextAt).to.equal(Infinity)
    engine.begin(1_000, 0)
    expect(engine.nextAt).to.be.at.most(0)
    engine.end()
    expect(engine.nextAt).to.equal(Infinity)
    expect(engine.table.size).to.equal(0)
  })

  it('tell of neighbours after two intervals, once for all changes', () => {
    engine.begin(1_000, 0)
    engine.join(other.nodeId, 0)
    engine.leave(other.nodeId, 10)
    engine.join(other.nodeId, 20)
    engine.advance(2 * INTERVAL - 1)
    expect(engine.record.entries.has(NEIGHBOURS_ENTRY)).to.equal(false)

    const { seq } = engine.record
    engine.advance(2 * INTERVAL)
    expect(engine.record.entries.get(NEIGHBOURS_ENTRY)?.byteLength).to.equal(8)
    expect(engine.record.seq).to.equal(seq + 1)
  })

  it('answer a neighbour no more for connecting again and again', () => {
    engine.begin(1_000, 0)

    const answered = (times: number, now: number): number => {
      let records = 0

      for (let i = 0; i < times; i++) {
        const outbox = engine.join(other.nodeId, now)

        engine.receive(outbox, { request: [engine.record.nodeId] }, now)
        records += outbox.next(now)?.records?.length ?? 0
        engine.leave(other.nodeId, now)
      }

      return records
    }

    expect(answered(ANSWER_BURST + 100, 0)).to.equal(ANSWER_BURST)
    expect(answered(ANSWER_PER_SECOND + 100, 1_000)).to.equal(ANSWER_PER_SECOND)
    // this is remembered of a limited number of nodes
    Array.from({ length: MAX_REMEMBERED }, (_, i) => i.toString(16).padStart(64, '0')).forEach(nodeId => { engine.join(nodeId, 1_000) })
    expect(answered(1, 1_000)).to.equal(1)
  })

  it('compare no more with a neighbour for connecting again', () => {
    const unknown = '77'.repeat(32)
    const list = { from: '', numbers: [{ nodeId: unknown, incarnation: 1, seq: 1, hash: 'ab'.repeat(32) }] }
    const asks = (now: number): boolean => {
      const outbox = engine.join(other.nodeId, now)

      engine.receive(outbox, { lists: [list] }, now)

      return outbox.next(now)?.request?.includes(unknown) === true
    }

    engine.begin(1_000, 0)
    const outbox = engine.join(other.nodeId, 0)

    for (let i = 0; i < COMPARE_BURST; i += 256) {
      engine.receive(outbox, { lists: Array.from({ length: 256 }, () => ({ from: '', numbers: [] })) }, 0)
    }

    engine.leave(other.nodeId, 0)
    expect(asks(0)).to.equal(false)
    engine.leave(other.nodeId, 0)
    expect(asks(1_000)).to.equal(true)
  })

  it('let the stack\'s own entries give way where applications have taken all the room', () => {
    engine.begin(1_000, 0)

    for (let i = 0; i < 256; i++) {
      engine.set(`entry ${i}`, bytes('x'), 0)
    }

    engine.join(other.nodeId, 0)
    engine.advance(2 * INTERVAL)
    expect(engine.record.entries.has(NEIGHBOURS_ENTRY)).to.equal(false)
    expect(names(engine.record)).to.have.lengthOf(256)

    // there is room at the next change
    engine.delete('entry 0', 3 * INTERVAL)
    engine.leave(other.nodeId, 3 * INTERVAL)
    engine.advance(5 * INTERVAL)
    expect(engine.record.entries.get(NEIGHBOURS_ENTRY)?.byteLength).to.equal(0)
  })
})
