import { ageOnArrival, StatusTable } from '@fisco-libp2p/status-seq'
import { expect } from 'chai'
import { unsigned } from './support/records.ts'

const maxAge = 10_000

describe('what the table does with a record', () => {
  it('takes what is new or newer, and says what was before', () => {
    const table = new StatusTable({ maxNodes: 10, maxAge })
    const first = unsigned('01', { incarnation: 1, seq: 9, hash: 'aa' })
    const restarted = unsigned('01', { incarnation: 2, seq: 1, hash: 'bb' })

    expect(table.take(first, 0, 0)).to.deep.equal({ outcome: 'taken' })
    expect(table.take(first, 0, 0).outcome).to.equal('known')
    expect(table.take(restarted, 0, 0)).to.include({ outcome: 'taken', previous: first })
    expect(table.take(first, 0, 0).outcome).to.equal('older')
    expect(table.get('01')).to.equal(restarted)
  })

  it('keeps the one with the smaller hash of two with the same numbers, and reports once', () => {
    const smaller = unsigned('01', { incarnation: 1, seq: 1, hash: 'aa' })
    const larger = unsigned('01', { incarnation: 1, seq: 1, hash: 'bb' })

    for (const [first, second] of [[smaller, larger], [larger, smaller]]) {
      const table = new StatusTable({ maxNodes: 10, maxAge })

      expect(table.take(first, 0, 0).equivocation).to.equal(undefined)
      expect(table.take(second, 0, 0).equivocation).to.equal(larger)
      expect(table.take(first, 0, 0).equivocation).to.equal(undefined)
      expect(table.get('01')).to.equal(smaller)
    }
  })

  it('refuses further nodes when it is full, still takes news of those it has, and has room again when one is gone', () => {
    const table = new StatusTable({ maxNodes: 2, maxAge })
    const record = (nodeId: string, seq: number): ReturnType<typeof unsigned> => unsigned(nodeId, { incarnation: 1, seq, hash: 'aa' })

    table.take(record('01', 1), 0, 0)
    table.take(record('02', 1), 0, 0)

    expect(table.take(record('03', 1), 0, 0).outcome).to.equal('table-full')
    expect(table.take(record('02', 2), 0, 0).outcome).to.equal('taken')
    expect(table.size).to.equal(2)

    table.remove('01')

    expect(table.take(record('03', 1), 0, 0).outcome).to.equal('taken')
  })
})

describe('the age of a record', () => {
  const record = unsigned('01', { incarnation: 1, seq: 1, hash: 'aa' })

  it('is what it was on arrival and the time since', () => {
    const table = new StatusTable({ maxNodes: 10, maxAge })

    table.take(record, 3_000, 100_000)

    expect(table.age('01', 100_000)).to.equal(3_000)
    expect(table.age('01', 104_000)).to.equal(7_000)
    expect(table.age('01', 900_000)).to.equal(maxAge)
    expect(table.age('02', 0)).to.equal(maxAge)
  })

  it('begins anew with what the owner signs anew, unless that is old news', () => {
    const table = new StatusTable({ maxNodes: 10, maxAge })

    table.take(record, 3_000, 100_000)
    table.take(unsigned('01', { incarnation: 1, seq: 2, hash: 'aa' }), 500, 105_000)

    expect(table.age('01', 106_000)).to.equal(1_500)

    table.take(unsigned('01', { incarnation: 1, seq: 3, hash: 'aa' }), 9_000, 106_000)

    expect(table.age('01', 106_000)).to.equal(1_500)
  })

  it('is final: what was dropped for it does not come back before its owner signs anew', () => {
    const table = new StatusTable({ maxNodes: 3, maxAge })
    const newer = unsigned('01', { incarnation: 1, seq: 2, hash: 'aa' })

    table.take(record, 0, 0)

    expect(table.bury('01', maxAge)).to.equal(record)
    expect(table.isBuried(record, maxAge + 1)).to.equal(true)
    expect(table.take(record, 0, maxAge + 1).outcome).to.equal('aged')
    expect(table.isBuried(newer, maxAge + 1)).to.equal(false)
    expect(table.take(newer, 0, maxAge + 1).outcome).to.equal('taken')
  })

  it('is remembered of as many as the table has room for, and for as long as others may have them', () => {
    const table = new StatusTable({ maxNodes: 3, maxAge })
    const records = Array.from({ length: 5 }, (_, i) => unsigned(`0${i}`, { incarnation: 1, seq: 1, hash: 'aa' }))

    records.forEach((record, i) => {
      table.take(record, 0, i)
      table.bury(record.nodeId, i)
    })

    expect(records.map(record => table.isBuried(record, 5))).to.deep.equal([false, false, true, true, true])
    expect(records.map(record => table.isBuried(record, maxAge + 3))).to.deep.equal([false, false, false, false, true])
  })

  it('keeps out a record that nobody knows and that is too old', () => {
    const table = new StatusTable({ maxNodes: 10, maxAge })

    expect(table.take(record, maxAge, 100_000).outcome).to.equal('aged')
    expect(table.size).to.equal(0)
  })

  it('grows with each hop, is never above the limit, and is nothing when it comes from the owner', () => {
    expect(ageOnArrival(0, false, 600_000)).to.equal(2_000)
    expect(ageOnArrival(0, false, maxAge)).to.equal(100)
    expect(ageOnArrival(Number.MAX_SAFE_INTEGER, false, maxAge)).to.equal(maxAge)
    expect(ageOnArrival(5_000, true, maxAge)).to.equal(0)
  })

  it('is not made younger by the same record handed round', () => {
    const table = new StatusTable({ maxNodes: 10, maxAge })

    table.take(record, 0, 0)

    for (let now = 1_000; now < maxAge; now += 1_000) {
      table.take(record, 0, now)
    }

    expect(table.age('01', maxAge)).to.equal(maxAge)
  })
})
