import { DEFAULT_MAX_STEPS } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import { commonName } from './support/der.ts'
import { agency, basicConstraints, leaf, newKey, root } from './support/issue.ts'
import { judge, refused } from './support/judge.ts'
import type { Changes, Issued } from './support/issue.ts'

/**
 * CAs below each other, the lowest first.
 */
function line (top: Issued, count: number, changes: Changes = {}): Issued[] {
  const cas: Issued[] = []

  for (let i = 0; i < count; i++) {
    cas.unshift(agency(cas[0] ?? top, changes, `ca${i}`))
  }

  return cas
}

function names (certificates: Issued[]): string[] {
  return certificates.map(({ certificate }) => certificate.commonName)
}

describe('path search', () => {
  it('finds the way under each of several anchors, whatever else is shown', () => {
    const tops = ['one', 'two', 'three'].map(text => root({}, text))
    const cas = tops.map(top => line(top, 2))
    const clutter = cas.flat()

    tops.forEach((top, i) => {
      const node = leaf(cas[i][0])
      const { path, anchor } = judge([node, ...clutter.toReversed(), ...tops], tops)

      expect(path.map(certificate => certificate.commonName)).to.deep.equal(['node0', ...names(cas[i])])
      expect(anchor).to.equal(top.certificate)
      refused(() => judge([node, ...clutter], tops.filter(other => other !== top)), 'untrusted-issuer')
    })
  })

  it('finds an anchor among others of the same name', () => {
    const tops = Array.from({ length: 64 }, () => root())
    const middle = agency(tops[50])

    expect(judge([leaf(middle), middle], tops).anchor).to.equal(tops[50].certificate)
    refused(() => judge([leaf(middle), middle], tops.toSpliced(50, 1)), 'bad-signature', 'CN=agency')
  })

  it('goes back and takes another way when one does not do', () => {
    const top = root()
    const key = newKey()
    const expired = agency(top, { key, notBefore: undefined, extensions: { basicConstraints: basicConstraints(false) } })
    const other = agency(top, {}, 'other')
    const crossed = agency(other, { key })

    expect(judge([leaf(expired), expired, crossed, other], [top]).path.map(certificate => certificate.commonName)).to.deep.equal(['node0', 'agency', 'other'])
    refused(() => judge([leaf(expired), expired], [top]), 'not-a-ca', 'CN=agency')
    // the certificate of a stranger that has the same name is no obstacle
    expect(judge([leaf(expired), agency(root()), crossed, other], [top]).path).to.have.lengthOf(3)
  })

  it('ends at a CA in the middle that is an anchor itself, and passes over the root', () => {
    const top = root()
    const [lower, upper] = line(top, 2)

    expect(judge([leaf(lower), lower, upper, top], [upper]).path).to.have.lengthOf(2)
  })

  it('says what is missing where it got furthest', () => {
    const top = root()
    const [lower, upper] = line(top, 2)
    const stranger = root({}, 'stranger')
    const theirs = agency(stranger)

    expect(refused(() => judge([leaf(lower), lower], [top]), 'untrusted-issuer', 'CN=ca1').message).to.include('its issuer "CN=ca0"').and.include('(CN=root)')
    refused(() => judge([leaf(lower), upper], [top]), 'untrusted-issuer', 'CN=node0')
    refused(() => judge([leaf(theirs), theirs, stranger], [top]), 'untrusted-issuer', 'CN=stranger')
    refused(() => judge([stranger], [top]), 'self-signed', 'CN=stranger')
    refused(() => judge([leaf(lower)], []), 'untrusted-issuer', 'CN=node0')
  })

  it('counts the CAs below one that limits them, and not self-issued ones', () => {
    const limit = (pathLength: number): Changes => ({ extensions: { basicConstraints: basicConstraints(true, pathLength) } })
    const top = root(limit(1))
    const upper = agency(top, limit(5), 'upper')
    const lower = agency(upper, {}, 'lower')
    const rolled = agency(upper, {}, 'upper')

    expect(judge([leaf(upper), upper], [top]).path).to.have.lengthOf(2)
    refused(() => judge([leaf(lower), lower, upper], [top]), 'path-length', 'CN=root')
    expect(judge([leaf(rolled), rolled, upper], [top]).path).to.have.lengthOf(3)
    // a CA that is the leaf is not counted
    expect(judge([agency(upper), upper], [top]).path).to.have.lengthOf(2)
    // a limit beyond all numbers is none
    const endless = root(limit(2 ** 40))
    expect(judge([leaf(endless)], [endless]).path).to.have.lengthOf(1)
  })

  it('goes no deeper than it may, and self-issued CAs do not count', () => {
    const top = root()
    const eight = line(top, 8)
    const nine = line(top, 9)
    const rolled = agency(eight[0], {}, 'ca7')

    expect(judge([leaf(eight[0]), ...eight], [top]).path).to.have.lengthOf(9)
    expect(judge([leaf(rolled), rolled, ...eight], [top]).path).to.have.lengthOf(10)
    refused(() => judge([leaf(nine[0]), ...nine], [top]), 'path-too-deep', 'CN=node0')
    expect(judge([leaf(nine[0]), ...nine], [top], { maxDepth: 9 }).path).to.have.lengthOf(10)
    expect(judge([leaf(top)], [top], { maxDepth: 0 }).path).to.have.lengthOf(1)
    refused(() => judge([leaf(eight[7]), eight[7]], [top], { maxDepth: 0 }), 'path-too-deep')
  })

  it('ends in a cycle', () => {
    const keys = [newKey(), newKey(), newKey()]
    const cas = keys.map((key, i) => {
      const issuer = { key: keys[(i + 1) % 3], name: commonName(`ca${(i + 1) % 3}`) }

      return agency({ ...root(), ...issuer }, { key }, `ca${i}`)
    })
    const itself = root({}, 'itself')

    refused(() => judge([leaf(cas[0]), ...cas], [root()], { maxDepth: 255 }), 'untrusted-issuer', 'CN=ca2')
    refused(() => judge([leaf(itself), itself, itself], [root()]), 'untrusted-issuer', 'CN=itself')
  })

  it('ends in a pool of 1,000 certificates that all certify each other', () => {
    // 32 keys under one name: each may have issued each, and no way leads out
    const keys = Array.from({ length: 32 }, newKey)
    const cas = keys.flatMap(key => keys.map(by => agency({ ...root({ key: by }), name: commonName('web') }, { key }, 'web')))

    expect(cas).to.have.lengthOf(1024)
    const error = refused(() => judge([leaf(cas[0]), ...cas], [root()], { maxDepth: 255 }), 'path-too-complex', 'CN=node0')
    expect(error.message).to.include(`${DEFAULT_MAX_STEPS} steps`)
  })

  it('finds the way in a pool of 1,000 certificates of one name, by their key identifiers', () => {
    const top = root()
    const cas = Array.from({ length: 1_000 }, () => agency(top))

    expect(judge([leaf(cas[987]), ...cas], [top]).path[1]).to.equal(cas[987].certificate)
    // without the hint it is a matter of luck and steps
    const blind = leaf(cas[987], { extensions: { authorityKeyId: undefined } })
    refused(() => judge([blind, ...cas], [top], { policy: 'fisco' }), 'path-too-complex', 'CN=node0')
    expect(judge([blind, ...cas], [top], { policy: 'fisco', maxSteps: 1_000 }).path).to.have.lengthOf(2)
  })

  it('ends on a long line of self-issued CAs', () => {
    const top = root()
    const cas = [agency(top, {}, 'self')]

    for (let i = 0; i < 300; i++) {
      cas.unshift(agency(cas[0], {}, 'self'))
    }

    refused(() => judge([leaf(cas[0]), ...cas], [top], { maxSteps: 300 }), 'path-too-complex', 'CN=node0')
    expect(judge([leaf(cas[50]), ...cas.slice(50)], [top]).path).to.have.lengthOf(252)
  })

  it('never computes with a key that may not be used', () => {
    const top = root()
    const weak = agency(top)
    let verified = 0
    const node = leaf(weak)
    Object.defineProperty(weak.certificate, 'fields', { value: { ...weak.certificate.fields, keyInfo: { type: 'rsa', bits: 16_384, exponentBits: 17 } } })
    Object.defineProperty(weak.certificate, 'publicKey', { get: () => verified++ })

    refused(() => judge([node, weak], [top]), 'weak-key', 'CN=agency')
    expect(verified).to.equal(0)
  })
})
