import { documentedConstants, documentedNames, documentedTable, documentedVector, wireNames } from '@fisco-libp2p/test-kit'
import { decodeFrame, encodeFrame, REFUSAL_CODES } from '@fisco-libp2p/tls'
import { expect } from 'chai'
import * as constants from '../src/constants.ts'
import { FIRST_CODE_WITH_TEXT } from '../src/errors.ts'
import type { Frame } from '@fisco-libp2p/tls'

const FRAMES: Record<string, Frame> = {
  'handshake confirm': {
    type: 'confirm',
    confirm: { minVersion: 1, maxVersion: 1, networkId: Uint8Array.of(0xaa, 0xbb), incarnation: 1000, chain: [Uint8Array.of(0x30, 0x00), Uint8Array.of(0x30, 0x01, 0x00)] }
  },
  'handshake accept': { type: 'accept', version: 1 },
  'handshake refusal': { type: 'refusal', rule: 'denied', text: 'no' },
  'handshake refusal without text': { type: 'refusal', rule: 'expired', text: '' }
}

describe('docs/PROTOCOLS.md, confirm exchange', () => {
  for (const [name, frame] of Object.entries(FRAMES)) {
    it(`vector: ${name}`, () => {
      const wire = documentedVector(name)

      expect(Buffer.from(encodeFrame(frame)).toString('hex')).to.equal(wire)
      expect(decodeFrame(Buffer.from(wire, 'hex'))).to.deep.equal({ frame, rest: Buffer.alloc(0) })
    })
  }

  it('refusal codes', () => {
    const rows = documentedTable('code', 'rule', 'code', 'rule').flatMap(([a, b, c, d]) => [[a, b], [c, d]])
    const ofCertificates = rows.filter(([code]) => code !== '').map(([code, rule]) => [rule.split(':')[0], Number(code)])
    const ofExchange = documentedTable('code', 'rule').map(([code, rule]) => [rule.split(':')[0], Number(code)] as const)

    expect(Object.fromEntries([...ofCertificates, ...ofExchange])).to.deep.equal(REFUSAL_CODES)
    expect(Math.min(...ofExchange.map(([, code]) => code))).to.equal(FIRST_CODE_WITH_TEXT)
  })

  it('groups of the profiles', () => {
    const groups = documentedTable('profile', 'key', 'TLS', 'groups').map(([profile, , , groups]) => [profile, groups.replace(' where there is one', '').replaceAll(', ', ':')])

    expect(Object.fromEntries(groups)).to.deep.equal({ fisco: constants.FISCO_GROUPS, modern: `${constants.POST_QUANTUM_GROUP}:${constants.MODERN_GROUPS}` })
  })

  it('constants and names', () => {
    expect({ ...constants }).to.include(documentedConstants('tls'))
    expect(wireNames(constants)).to.have.members(documentedNames('tls'))
  })
})
