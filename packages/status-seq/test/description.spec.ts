import { ADDRESSES_ENTRY, describeRecord, NEIGHBOURS_ENTRY, VERSION_ENTRY } from '@fisco-libp2p/status-seq'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import fc from 'fast-check'
import { startNodes } from './support/nodes.ts'
import { bytes } from './support/records.ts'

describe('what a node says of itself', () => {
  it('reaches others: its software, where it listens, its neighbours', async () => {
    await using nodes = await startNodes(await createIdentities(3, { keyType: 'ed25519' }))
    const [a, b, c] = nodes

    await Promise.all([a.connect(b), b.connect(c)])
    const record = await a.sees(c.nodeId, record => describeRecord(record).neighbours === 1 && describeRecord(record).addresses.length > 0)
    await c.sees(b.nodeId, record => describeRecord(record).neighbours === 2)

    expect(a.status.describe(record).version).to.match(/^js-libp2p\/\d/)
    expect(a.status.describe(record).addresses).to.deep.equal(c.libp2p.getMultiaddrs().map(address => address.toString().replace(/\/p2p\/.*/, '')))
  })

  it('is read whatever it is, and plays no tricks on a terminal', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), value => {
      const { version, addresses, neighbours } = describeRecord({ entries: new Map([VERSION_ENTRY, ADDRESSES_ENTRY, NEIGHBOURS_ENTRY].map(name => [name, value])) })

      expect(version.replaceAll('\n', '') + addresses.join('')).to.not.match(/\p{Cc}/u)
      expect(addresses.length).to.be.at.most(16)
      expect(neighbours).to.equal(Math.floor(value.byteLength / 8))
    }))

    expect(describeRecord({ entries: new Map() })).to.deep.equal({ version: '', addresses: [], neighbours: 0 })
    expect(describeRecord({ entries: new Map([[ADDRESSES_ENTRY, bytes('/ip4/10.0.0.1/tcp/1/tls\n\u001b[31mred\n/dns4/\u001b[2Ja/tcp/1')]]) }).addresses).to.deep.equal(['/ip4/10.0.0.1/tcp/1/tls', '/dns4/[2Ja/tcp/1'])
  })
})
