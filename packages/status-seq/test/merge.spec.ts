import { compareVersions, equivocates, newest, StatusTable } from '@fisco-libp2p/status-seq'
import { expect } from 'chai'
import fc from 'fast-check'
import { unsigned, version } from './support/records.ts'
import type { SealedRecord, Version } from '@fisco-libp2p/status-seq'

// few different values, so that equal ones meet
const versions = fc.record({ incarnation: fc.integer({ min: 1, max: 3 }), seq: fc.integer({ min: 1, max: 3 }), hash: fc.constantFrom('aa', 'bb', 'cc') })
const records = fc.tuple(fc.constantFrom('01', '02', '03'), versions).map(([nodeId, version]) => unsigned(nodeId, version))

function tableOf (records: SealedRecord[]): StatusTable {
  const table = new StatusTable({ maxNodes: 10, maxAge: 1_000 })

  records.forEach(record => table.take(record, 0, 0))

  return table
}

function shuffled <T> (items: T[], picks: number[]): T[] {
  const rest = [...items]

  return items.map((item, i) => rest.splice(picks[i] % rest.length, 1)[0])
}

describe('the order of records', () => {
  it('goes by incarnation, then seq, then the smaller hash', () => {
    const version: Version = { incarnation: 5, seq: 5, hash: 'bb' }

    for (const newer of [{ ...version, incarnation: 6, seq: 1 }, { ...version, seq: 6 }, { ...version, hash: 'aa' }]) {
      expect(compareVersions(newer, version)).to.be.above(0)
      expect(compareVersions(version, newer)).to.be.below(0)
      expect(newest(newer, version)).to.equal(newer)
      expect(newest(version, newer)).to.equal(newer)
    }

    expect(compareVersions(version, { ...version })).to.equal(0)
  })

  it('is a total order', () => {
    fc.assert(fc.property(versions, versions, versions, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).to.equal(0)
      expect(compareVersions(a, b) === 0).to.equal(a.incarnation === b.incarnation && a.seq === b.seq && a.hash === b.hash)

      if (compareVersions(a, b) >= 0 && compareVersions(b, c) >= 0) {
        expect(compareVersions(a, c)).to.be.at.least(0)
      }
    }))
  })

  it('makes merging commutative, associative and idempotent', () => {
    fc.assert(fc.property(versions, versions, versions, (a, b, c) => {
      expect(newest(a, b)).to.deep.equal(newest(b, a))
      expect(newest(newest(a, b), c)).to.deep.equal(newest(a, newest(b, c)))
      expect(newest(a, a)).to.deep.equal(a)
    }))
  })

  it('calls two records with the same numbers an equivocation', () => {
    const version: Version = { incarnation: 5, seq: 5, hash: 'bb' }

    expect(equivocates(version, { ...version, hash: 'aa' })).to.equal(true)
    expect(equivocates(version, version)).to.equal(false)
    expect(equivocates(version, { ...version, seq: 6, hash: 'aa' })).to.equal(false)
  })
})

describe('a table', () => {
  it('is the same after any order and repetition of records', () => {
    fc.assert(fc.property(fc.array(records, { maxLength: 12 }), fc.array(fc.nat(), { minLength: 24, maxLength: 24 }), (some, picks) => {
      const once = tableOf(some)
      const again = tableOf(shuffled([...some, ...some], picks))

      expect(again.records().map(version)).to.deep.equal(once.records().map(version))
      expect(again.digest()).to.equal(once.digest())
    }))
  })

  it('has another digest when a record changes, comes or goes', () => {
    const table = tableOf([unsigned('01', { incarnation: 1, seq: 1, hash: 'aa' })])
    const digests = [table.digest()]

    table.take(unsigned('01', { incarnation: 1, seq: 2, hash: 'bb' }), 0, 0)
    digests.push(table.digest())
    table.take(unsigned('02', { incarnation: 1, seq: 1, hash: 'cc' }), 0, 0)
    digests.push(table.digest())

    expect(new Set(digests).size).to.equal(3)

    table.remove('02')

    expect(table.digest()).to.equal(digests[1])
  })
})
