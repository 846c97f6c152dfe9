import { CLOCK_REQUEST, CRL_REQUEST, CRLS_ENTRY, decodeNotices, encodeNotices, EXPIRY_ENTRY } from '@fisco-libp2p/access'
import { nodeIdToPeerId } from '@fisco-libp2p/identity'
import { createConsortium, documentedConstants, documentedNames, documentedVector, wireNames } from '@fisco-libp2p/test-kit'
import { defaultLogger } from '@libp2p/logger'
import { expect } from 'chai'
import { Clocks } from '../src/clock.ts'
import * as constants from '../src/constants.ts'
import { CrlExchange } from '../src/crl-exchange.ts'
import { Expiry } from '../src/expiry.ts'
import type { ClocksInit } from '../src/clock.ts'
import type { DirectLike, StatusSeqLike } from '../src/components.ts'
import type { CrlExchangeInit } from '../src/crl-exchange.ts'
import type { Crl, HeldCrl } from '@fisco-libp2p/identity'

const NOW = 1_700_000_000_000
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (name: string): Uint8Array => Uint8Array.from(Buffer.from(documentedVector(name), 'hex'))
const neighbour = documentedVector('node ID Ed25519')
const connections = [{ status: 'open', remotePeer: nodeIdToPeerId(neighbour) }] as unknown as ReturnType<ClocksInit['getConnections']>
const silent = { addEventListener () {}, removeEventListener () {} }

/**
 * Unicast with one neighbour, of which the requests are kept, and which answers with what it is told.
 */
class FakeDirect {
  readonly handlers = new Map<string, (data: Uint8Array) => Promise<Uint8Array>>()
  readonly asked = Promise.withResolvers<{ nodeId: string, name: string, data: string }>()

  constructor (private readonly respond: () => Uint8Array) {}

  handle (name: string, handler: (data: Uint8Array) => Promise<Uint8Array>): void {
    this.handlers.set(name, handler)
  }

  unhandle (): void {}

  async request (nodeId: string, name: string, data: Uint8Array): Promise<Uint8Array> {
    this.asked.resolve({ nodeId, name, data: hex(data) })

    return this.respond()
  }
}

function held (number?: bigint): HeldCrl {
  return {
    issuerKeyHash: 'ab'.repeat(32),
    crl: { hash: 'cd'.repeat(32), der: new Uint8Array(300), fields: { number, thisUpdate: NOW } } as unknown as Crl,
    serials: new Set(),
    latest: { thisUpdate: 0 },
    subordinate: false
  }
}

function exchange (direct: DirectLike, crls: HeldCrl[], entries: Map<string, Uint8Array>): CrlExchange {
  const trust = { ...silent, crls, issuer: () => ({}), now: () => NOW } as unknown as CrlExchangeInit['trust']
  const statusSeq = { ...silent, set: (name: string, value: Uint8Array) => { entries.set(name, value) }, get: () => ({ entries }) } as unknown as StatusSeqLike

  return new CrlExchange({ trust, statusSeq, direct, events: silent as unknown as CrlExchangeInit['events'], getConnections: () => connections, log: defaultLogger().forComponent('test'), onOutcome () {} })
}

describe('docs/PROTOCOLS.md, taking trust back', () => {
  for (const [name, number] of [['entry fisco/crls', 258n], ['entry fisco/crls, without a number', undefined]] as const) {
    it(`vector: ${name}`, () => {
      expect(hex(encodeNotices([held(number)]))).to.equal(documentedVector(name))
      expect(decodeNotices(bytes(name))).to.deep.equal([{ issuer: 'ab'.repeat(32), number, thisUpdate: NOW, hash: 'cd'.repeat(32), size: 300 }])
    })
  }

  it('vector: request fisco/crl', async () => {
    const asker = new FakeDirect(() => { throw new Error('it does not answer') })
    const asking = exchange(asker, [], new Map([[CRLS_ENTRY, bytes('entry fisco/crls')]]))
    const holder = new FakeDirect(() => new Uint8Array())
    const entries = new Map<string, Uint8Array>()
    const holding = exchange(holder, [held(258n)], entries)

    asking.start()
    holding.start()
    expect(await asker.asked.promise).to.deep.equal({ nodeId: neighbour, name: CRL_REQUEST, data: documentedVector('request fisco/crl') })
    expect(await holder.handlers.get(CRL_REQUEST)?.(bytes('request fisco/crl'))).to.deep.equal(held().crl.der)
    expect(hex(entries.get(CRLS_ENTRY) ?? new Uint8Array())).to.equal(documentedVector('entry fisco/crls'))
    await Promise.all([asking.stop(), holding.stop()])
  })

  it('vector: answer fisco/clock', async () => {
    const direct = new FakeDirect(() => bytes('answer fisco/clock'))
    let now = NOW
    const clocks = new Clocks({ direct, events: silent as unknown as ClocksInit['events'], getConnections: () => connections, onSkew () {}, now: () => now })

    clocks.start()
    expect(hex(await direct.handlers.get(CLOCK_REQUEST)?.(new Uint8Array()) ?? new Uint8Array())).to.equal(documentedVector('answer fisco/clock'))

    // the asker's own clock is 5 s behind
    now -= 5_000
    expect(await direct.asked.promise).to.deep.equal({ nodeId: neighbour, name: CLOCK_REQUEST, data: '' })
    await new Promise(resolve => { setImmediate(resolve) })
    expect(clocks.offsets.get(neighbour)).to.be.within(5_000, 5_500)
    await clocks.stop()
  })

  it('vector: entry fisco/expiry', async () => {
    const consortium = await createConsortium({ keyType: 'ed25519' })
    const identity = await consortium.identity({ notAfter: new Date(1_893_456_000_000) })
    const entries = new Map<string, Uint8Array>()
    const expiry = new Expiry({ identity, statusSeq: { ...silent, snapshot: () => [], set: (name: string, value: Uint8Array) => { entries.set(name, value) } } as unknown as StatusSeqLike, onExpiring () {} })

    expiry.start()
    expiry.stop()
    expect(hex(entries.get(EXPIRY_ENTRY) ?? new Uint8Array())).to.equal(documentedVector('entry fisco/expiry'))
  })

  it('constants and names', () => {
    expect({ ...constants }).to.include(documentedConstants('access'))
    expect(wireNames(constants)).to.have.members(documentedNames('access'))
  })
})
