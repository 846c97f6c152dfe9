import { documentedConstants, documentedNames, documentedTable, documentedValue, documentedVector, wireNames } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import * as constants from '../src/constants.ts'
import { encodeLinkFrame, LinkFrameDecoder } from '../src/link-frame.ts'
import type { FarewellReason, LinkFrame } from '../src/link-frame.ts'
import type { PeerStatus } from '../src/status.ts'

const FRAMES: Record<string, LinkFrame> = {
  'link ping': { kind: 'ping', id: 0x01020304 },
  'link pong': { kind: 'pong', id: 0xfffffffe },
  'link goodbye draining': { kind: 'goodbye', reason: 'draining' },
  'link goodbye revoked': { kind: 'goodbye', reason: 'revoked' }
}

const REASONS: Array<Exclude<FarewellReason, 'unknown'>> = ['untrusted-issuer', 'expired', 'not-yet-valid', 'revoked', 'crl-expired', 'crl-unusable', 'denied', 'draining', 'overloaded']

describe('docs/PROTOCOLS.md, links', () => {
  for (const [name, frame] of Object.entries(FRAMES)) {
    it(`vector: ${name}`, () => {
      const wire = documentedVector(name)

      expect(Buffer.from(encodeLinkFrame(frame)).toString('hex')).to.equal(wire)
      expect(new LinkFrameDecoder().decode(Buffer.from(wire, 'hex'))).to.deep.equal([frame])
    })
  }

  it('kinds of frames', () => {
    const kinds = documentedTable('kind', 'name', 'then').map(([kind, name]) => [name, Number(kind)])
    const ofCode = new Map(Object.values(FRAMES).map(frame => [frame.kind as string, encodeLinkFrame(frame)[1]]))

    expect(Object.fromEntries(kinds)).to.deep.equal(Object.fromEntries(ofCode))
  })

  it('reasons of a goodbye', () => {
    const documented = documentedTable('goodbye', 'code', 'when').map(([reason, code]) => [reason, Number(code)])

    expect(documented).to.deep.equal(REASONS.map(reason => [reason, encodeLinkFrame({ kind: 'goodbye', reason })[2]]))
  })

  it('limits of dialling', () => {
    for (const [limit, value] of documentedTable('limit', 'default', 'range').filter(([, , range]) => range !== 'fixed')) {
      const name = `DEFAULT_${limit.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`

      expect(constants).to.have.property(name, documentedValue(value))
    }
  })

  it('states of an address', () => {
    const states: Array<PeerStatus['state']> = ['connecting', 'connected', 'waiting', 'refused', 'self']

    expect(documentedTable('state', 'meaning', 'leaves it').map(([state]) => state)).to.deep.equal(states)
  })

  it('constants and names', () => {
    expect({ ...constants }).to.include(documentedConstants('peers'))
    expect(wireNames(constants)).to.have.members(documentedNames('peers'))
  })
})
