import { documentedConstants, documentedNames, documentedTable, documentedValue, documentedVector, wireNames } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import * as constants from '../src/constants.ts'
import { encodeLinkFrame, LinkFrameDecoder } from '../src/link-frame.ts'
import type { FarewellReason, KnownLinkFrame } from '../src/link-frame.ts'
import type { PeerStatus } from '../src/status.ts'

const FRAMES: Record<string, KnownLinkFrame> = {
  'link ping': { kind: 'ping', id: 0x01020304 },
  'link pong': { kind: 'pong', id: 0xfffffffe },
  'link goodbye draining': { kind: 'goodbye', reason: 'draining' },
  'link goodbye revoked': { kind: 'goodbye', reason: 'revoked' }
}

type Reason = Exclude<FarewellReason, 'unknown'>

// an entry for each, or it does not compile
const REASONS: Record<Reason, true> = {
  'untrusted-issuer': true, expired: true, 'not-yet-valid': true, revoked: true, 'crl-expired': true, 'crl-unusable': true, denied: true, draining: true, overloaded: true
}
const STATES: Record<PeerStatus['state'], true> = { connecting: true, connected: true, waiting: true, refused: true, self: true }

describe('docs/PROTOCOLS.md, links', () => {
  for (const [name, frame] of Object.entries(FRAMES)) {
    it(`vector: ${name}`, () => {
      const wire = documentedVector(name)

      expect(Buffer.from(encodeLinkFrame(frame)).toString('hex')).to.equal(wire)
      expect([...new LinkFrameDecoder().decode(Buffer.from(wire, 'hex'))]).to.deep.equal([frame])
    })
  }

  it('kinds of frames', () => {
    const kinds = documentedTable('kind', 'name', 'then').map(([kind, name]) => [name, Number(kind)])
    const ofCode = new Map(Object.values(FRAMES).map(frame => [frame.kind as string, encodeLinkFrame(frame)[1]]))

    expect(Object.fromEntries(kinds)).to.deep.equal(Object.fromEntries(ofCode))
  })

  it('reasons of a goodbye', () => {
    const documented = documentedTable('goodbye', 'code', 'when').map(([reason, code]) => [reason, Number(code)])

    expect(documented).to.deep.equal(Object.keys(REASONS).map(reason => [reason, encodeLinkFrame({ kind: 'goodbye', reason: reason as Reason })[2]]))
  })

  it('limits of dialling', () => {
    for (const [limit, value] of documentedTable('limit', 'default', 'range').filter(([, , range]) => range !== 'fixed')) {
      const name = `DEFAULT_${limit.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`

      expect(constants).to.have.property(name, documentedValue(value))
    }
  })

  it('states of an address', () => {
    expect(documentedTable('state', 'meaning', 'leaves it').map(([state]) => state)).to.deep.equal(Object.keys(STATES))
  })

  it('constants and names', () => {
    expect({ ...constants }).to.include(documentedConstants('peers'))
    expect(wireNames(constants)).to.have.members(documentedNames('peers'))
  })
})
