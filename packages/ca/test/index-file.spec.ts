import { createChainCa, formatIndex, indexEntry, issueNode, parseIndex } from '@fisco-libp2p/ca'
import { expect } from 'chai'
import fc from 'fast-check'
import type { IndexEntry } from '@fisco-libp2p/ca'

const column = fc.string({ unit: 'grapheme-ascii' })
const entries = fc.array(fc.record<IndexEntry>({
  status: fc.constantFrom('V', 'E'),
  notAfter: fc.integer({ min: Date.UTC(1950, 0, 1) / 1000, max: Date.UTC(9999, 11, 31) / 1000 }).map(seconds => new Date(seconds * 1000)),
  revocation: fc.constant(''),
  serial: fc.stringMatching(/^([0-9A-F]{2}){1,20}$/),
  file: column,
  subject: column
}))

describe('issuing index', () => {
  it('is OpenSSL\'s: six columns between tabs', async () => {
    const ca = await createChainCa({ now: () => Date.UTC(2030, 0, 1) })
    const node = await issueNode(ca, { name: 'node0', days: 1 })
    const late = await issueNode(ca, { name: '\u8282\u70b9', notAfter: new Date(Date.UTC(2050, 5, 7, 8, 9, 10)) })

    expect(formatIndex([indexEntry(node, 'unknown'), indexEntry(late, 'newcerts/01.pem')])).to.equal(
      `V\t300102000000Z\t\t${node.serial}\tunknown\t/CN=node0/O=fisco-bcos/OU=node\n` +
      `V\t20500607080910Z\t\t${late.serial}\tnewcerts/01.pem\t/CN=\\xE8\\x8A\\x82\\xE7\\x82\\xB9/O=fisco-bcos/OU=node\n`
    )
  })

  it('reads what it writes', () => {
    fc.assert(fc.property(entries, entries => {
      expect(parseIndex(formatIndex(entries))).to.deep.equal(entries)
    }))
  })

  it('reads revoked entries, the last century and Windows line ends', () => {
    expect(parseIndex('R\t491231235959Z\t261123071142Z,keyCompromise\t0A\tunknown\t/CN=a\r\nE\t500101000000Z\t\t0B\tunknown\t/CN=b\n')).to.deep.equal([
      { status: 'R', notAfter: new Date(Date.UTC(2049, 11, 31, 23, 59, 59)), revocation: '261123071142Z,keyCompromise', serial: '0A', file: 'unknown', subject: '/CN=a' },
      { status: 'E', notAfter: new Date(Date.UTC(1950, 0, 1)), revocation: '', serial: '0B', file: 'unknown', subject: '/CN=b' }
    ])
  })

  it('gives entries or a typed error for any text', () => {
    const line = fc.array(fc.oneof(column, fc.constantFrom('V', 'R', '491231235959Z', '490231235959Z', '99991231235959Z', '0A', '')), { maxLength: 8 }).map(columns => columns.join('\t'))

    fc.assert(fc.property(fc.oneof(fc.string(), fc.array(line).map(lines => lines.join('\n'))), text => {
      try {
        expect(parseIndex(text)).to.be.an('array')
      } catch (err) {
        expect(err).to.have.property('name', 'InvalidParametersError')
      }
    }))
  })

  it('names the line that cannot be read', () => {
    const good = 'V\t491231235959Z\t\t0A\tunknown\t/CN=a'

    for (const bad of ['x', good.replace('V', 'X'), good.replace('0A', 'zz'), good.replace('491231', '490231'), good.replace('V', 'R'), `${good}\tmore`]) {
      expect(() => parseIndex(`${good}\n${bad}\n`), bad).to.throw('line 2').with.property('name', 'InvalidParametersError')
    }
  })
})
