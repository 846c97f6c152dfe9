import { expect } from 'chai'
import fc from 'fast-check'
import { hasRoom, surplus } from '../src/room.ts'

const limits = fc.nat({ max: 20 }).chain(maxUnconfigured => fc.record({ maxMembers: fc.integer({ min: Math.max(1, maxUnconfigured), max: 25 }), maxUnconfigured: fc.constant(maxUnconfigured) }))
const occupants = fc.array(fc.record({ configured: fc.boolean(), since: fc.nat() }), { maxLength: 40 })

describe('room for members', () => {
  it('never sends a configured peer away, and the others only as far as needed', () => {
    fc.assert(fc.property(limits, occupants, (limits, occupants) => {
      const gone = surplus(limits, occupants)
      const stay = occupants.filter(occupant => !gone.includes(occupant))
      const unconfigured = stay.filter(({ configured }) => !configured)

      expect(gone.every(({ configured }) => !configured)).to.be.true
      expect(unconfigured.length).to.be.at.most(limits.maxUnconfigured)
      expect(unconfigured.length === 0 || stay.length <= limits.maxMembers).to.be.true
      expect(gone.length === 0 || stay.length === limits.maxMembers || unconfigured.length === limits.maxUnconfigured || unconfigured.length === 0).to.be.true
    }))
  })

  it('sends the latest away first', () => {
    const occupants = [3, 1, 4, 2].map(since => ({ configured: false, since }))

    expect(surplus({ maxMembers: 2, maxUnconfigured: 2 }, occupants).map(({ since }) => since)).to.deep.equal([4, 3])
  })

  it('lets in only whom it does not send away at once', () => {
    fc.assert(fc.property(limits, occupants, (limits, occupants) => {
      fc.pre(surplus(limits, occupants).length === 0)
      const newcomer = { configured: false, since: Infinity }

      expect(hasRoom(limits, occupants)).to.equal(surplus(limits, [...occupants, newcomer]).length === 0)
    }))
  })
})
